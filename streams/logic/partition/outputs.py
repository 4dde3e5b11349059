"""Makes records of effects, bad events and reports: the only place that knows both.

Source: docs/contract.md, sections "Out" and "Dead letters".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import assert_never

from streams.logic.configuration.reports import BadRecord, Report
from streams.logic.contact.effects import Answered, Dial, DncAppended, Effect, Erased
from streams.logic.contact.exchange import Arrived, Outcome, Record, Result
from streams.logic.contact.ids import event_step_id
from streams.logic.contact.trace_context import headers_of
from streams.logic.partition.fitting import CATALOG_LIMITS, SizeLimits, fitting_letter, fitting_value
from streams.logic.partition.intake import place_of, type_of
from streams.logic.partition.record_ids import numbered
from topics.cloud_events import LIFECYCLE_TYPES, CloudEvent, event_type
from topics.codec import BadEvent, ErrorCode, encode, value_key
from topics.names import TopicName
from topics.records import CallbackLifecycle, Cause, OutstandingCallbacks, Reason, Transition
from topics.rejection_facts import RecycleRejectedFacts


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where records go: what the names of topics begin with, for the headers of dead letters, and size limits."""

    topic_prefix: str
    limits: SizeLimits


OUTLET = Outlet("", CATALOG_LIMITS)
"""Names without prefix, and topics as the catalog has them."""


def records_of(
    key: bytes, effects: Iterable[Effect], ids: Iterable[bytes], at: datetime, limits: SizeLimits = CATALOG_LIMITS
) -> list[Record]:
    """The records for the effects of one step on the contact with this key, in the same order.

    ids: of each, and maybe of more; a command has its own. at: when it was decided.
    """
    return list(map(_record_of, repeat(key), effects, ids, repeat(at), repeat(limits)))


_PREVIEW, _ANALYSIS = event_type(TopicName.DIAL_PREVIEW), event_type(TopicName.DIAL_ANALYSIS)
_VIEW, _ANSWER = event_type(TopicName.OUTSTANDING_CALLBACKS), event_type(TopicName.PLACEMENT_DECIDED)
_ENTRY, _LETTER = event_type(TopicName.DNC_ENTRIES), event_type(TopicName.DEAD_LETTER)


def _record_of(key: bytes, effect: Effect, id_: bytes, at: datetime, limits: SizeLimits) -> Record:
    match effect:
        case CallbackLifecycle():
            topic = TopicName.CALLBACK_LIFECYCLE
            event = CloudEvent(LIFECYCLE_TYPES[effect.transition], id_, at, effect.callback_id)
            return Record(topic, key, fitting_value(topic, key, effect, limits), (), None, event)
        case Dial(command=command):
            type_ = _PREVIEW if effect.preview else _ANALYSIS
            event = CloudEvent(type_, command.command_id.encode(), at, command.callback_id)
            return Record(topic_of(effect), key, encode(command), headers_of(effect.trace), None, event)
        case OutstandingCallbacks():
            value = encode(effect) if effect.callbacks else None
            return Record(TopicName.OUTSTANDING_CALLBACKS, key, value, (), None, CloudEvent(_VIEW, id_, at))
        case Erased():
            return Record(TopicName.OUTSTANDING_CALLBACKS, key, None, (), None, CloudEvent(_VIEW, id_, at))
        case Answered(answer=answer, decided=decided, trace=trace):
            # One that is repeated was small enough to be remembered.
            topic = TopicName.PLACEMENT_DECIDED
            value = answer if decided is None else fitting_value(topic, key, decided, limits)
            return Record(topic, key, value, headers_of(trace), None, CloudEvent(_ANSWER, id_, at))
        case DncAppended(entry=entry):
            topic = TopicName.DNC_ENTRIES
            event = CloudEvent(_ENTRY, id_, at, entry.dnc_list_id)
            return Record(topic, value_key(topic, entry).encode(), encode(entry), (), None, event)
        case _:
            assert_never(effect)


def topic_of(effect: Dial) -> str:
    """The topic of a command."""
    return TopicName.DIAL_PREVIEW if effect.preview else TopicName.DIAL_ANALYSIS


def dead_letter(arrived: Arrived, code: ErrorCode, class_name: str, message: str, outlet: Outlet) -> Record:
    """The record as it came, with headers that say where it stood and what was wrong; message: no personal data.

    What does not fit is cut. Of several records that are lost together it is the first offset and the last.
    """
    damage = arrived.damage
    first = None if damage is None else damage.first_offset
    own = (
        ("__connect.errors.topic", (outlet.topic_prefix + arrived.topic).encode()),
        ("__connect.errors.partition", str(arrived.partition).encode()),
        ("__connect.errors.offset", str(arrived.offset if first is None else first).encode()),
        ("__connect.errors.exception.class.name", class_name.encode()),
        ("__connect.errors.exception.message", message.encode()),
        ("ringback.error", code.encode()),
        *([] if first is None else [("ringback.offset.last", str(arrived.offset).encode())]),
    )
    event = CloudEvent(_LETTER, event_step_id(arrived) + b"-d", None, str(arrived.topic))
    letter = Record(TopicName.DEAD_LETTER, arrived.key, arrived.value, arrived.headers, arrived.timestamp_ms, event)
    return fitting_letter(letter, own, damage, outlet.limits)


def refused(arrived: Arrived, bad_event: BadEvent, outlet: Outlet, *, bug: Exception | None = None) -> Outcome:
    """The dead letter of a record. bug: the exception behind it, if it is an internal error.

    It is counted by its code; its topic counts it as refused, unless its cells that fit have been taken in.
    """
    message = bad_event.message if bug else str(bad_event)
    record = dead_letter(arrived, bad_event.code, type(bug or bad_event).__name__, message, outlet)
    result = Result.APPLIED if bad_event.code is ErrorCode.INVALID_CELL else Result.DEAD_LETTER
    counts, code = {(arrived.topic, type_of(arrived), result): 1}, bad_event.code
    return Outcome([record], counts=counts, dead={code: 1}, examples={code: place_of(arrived)})


def reported(report: Report, now: datetime, outlet: Outlet) -> Outcome:
    """What is written about a configuration event that was bad or, being a recycle, came too soon."""
    arrived = report.arrived
    if isinstance(report, BadRecord):
        class_name = report.bug.what if report.bug else type(report.bad_event).__name__
        record = dead_letter(arrived, report.bad_event.code, class_name, str(report.bad_event), outlet)
        bugs, code = [report.bug] if report.bug else [], report.bad_event.code
        return Outcome([record], bugs=bugs, dead={code: 1}, examples={code: arrived.place})
    event = report.event
    rejected = CallbackLifecycle(
        transition=Transition.REJECTED,
        occurred_at=now,
        reasons=(Reason.RECYCLED_TOO_SOON,),
        facts=RecycleRejectedFacts(recycled_at=event.occurred_at, accepted_at=report.accepted_at),
        campaign_id=event.campaign_id,
        cause=Cause(event_id=event.event_id, topic=arrived.topic, partition=arrived.partition, offset=arrived.offset),
    )
    told = CloudEvent(LIFECYCLE_TYPES[rejected.transition], numbered(event_step_id(arrived), 0), now)
    record = Record(TopicName.CALLBACK_LIFECYCLE, arrived.key, encode(rejected), (), None, told)
    return Outcome([record], transitions=[rejected])
