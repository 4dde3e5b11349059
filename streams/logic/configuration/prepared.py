"""A configuration record made ready to be applied: decoded, checked for its bounds and compiled. It changes nothing.

That is nearly all of the work that a record makes, and it can be done anywhere, as in another thread.
Source: docs/contract.md, section "In, per campaign and lists"; docs/decisions/0028-bounds-and-refused-records.md.
"""

from dataclasses import dataclass

from streams.logic.configuration.recycles import Marker, Recycles
from streams.logic.configuration.reports import BadRecord, Report, TooSoon
from streams.logic.contact.bounds import check_bounds, check_size
from streams.logic.contact.clock_check import check_clock, written_at
from streams.logic.contact.exchange import Arrived, Bug, BugKind
from streams.logic.dnc.records import change_of
from streams.logic.hours.callable_time import CompiledTimes, compile_times
from streams.logic.rules.rules import CompiledRuleSet, Filter, compile_filter, compile_rule_set
from topics.catalog import CATALOG
from topics.codec import BadEvent, ErrorCode, Value, decode_cells, decode_or_none, value_key
from topics.configuration import CallableTimeSet, Campaign
from topics.events import CampaignRecycle, ContactListCleared
from topics.fields import ID_LENGTH_MAX
from topics.framing import why_wrong_key
from topics.names import TopicName
from topics.records import Cause
from topics.rules import RuleSet
from topics.topic import Cleanup


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record, and what it comes to.

    key: None if it cannot be read. value: None for a tombstone, and for a record that is refused. compiled: of a rule
    set, of the hours of a set, and of a campaign's filter. report: what is to be said of a record that is refused, in
    whole (then `refused`) or in part.
    """

    arrived: Arrived
    key: str | None
    value: Value | None = None
    compiled: CompiledRuleSet | CompiledTimes | Filter | None = None
    report: BadRecord | None = None
    refused: bool = False


def prepare(arrived: Arrived) -> Prepared:
    """Make a record ready. Never raises: a bad one is refused, and so is one that meets a bug."""
    try:
        return _prepared(arrived)
    except BadEvent as bad_event:
        return refused(BadRecord(arrived, bad_event.bare()))
    except Exception as error:
        return refused(met_bug(arrived, error))


def is_refused(topic: str, key: bytes | None, value: bytes | None) -> bool:
    """Whether `prepare` refuses a record whole, found several times as fast; False if this way cannot find out."""
    if value is None:
        return False
    try:
        found = decode_or_none(topic, value)
        return found is None or value_key(topic, found[0]).encode() != key
    except Exception:  # A bug, which `prepare` reports.
        return False


def refused(report: BadRecord) -> Prepared:
    """A record that cannot be accepted. Nothing is known any more of what it is about, if its key says what that is."""
    return Prepared(report.arrived, named_by(report.arrived.key), report=report, refused=True)


def named_by(key: bytes | None) -> str | None:
    """The id that a key is; None if it is none."""
    try:
        name = _text(key)
    except BadEvent:
        return None
    return name if 0 < len(name) <= ID_LENGTH_MAX else None


def met_bug(arrived: Arrived, error: Exception) -> BadRecord:
    """The report on a record that met a bug."""
    # The message of an unforeseen exception may quote the record, so it goes nowhere.
    bad_event = BadEvent(ErrorCode.INTERNAL_ERROR, "$", "A fault of the processor; see its log")
    return BadRecord(arrived, bad_event, Bug.of(BugKind.CONFIGURATION, error, cause=arrived.place))


def report_on(arrived: Arrived, recycles: Recycles) -> Report | None:
    """What is to be said about a record that is read again. recycles: as they were before it."""
    if arrived.topic == TopicName.DNC_ENTRIES:
        damage = arrived.damage
        bad_event = change_of(arrived.key, arrived.value)[1] if damage is None else damage.as_bad_event()
        return None if bad_event is None else BadRecord(arrived, bad_event)
    prepared = prepare(arrived)
    if prepared.report is not None or not isinstance(prepared.value, CampaignRecycle):
        return prepared.report
    return too_soon(arrived, prepared.value, recycles)


def too_soon(arrived: Arrived, event: CampaignRecycle, recycles: Recycles) -> TooSoon | None:
    """Have a recycle accepted, or say what it is too close to."""
    accepted_at = recycles.take(event, marker_of(arrived, event))
    return None if accepted_at is None else TooSoon(arrived, event, accepted_at)


def marker_of(arrived: Arrived, event: CampaignRecycle | ContactListCleared) -> Marker:
    """What a recycle or a clear marks."""
    cause = Cause(event_id=event.event_id, topic=arrived.topic, partition=arrived.partition, offset=arrived.offset)
    return Marker(event.occurred_at, arrived.offset, cause)


def _prepared(arrived: Arrived) -> Prepared:
    if arrived.damage is not None:
        raise arrived.damage.as_bad_event()
    if arrived.value is None:
        if CATALOG[arrived.topic].cleanup is not Cleanup.COMPACT:
            raise BadEvent(ErrorCode.UNDECODABLE, "$", "There is no value")
        return Prepared(arrived, _text(arrived.key))
    check_size(arrived.value)
    (value, bad_event), key = decode_cells(arrived.topic, arrived.value), _text(arrived.key)
    if value_key(arrived.topic, value) != key:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", why_wrong_key(arrived.key))
    check_bounds(value)
    if isinstance(value, CampaignRecycle | ContactListCleared):
        _check_clock(value, arrived)
    report = None if bad_event is None else BadRecord(arrived, bad_event)
    return Prepared(arrived, key, value, _compiled(value), report)


def _compiled(value: Value) -> CompiledRuleSet | CompiledTimes | Filter | None:
    match value:
        case RuleSet():
            return compile_rule_set(value)
        case CallableTimeSet():
            return compile_times(value)
        case Campaign(contact_filter=conditions):
            return None if conditions is None else compile_filter(conditions)
        case _:
            return None


def _text(key: bytes | None) -> str:
    if key is None:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "There is no key")
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key is not UTF-8") from None


def _check_clock(event: CampaignRecycle | ContactListCleared, arrived: Arrived) -> None:
    # Recycles and clears are read again at every start. Measured by the worker's clock the old ones would turn into
    # bad events in time, so the record's own timestamp stands for the moment it arrived.
    arrived_at = written_at(arrived.timestamp_ms)
    if arrived_at is None:
        raise BadEvent(ErrorCode.INVALID, "$", "The timestamp of the record is out of range")
    check_clock(event.occurred_at, arrived_at)
