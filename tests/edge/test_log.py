"""What a line of the log looks like."""

import json
import logging

import pytest
from aiokafka.protocol.admin import SaslAuthenticateRequest_v1, SaslAuthenticateResponse_v1

from streams.base import log
from streams.base.log import QUIET, SILENT, JsonFormatter, configure
from streams.base.repeated import QUIET_S, OneOfMany


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


@pytest.mark.parametrize("level", ["debug", "info"])
def test_neither_password_nor_token_nor_user_are_in_the_log_at_any_level(level, capfd, monkeypatch):
    """Kafka's client tells each of its requests at DEBUG, those of SASL too."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in (*QUIET, *SILENT)}
    before = list(root.handlers), root.level
    monkeypatch.setattr(log, "ONE_OF_MANY", OneOfMany())
    try:
        configure(level, "json")
        client = logging.getLogger("aiokafka.conn")
        for request in (
            SaslAuthenticateRequest_v1(b"\0me\0Tr0ub4dor"),
            SaslAuthenticateResponse_v1(0, "", b"Tr0ub4dor", 1),
        ):
            client.debug("Request to %s:%d %d: %s", "kafka", 9092, 1, request)
        client.info("Authenticated as %s via %s", "Tr0ub4dor", "PLAIN")
        client.warning("no node %s", 7)
    finally:
        root.handlers[:], root.level = before
        for name, one in levels.items():
            logging.getLogger(name).setLevel(one)
    said = [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()]
    assert "Tr0ub4dor" not in "".join(said) and said[-1] == "no node 7"
    told = ["Request to kafka:9092 1: SaslAuthenticateRequest_v1 (not shown)", "Authenticated as (set) via PLAIN"]
    assert said[:-1] == (told if level == "debug" else [])


def test_what_the_client_says_again_and_again_is_one_line_with_how_many_it_stands_for():
    def said(seconds: float, node: int, logger: str = "aiokafka") -> str | None:
        record = logging.LogRecord(logger, logging.ERROR, __file__, 1, "no node %s", (node,), None)
        record.created = 1_000_000 + seconds
        return record.getMessage() if calm.filter(record) else None

    calm = OneOfMany()
    assert [said(0, 1), said(1, 2), said(2, 1)] == ["no node 1", None, None]
    assert said(QUIET_S, 3) == "no node 3 (and 2 more like it)"
    assert [said(0, 1, "streams.worker.main"), said(1, 1, "streams.worker.main")] == ["no node 1", "no node 1"]
