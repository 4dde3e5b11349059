"""Spans of a partition: what each is of, what it hangs on, and that they tell only of what was committed."""

import asyncio
import socket
import sys
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from streams.base.errors import OperatorError
from streams.base.settings import make
from streams.engine.spans import Exported
from streams.engine.tracing import NO_TRACING, tracing_for
from tests.builders import NUMBER, rescheduled, scheduled, wrap_up
from tests.collector import collector
from tests.edge.single_engine import NOW, PREFIX, Broker, SingleEngine, begun
from tests.waiting import until

TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE_ID}-{PARENT_ID}-01"
UNSAMPLED = f"00-{TRACE_ID}-{PARENT_ID}-00"
DUE = NOW + timedelta(minutes=30)
LATE = timedelta(seconds=2)
REQUEST = {
    "event_id": "q-e", "request_id": "q", "occurred_at": "2026-11-23T14:30:00Z", "origin": "campaign",
    "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": NUMBER,
}  # fmt: skip


class Exporter(InMemorySpanExporter):
    """What was exported, and a tracing that exports to it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.spans = Exported(SimpleSpanProcessor(self), PREFIX, {"service.name": "ringback"}).of_partition(0)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.get_finished_spans() if span.name == name]


async def dialed(exporter: Exporter, one: SingleEngine, traceparent: str = SAMPLED, **headers: str) -> None:
    """A callback is scheduled, and goes out late."""
    await one.send("callback-scheduled", [scheduled()], traceparent=traceparent, **headers)
    await one.idle()
    await one.set_clock(DUE + LATE)


def headers_on(broker: Broker, topic: str) -> list[dict[str, str]]:
    records = (record for transaction in broker.transactions for record in transaction.records)
    return [{name: value.decode() for name, value in record.headers} for record in records if record.topic == topic]


def is_open(connection: socket.socket) -> bool:
    """Whether the other side still waits for an answer."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    return False


def context_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-{span.context.trace_flags:02x}"


async def test_an_event_is_a_short_span_below_its_sender_and_its_command_a_trace_of_its_own_that_links_to_it() -> None:
    exporter, broker = Exporter(), Broker()
    async with begun(broker, spans=exporter.spans) as one:
        await dialed(exporter, one, tracestate="vendor=7")
    (event,), (command,) = exporter.named("process ringback.callback-scheduled"), exporter.named("dial")
    assert event.kind is SpanKind.CONSUMER and event.parent is not None and event.context is not None
    assert (f"{event.context.trace_id:032x}", f"{event.parent.span_id:016x}") == (TRACE_ID, PARENT_ID)
    assert command.kind is SpanKind.PRODUCER and command.parent is None and command.context is not None
    assert command.context.trace_id != event.context.trace_id
    (link,) = command.links
    assert (f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") == (TRACE_ID, PARENT_ID)
    assert link.context.trace_state.to_header() == "vendor=7"
    assert headers_on(broker, "dial-preview") == [{"traceparent": context_of(command)}]


async def test_a_span_has_the_time_of_the_engines_clock_and_none_lasts_until_the_callback_is_due() -> None:
    exporter, broker = Exporter(), Broker()
    async with begun(broker, spans=exporter.spans) as one:
        await dialed(exporter, one)
    (event,), (command,) = exporter.named("process ringback.callback-scheduled"), exporter.named("dial")
    assert event.start_time == event.end_time == int(NOW.timestamp()) * 10**9
    assert command.start_time == command.end_time == int((DUE + LATE).timestamp()) * 10**9


async def test_a_span_says_what_it_is_about_by_ids_and_no_attribute_has_a_number_or_a_contact() -> None:
    exporter, broker = Exporter(), Broker()
    async with begun(broker, spans=exporter.spans) as one:
        await dialed(exporter, one)
    (event,), (command,) = exporter.named("process ringback.callback-scheduled"), exporter.named("dial")
    assert event.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": "ringback.callback-scheduled",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "ringback.callback_id": "k1",
        "ringback.transitions": ("scheduled",),
    }
    (sent,) = broker.values("dial-preview")
    assert command.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": "ringback.dial-preview",
        "messaging.destination.partition.id": "0",
        "ringback.command_id": sent["command_id"],
        "ringback.callback_id": "k1",
        "ringback.lateness.cause": "backlog",
        "ringback.lateness.seconds": LATE.total_seconds(),
    }
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert NUMBER not in told and '"c1"' not in told and "L|c1" not in told


