"""What a line of the log looks like."""

import json
import logging

from streams.log import JsonFormatter


def test_a_json_line_holds_the_message_and_the_traceback_of_its_error():
    try:
        raise ValueError("broken")
    except ValueError as error:
        raised = (ValueError, error, error.__traceback__)
        record = logging.LogRecord("streams.worker", logging.ERROR, __file__, 1, "it was %s", ("bad",), raised)
    line = json.loads(JsonFormatter().format(record))
    assert line["level"] == "error" and line["logger"] == "streams.worker" and line["message"] == "it was bad"
    assert line["traceback"].endswith("ValueError: broken")
    assert line["at"].endswith("Z")
