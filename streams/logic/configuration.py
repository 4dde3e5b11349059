"""What is known about campaigns, rule sets, recycles and clears: one for all partitions of a worker.

Records must be told in the order of their topics, from the beginning of each; no order between topics is needed.
Rule sets, filters and callable time sets are compiled once for each version of them.
Source: docs/rules.md, sections 3 to 5 and section 8 rows 13 to 15 and 22; docs/contract.md, section "In, per campaign
and lists".
"""

from dataclasses import dataclass, field
from datetime import datetime

from streams.logic.callable_time import CompiledTimes, compile_times
from streams.logic.clock import check_clock, written_at
from streams.logic.dnc import DncLists
from streams.logic.dnc_records import DNC_ENTRIES
from streams.logic.exchange import Arrived, Fault, FaultKind
from streams.logic.recycles import Marker, Recycles
from streams.logic.rules import CompiledRuleSet, Filter, compile_filter, compile_rule_set
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.codec import BadEvent, ErrorCode, Value, decode_cells, value_key
from topics.configuration import CallableTimeSet, Campaign, DialingMode
from topics.events import CampaignRecycle, ContactListCleared
from topics.fields import ID_LENGTH_MAX
from topics.records import Cause
from topics.rules import RuleSet
from topics.topic import Cleanup

CAMPAIGNS = "campaigns"
RECYCLES = "campaign-recycle"
CLEARS = "contact-list-cleared"
RULE_SETS = "rule-sets"
CALLABLE_TIME_SETS = "callable-time-sets"


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A configuration record that cannot be accepted. bug: why, when it is no fault of the record's."""

    arrived: Arrived
    fault: BadEvent
    bug: Fault | None = None


@dataclass(frozen=True, slots=True)
class TooSoon:
    """A recycle that came too close to the accepted one of `accepted_at`."""

    arrived: Arrived
    event: CampaignRecycle
    accepted_at: datetime


Report = BadRecord | TooSoon


@dataclass(slots=True)
class Unreadable:
    """Keys of which the latest record cannot be read: nothing is known of them until a good record or a tombstone."""

    campaigns: set[str] = field(default_factory=set)
    rule_sets: set[str] = field(default_factory=set)
    times: set[str] = field(default_factory=set)

    def of(self, topic: str) -> set[str] | None:
        """The keys of a topic; None for one whose records cannot be unreadable in this sense."""
        return {CAMPAIGNS: self.campaigns, RULE_SETS: self.rule_sets, CALLABLE_TIME_SETS: self.times}.get(topic)

    def hold_up(self, campaign: Campaign) -> bool:
        """Whether a campaign names a rule set or a callable time set that cannot be read."""
        return campaign.callable_time_set_id in self.times or not self.rule_sets.isdisjoint(campaign.rule_set_ids)


