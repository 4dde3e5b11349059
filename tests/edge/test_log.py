"""What a line of the log looks like."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.errors import NodeNotReadyError
from aiokafka.protocol.admin import SaslAuthenticateRequest_v1, SaslAuthenticateResponse_v1
from aiokafka.protocol.produce import ProduceRequest_v0

from streams.base import log
from streams.base.log import QUIET, SILENT, JsonFormatter, Redacted, about, configure
from streams.base.repeated import QUIET_S, OneOfMany

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


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


def test_once_the_log_has_told_of_an_outage_the_client_is_silent_until_some_time_after_it():
    def said(seconds: float, logger: str = "aiokafka") -> bool:
        record = logging.LogRecord(logger, logging.ERROR, __file__, 1, "trouble %s", (seconds,), None)
        record.created = NOW.timestamp() + seconds
        return calm.filter(record)

    calm = OneOfMany()
    assert said(0)
    calm.told()
    assert [said(at) for at in (1, QUIET_S + 1, 60)] == [False, False, False]
    assert said(1, "streams.worker.watches") and said(1, "opentelemetry.exporter")
    assert calm.over(NOW + timedelta(seconds=61)) == 3
    assert [said(at) for at in (62, 60 + QUIET_S, 62 + QUIET_S)] == [False, False, True]
    calm.told()
    assert calm.over(NOW + timedelta(seconds=100)) == 0, "each outage counts its own"


def test_lines_of_a_broker_that_cannot_be_reached_are_of_one_kind_whatever_they_say_and_others_are_not():
    def said(message: str, *arguments: object) -> str | None:
        record = logging.LogRecord("aiokafka.consumer", logging.ERROR, __file__, 1, message, arguments, None)
        record.created = NOW.timestamp()
        return record.getMessage() if calm.filter(record) else None

    calm = OneOfMany()
    assert said("Unable connect to node with id %s", 1) is not None
    assert said("Failed fetch messages from %s: %s", 1, NodeNotReadyError("not ready")) is None
    assert said("Marking the coordinator dead (node %s)", 1) is None
    assert said("Topic %s is not authorized", "x") is not None
    calm.filter(logging.LogRecord("aiokafka", logging.ERROR, __file__, 1, "%d of %d", ("one",), None))


def test_fields_stand_beside_the_message_and_what_a_library_hangs_on_its_record_does_not():
    record = logging.LogRecord("streams.x", logging.INFO, __file__, 1, "said", (), None)
    record.fields = about("restored", partition=3, at_risk=None, since=NOW)["fields"]
    record.data = {"value": "+12125550101"}
    line = json.loads(JsonFormatter().format(record))
    assert {name: line[name] for name in line if name not in ("at", "level", "logger")} == {
        "message": "said", "event": "restored", "partition": 3, "since": "2026-11-23T14:30:00Z",
    }  # fmt: skip


@pytest.mark.parametrize("value", [b"+12125550101", bytearray(b"+12125550101"), ProduceRequest_v0(1, 1, [])])
def test_no_key_value_or_request_of_the_client_is_in_the_log_at_any_level(value):
    record = logging.LogRecord("aiokafka.producer", logging.DEBUG, __file__, 1, "Sending %r to %s", (value, "t"), None)
    assert Redacted().filter(record)
    assert record.getMessage() == f"Sending '{type(value).__name__} (not shown)' to t"
