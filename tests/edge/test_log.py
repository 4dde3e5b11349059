"""What a line of the log looks like."""

import json
import logging

from streams.base.log import QUIET_S, JsonFormatter, OneOfMany


def test_a_json_line_holds_the_message_and_the_traceback_of_its_error():
    try:
        raise ValueError("broken")
    except ValueError as error:
        raised = (ValueError, error, error.__traceback__)
        record = logging.LogRecord("streams.worker.main", logging.ERROR, __file__, 1, "it was %s", ("bad",), raised)
    line = json.loads(JsonFormatter().format(record))
    assert line["level"] == "error" and line["logger"] == "streams.worker.main" and line["message"] == "it was bad"
    assert line["traceback"].endswith("ValueError: broken")
    assert line["at"].endswith("Z")


def test_what_the_client_says_again_and_again_is_one_line_with_how_many_it_stands_for():
    def said(seconds: float, node: int, logger: str = "aiokafka") -> str | None:
        record = logging.LogRecord(logger, logging.ERROR, __file__, 1, "no node %s", (node,), None)
        record.created = 1_000_000 + seconds
        return record.getMessage() if calm.filter(record) else None

    calm = OneOfMany()
    assert [said(0, 1), said(1, 2), said(2, 1)] == ["no node 1", None, None]
    assert said(QUIET_S, 3) == "no node 3 (and 2 more like it)"
    assert [said(0, 1, "streams.worker.main"), said(1, 1, "streams.worker.main")] == ["no node 1", "no node 1"]