class Configuration:
    """The configuration as told so far.

    version: grows with every record that a partition has to look at, which is every one but a good Do Not Call entry.
    filters: of the campaigns that have one. times: callable time sets. dnc: Do Not Call lists. clears: the latest by
    contact list id. unreadable: what cannot be read, and so is in none of the others. reports: what partition 0 has to
    say about bad and refused records, in the order they were told. topic_ids: of the topics that are read, where known.
    """

    def __init__(self) -> None:
        self.version = 0
        self.campaigns: dict[str, Campaign] = {}
        self.filters: dict[str, Filter] = {}
        self.rule_sets: dict[str, CompiledRuleSet] = {}
        self.times: dict[str, CompiledTimes] = {}
        self.unreadable = Unreadable()
        self.dnc = DncLists()
        self.recycles = Recycles()
        self.clears: dict[str, Marker] = {}
        self.reports: list[Report] = []
        self.offsets = {topic: -1 for topic in CONFIGURATION_TOPICS}
        self.topic_ids: dict[str, str] = {}
        self._campaign_offsets: dict[str, int] = {}

    def apply(self, arrived: Arrived, now: datetime) -> None:
        """Take in one record of a configuration topic. Never raises: a bad one becomes a report, and so does a bug.

        Every worker reads every record again at each start, so one that raised would keep them all down. now: not used
        for what is accepted, which has to come out the same in every replay; see `_check_clock`.
        """
        self.offsets[arrived.topic] = arrived.offset
        try:
            if arrived.topic == DNC_ENTRIES:
                self.dnc.take(arrived.key, arrived.value, arrived.offset)
                return
            self._take(arrived)
        except BadEvent as fault:
            self._set_aside(arrived)
            self.reports.append(BadRecord(arrived, fault))
        except Exception as error:
            self._set_aside(arrived)
            # The message of an unforeseen exception may quote the record, so nobody is told.
            set_aside = BadEvent(ErrorCode.INTERNAL_ERROR, "$", "A fault of the processor; see its log")
            self.reports.append(BadRecord(arrived, set_aside, Fault.of(FaultKind.CONFIGURATION, error)))
        self.version += 1

    def report(self, arrived: Arrived, fault: BadEvent) -> None:
        """Have it said of a record that it was bad; what follows from it has been done in its place."""
        self.reports.append(BadRecord(arrived, fault))
        self.version += 1

    def campaign_cause(self, campaign_id: str) -> Cause:
        """The cause of what follows from the latest record, or tombstone, of a campaign."""
        offset = self._campaign_offsets.get(campaign_id)
        return Cause(topic=CAMPAIGNS, partition=0, offset=offset)

    def campaign_offset(self, campaign_id: str) -> int:
        """Offset of the latest record or tombstone of a campaign, -1 if there was none."""
        return self._campaign_offsets.get(campaign_id, -1)

    def is_preview(self, campaign_id: str) -> bool | None:
        """Whether a campaign is in preview mode; None if it is not known."""
        campaign = self.campaigns.get(campaign_id)
        return None if campaign is None else campaign.dialing_mode is DialingMode.PREVIEW

    def _take(self, arrived: Arrived) -> None:
        if arrived.value is None:
            self._remove(arrived, _key_of(arrived))
            return
        (value, fault), key = decode_cells(arrived.topic, arrived.value), _key_of(arrived)
        if value_key(arrived.topic, value) != key:
            raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key does not match the value")
        self._take_value(value, key, arrived)
        if (unreadable := self.unreadable.of(arrived.topic)) is not None:
            unreadable.discard(key)
        if fault is not None:
            self.reports.append(BadRecord(arrived, fault))

    def _take_value(self, value: Value, key: str, arrived: Arrived) -> None:
        match value:
            case Campaign():
                self._take_campaign(value, arrived)
            case RuleSet():
                self.rule_sets[key] = compile_rule_set(value)
            case CampaignRecycle():
                self._take_recycle(value, arrived)
            case ContactListCleared():
                self._take_clear(value, arrived)
            case CallableTimeSet():
                self.times[key] = compile_times(value)
            case _:
                raise AssertionError(f"{arrived.topic} does not configure anything")

    def _set_aside(self, arrived: Arrived) -> None:
        """Nothing is known any more of what a record is about that cannot be read, if its key says what that is."""
        unreadable = self.unreadable.of(arrived.topic)
        try:
            key = _key_of(arrived)
        except BadEvent:
            return
        if unreadable is not None and 0 < len(key) <= ID_LENGTH_MAX:
            self._remove(arrived, key)
            unreadable.add(key)

    def _take_campaign(self, campaign: Campaign, arrived: Arrived) -> None:
        conditions = campaign.contact_filter
        passes = None if conditions is None else compile_filter(conditions)
        self.campaigns[campaign.campaign_id] = campaign
        self._campaign_offsets[campaign.campaign_id] = arrived.offset
        if passes is None:
            self.filters.pop(campaign.campaign_id, None)
        else:
            self.filters[campaign.campaign_id] = passes

    def _take_recycle(self, event: CampaignRecycle, arrived: Arrived) -> None:
        _check_clock(event, arrived)
        accepted_at = self.recycles.take(event, _marker(event, arrived))
        if accepted_at is not None:
            self.reports.append(TooSoon(arrived, event, accepted_at))

    def _take_clear(self, event: ContactListCleared, arrived: Arrived) -> None:
        _check_clock(event, arrived)
        known = self.clears.get(event.contact_list_id)
        if known is None or known.occurred_at < event.occurred_at:
            self.clears[event.contact_list_id] = _marker(event, arrived)

    def _remove(self, arrived: Arrived, key: str) -> None:
        if CATALOG[arrived.topic].cleanup is not Cleanup.COMPACT:
            raise BadEvent(ErrorCode.UNDECODABLE, "$", "There is no value")
        if arrived.topic == CAMPAIGNS:
            self.campaigns.pop(key, None)
            self.filters.pop(key, None)
            self._campaign_offsets[key] = arrived.offset
        elif arrived.topic == RULE_SETS:
            self.rule_sets.pop(key, None)
        elif arrived.topic == CALLABLE_TIME_SETS:
            self.times.pop(key, None)
        if (unreadable := self.unreadable.of(arrived.topic)) is not None:
            unreadable.discard(key)


def _key_of(arrived: Arrived) -> str:
    if arrived.key is None:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "There is no key")
    try:
        return arrived.key.decode()
    except UnicodeDecodeError:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key is not UTF-8") from None


def _check_clock(event: CampaignRecycle | ContactListCleared, arrived: Arrived) -> None:
    # Recycles and clears are read again at every start. Measured by the worker's clock the old ones would turn into
    # bad events in time, so the record's own timestamp stands for the moment it arrived.
    arrived_at = written_at(arrived.timestamp_ms)
    if arrived_at is None:
        raise BadEvent(ErrorCode.INVALID, "$", "The timestamp of the record is out of range")
    check_clock(event.occurred_at, arrived_at)


def _marker(event: CampaignRecycle | ContactListCleared, arrived: Arrived) -> Marker:
    cause = Cause(event_id=event.event_id, topic=arrived.topic, partition=arrived.partition, offset=arrived.offset)
    return Marker(event.occurred_at, arrived.offset, cause)
