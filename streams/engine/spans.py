"""Spans by OpenTelemetry: a short one for each event with a trace context, and one for each command that carries one.

The span of an event has the context of the event as its parent. The span of a command begins a trace of its own and
links to the context that its callback carries: the wait for the due time is a link, and no span that lasts for weeks.
They end after the commit; those of a transaction that fails are forgotten. What is not sampled is passed on as it is.
They are exported by a thread, which drops what it cannot get rid of: nothing here waits for it.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version

from msgspec.structs import replace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from streams.base.settings import Settings
from streams.engine.tracing import Spans, Tracing
from streams.logic.contact.exchange import Arrived, Fired, Outcome
from streams.logic.contact.trace_context import TraceContext, headers_of, trace_context
from streams.logic.partition.partition import Partition
from topics.facts import DialingFacts, PresentedFacts
from topics.names import TopicName

FLUSH_S = 1.0
"""What is left at the end is waited for no longer: a worker has to stop in time."""
COMMANDS = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS)

Attributes = dict[str, str | int | float | list[str]]
Start = Callable[..., Span]


class Exported(Tracing):
    """The spans of a worker, which go to `processor`. prefix: what topics begin with; service: attributes of all."""

    def __init__(self, processor: SpanProcessor, prefix: str, service: Mapping[str, str]) -> None:
        # Whether a span is sampled is for whoever began its trace to say, so we ask that and no sampler.
        self._provider = TracerProvider(ALWAYS_ON, Resource.create(service), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("ringback", version("ringback"))
        self._prefix = prefix

    @classmethod
    def by_otlp(cls, settings: Settings) -> "Exported":
        """To the endpoint of the settings."""
        exporter = OTLPSpanExporter(f"{(settings.otel_endpoint or '').rstrip('/')}/v1/traces")
        service = {"service.name": settings.app, "service.version": version("ringback")}
        if settings.instance_id is not None:
            service["service.instance.id"] = settings.instance_id
        return cls(BatchSpanProcessor(exporter), settings.prefix, service)

    def of_partition(self, number: int) -> Spans:
        """The spans of one partition engine."""
        return _PartitionSpans(self._tracer.start_span, self._prefix, number)

    def close(self) -> None:
        """Export what is left, if that can be done at once."""
        # The SDK takes a limit and does not keep to it, while the exporter tries a collector that is gone.
        flush = threading.Thread(target=self._provider.force_flush, daemon=True)
        flush.start()
        flush.join(FLUSH_S)


class _PartitionSpans(Spans):
    """open: the spans of the transaction at hand."""

    def __init__(self, start: Start, prefix: str, number: int) -> None:
        self._start, self._prefix, self._number = start, prefix, number
        self._open: list[Span] = []

    def applied(self, core: Partition, event: Arrived, now: datetime) -> Outcome:
        """Have the core apply an event. Its span is the parent of what answers it."""
        outcome = core.apply(event, now)
        context = trace_context(event.headers) if event.headers else None
        if context is None or not _is_sampled(context):
            return outcome
        attributes = self._attributes("process", event.topic) | {"messaging.kafka.offset": event.offset} | _of(outcome)
        parent = set_span_in_context(NonRecordingSpan(_span_context(context)))
        name = f"process {self._prefix}{event.topic}"
        span = self._start(name, parent, SpanKind.CONSUMER, attributes, start_time=_ns(now))
        for code in outcome.dead:
            span.set_status(Status(StatusCode.ERROR, code))
        self._open.append(span)
        own = headers_of(_context_of(span, context.tracestate))
        outcome.records = [
            replace(one, headers=own) if one.topic == TopicName.PLACEMENT_DECIDED else one for one in outcome.records
        ]
        return outcome

    def going_out(self, outcome: Outcome, now: datetime) -> None:
        """Each command that carries a context gets that of its own span, in a trace of its own."""
        if not any(one.traceparent for one in outcome.fired):
            return
        callbacks = _callbacks_of(outcome)
        commands = [at for at, record in enumerate(outcome.records) if record.topic in COMMANDS]
        for number, (at, fired) in enumerate(zip(commands, outcome.fired, strict=True)):
            carried = trace_context(outcome.records[at].headers)
            if carried is not None and _is_sampled(carried):
                context = self._dial(fired, carried, callbacks.get(fired.command_id), now)
                outcome.records[at] = replace(outcome.records[at], headers=headers_of(context))
                outcome.fired[number] = replace(fired, traceparent=context.traceparent)

    def committed(self, now: datetime) -> None:
        """End the spans of the transaction, which exports them."""
        for span in self._open:
            span.end(_ns(now))
        self._open.clear()

    def _dial(self, fired: Fired, carried: TraceContext, callback_id: str | None, now: datetime) -> TraceContext:
        attributes = self._attributes("send", fired.topic) | {
            "ringback.command_id": fired.command_id,
            "ringback.lateness.cause": str(fired.cause),
            "ringback.lateness.seconds": max(0.0, (now - fired.due_at).total_seconds()),
        }
        if callback_id is not None:
            attributes["ringback.callback_id"] = callback_id
        links = [Link(_span_context(carried))]
        # An empty context: a new trace, whatever the thread is doing.
        span = self._start("dial", Context(), SpanKind.PRODUCER, attributes, links, start_time=_ns(now))
        self._open.append(span)
        return _context_of(span, None)

    def _attributes(self, operation: str, topic: str) -> Attributes:
        return {
            "messaging.system": "kafka",
            "messaging.operation.type": operation,
            "messaging.destination.name": self._prefix + topic,
            "messaging.destination.partition.id": str(self._number),
        }


def _of(outcome: Outcome) -> Attributes:
    """What an event led to. Each value is an id or a word of the contract."""
    found: Attributes = {}
    if ids := list(dict.fromkeys(one.callback_id for one in outcome.transitions if one.callback_id)):
        found["ringback.callback_id"] = ids[0]
    if outcome.transitions:
        found["ringback.transitions"] = [str(one.transition) for one in outcome.transitions]
    if outcome.dead:
        found["ringback.dead_letter"] = next(iter(outcome.dead))
    return found


def _callbacks_of(outcome: Outcome) -> dict[str, str]:
    """The callback of each command."""
    return {
        record.facts.command_id: record.callback_id
        for record in outcome.transitions
        if isinstance(record.facts, PresentedFacts | DialingFacts) and record.callback_id is not None
    }


def _is_sampled(context: TraceContext) -> bool:
    return bool(int(context.traceparent[-2:], 16) & TraceFlags.SAMPLED)


def _span_context(context: TraceContext) -> SpanContext:
    _, trace_id, span_id, flags = context.traceparent.split("-")
    state = TraceState.from_header([context.tracestate]) if context.tracestate else None
    return SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)), state)


def _context_of(span: Span, tracestate: str | None) -> TraceContext:
    own = span.get_span_context()
    return TraceContext(f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}", tracestate)


def _ns(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