async def test_a_transaction_that_fails_exports_no_span() -> None:
    exporter, broker = Exporter(), Broker(refuses=2)
    async with begun(broker, spans=exporter.spans) as one:
        await one.send("callback-scheduled", [scheduled()], traceparent=SAMPLED)
        await one.idle()
        assert len(exporter.get_finished_spans()) == 1
        one.clock.at = DUE
        one.engine.wake()
        await until(lambda: one.broken)
    assert [span.name for span in exporter.get_finished_spans()] == ["process ringback.callback-scheduled"]


@pytest.mark.parametrize("traceparent", [UNSAMPLED, "no context", ""])
async def test_what_is_not_sampled_makes_no_span_and_goes_on_as_it_came(traceparent: str) -> None:
    exporter, broker = Exporter(), Broker()
    async with begun(broker, spans=exporter.spans) as one:
        await dialed(exporter, one, traceparent)
    assert exporter.get_finished_spans() == ()
    assert headers_on(broker, "dial-preview") == [{"traceparent": UNSAMPLED} if traceparent == UNSAMPLED else {}]


async def test_an_answer_hangs_on_the_span_of_its_request() -> None:
    exporter, broker = Exporter(), Broker()
    async with begun(broker, spans=exporter.spans) as one:
        await one.send("placement-requested", [REQUEST], traceparent=SAMPLED, tracestate="vendor=7")
        await one.idle()
    (request,) = exporter.named("process ringback.placement-requested")
    answered = {"traceparent": context_of(request), "tracestate": "vendor=7"}
    assert headers_on(broker, "placement-decided") == [answered]


async def test_a_dead_letter_is_a_span_with_an_error_and_keeps_the_headers_of_its_event() -> None:
    exporter, broker = Exporter(), Broker()
    async with begun(broker, spans=exporter.spans) as one:
        await one.send("wrap-up", [wrap_up(campaign_id="nobody knows it")], traceparent=SAMPLED)
        await one.idle()
    (span,) = exporter.named("process ringback.wrap-up")
    assert span.attributes is not None and span.attributes["ringback.dead_letter"] == "campaign_unknown"
    assert (span.status.is_ok, span.status.description) == (False, "campaign_unknown")
    (headers,) = headers_on(broker, "dead-letter")
    assert headers["traceparent"] == SAMPLED


async def test_the_entry_of_a_command_for_the_metrics_has_the_trace_of_its_span_and_commands_keep_their_order() -> None:
    exporter, broker = Exporter(), Broker()
    async with begun(broker, spans=exporter.spans) as one:
        for number in range(3):
            brought = {} if number == 1 else {"traceparent": SAMPLED}
            await one.send("callback-scheduled", [scheduled(f"k{number}", contact_id=f"c{number}")], **brought)
        moved = rescheduled("k2", contact_id="c2", due_at="2026-11-23T15:00:00Z", occurred_at="2026-11-23T14:30:00Z")
        await one.send("callback-scheduled", [moved], traceparent=UNSAMPLED)
        await one.idle()
        await one.set_clock(DUE)
    commands = broker.values("dial-preview")
    assert [command["callback_id"] for command in commands] == ["k0", "k1", "k2"]
    (dial,) = exporter.named("dial")
    assert dial.attributes is not None and dial.attributes["ringback.callback_id"] == "k0"
    assert headers_on(broker, "dial-preview") == [{"traceparent": context_of(dial)}, {}, {"traceparent": UNSAMPLED}]


async def test_spans_go_to_the_endpoint_of_the_settings_and_what_is_left_goes_at_the_end() -> None:
    with collector() as server:
        exported = tracing_for(make(otel_endpoint=server.url))
        async with begun(Broker(), spans=exported.of_partition(0)) as one:
            await dialed(Exporter(), one)
        await asyncio.to_thread(exported.close)
        assert [span.name for span in server.spans] == ["process ringback.callback-scheduled", "dial"]
        assert server.paths == {"/v1/traces"}


async def test_a_collector_that_takes_connections_and_says_nothing_delays_neither_a_command_nor_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exported = tracing_for(make(otel_endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        broker = Broker()
        async with begun(broker, spans=exported.of_partition(0)) as one:
            await dialed(Exporter(), one)
        await asyncio.to_thread(exported.close)
        connection, _ = silent.accept()
        with connection:
            assert is_open(connection), "the end came while the exporter still waited for an answer"
    assert len(broker.values("dial-preview")) == 1


def test_without_an_endpoint_there_are_no_spans() -> None:
    assert tracing_for(make()) is NO_TRACING


def test_an_endpoint_without_the_extra_is_one_line_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "streams.engine.spans")
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
    with pytest.raises(OperatorError, match=r"otel_endpoint needs the extra `otel`.* pip install 'ringback\[otel\]"):
        tracing_for(make(otel_endpoint="http://127.0.0.1:4318"))
