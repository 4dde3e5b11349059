"""What is known about campaigns, rule sets, recycles, clears and holds: one for all partitions of a worker.

Records must be applied in the order of their topics, from the beginning of each; no order between topics is needed.
Rule sets, filters and callable time sets are compiled once for each version of them.
Source: docs/rules.md, sections 3 to 5 and section 8 rows 13 to 15 and 22; docs/contract.md, section "In, per campaign
and lists".
"""

from dataclasses import dataclass, field
from datetime import datetime

from streams.logic.configuration.holds import Holds
from streams.logic.configuration.pacing import is_paced_when_due
from streams.logic.configuration.prepared import Prepared, marker_of, met_bug, named_by, prepare, refused, too_soon
from streams.logic.configuration.recycles import Marker, Recycles
from streams.logic.configuration.reports import BadRecord, Report, Reports, TooSoon
from streams.logic.contact.exchange import Arrived
from streams.logic.dnc.lists import DncLists
from streams.logic.hours.callable_time import CompiledTimes
from streams.logic.rules.rules import CompiledRuleSet, Filter
from topics.catalog import CONFIGURATION_TOPICS
from topics.codec import BadEvent, Value
from topics.configuration import CallableTimeSet, Campaign, DialingMode, Hold
from topics.events import CampaignRecycle, ContactListCleared
from topics.names import TopicName
from topics.records import Cause
from topics.rules import RuleSet


class Keys(dict[str, None]):
    """A set that keeps the order in which its members came, which is the same in every replay.

    added: how many have come so far; some of them may have gone again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.added = 0

    def add(self, key: str) -> None:
        """One more, at the end if it is new."""
        self.added += key not in self
        self[key] = None

    def discard(self, key: str) -> None:
        """One less, if it is there."""
        self.pop(key, None)


@dataclass(slots=True)
class Unreadable:
    """Keys of which the latest record cannot be read: nothing is known of them until a good record or a tombstone."""

    campaigns: Keys = field(default_factory=Keys)
    rule_sets: Keys = field(default_factory=Keys)
    times: Keys = field(default_factory=Keys)

    def of(self, topic: str) -> Keys | None:
        """The keys of a topic; None for one whose records cannot be unreadable in this sense."""
        by_topic: dict[str, Keys] = {
            TopicName.CAMPAIGNS: self.campaigns,
            TopicName.RULE_SETS: self.rule_sets,
            TopicName.CALLABLE_TIME_SETS: self.times,
        }
        return by_topic.get(topic)

    def hold_up(self, campaign: Campaign) -> bool:
        """Whether a campaign names a rule set or a callable time set that cannot be read."""
        return campaign.callable_time_set_id in self.times or not self.rule_sets.keys().isdisjoint(
            campaign.rule_set_ids
        )


class Configuration:
    """The configuration as applied so far.

    version: grows with every record that a partition has to look at, which is every one but Do Not Call entries.
    filters: of the campaigns that have one. times: callable time sets. dnc: Do Not Call lists. clears: the latest by
    contact list id. holds: what stops calls. paced: campaigns that spread what falls due. unreadable: what cannot be
    read, and so is in none of the others. reports: what partition 0 has to say about bad and refused records.
    topic_ids: of the topics that are read, where known.
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
        self.holds = Holds()
        self.paced: set[str] = set()
        self.reports = Reports()
        self.offsets: dict[str, int] = {topic: -1 for topic in CONFIGURATION_TOPICS}
        self.topic_ids: dict[str, str] = {}
        self._campaign_offsets: dict[str, int] = {}

    def apply(self, arrived: Arrived, now: datetime) -> None:
        """Take in one record of a configuration topic. Never raises: a bad one becomes a report, and so does a bug.

        Every worker reads every record again at each start, so one that raised would keep them all down. now: not used
        for what is accepted, which has to come out the same in every replay; see `prepared`.
        """
        if arrived.topic != TopicName.DNC_ENTRIES:
            self.take(prepare(arrived))
            return
        self.offsets[TopicName.DNC_ENTRIES] = arrived.offset
        if arrived.damage is not None:
            self.dnc.take_unread(arrived.key, arrived.value, arrived.offset)
            self.reports.add(BadRecord(arrived, arrived.damage.as_bad_event()))
            return
        try:
            self.dnc.take(arrived.key, arrived.value, arrived.offset)
        except BadEvent as bad_event:
            self.reports.add(BadRecord(arrived, bad_event.bare()))
        except Exception as error:
            self.reports.add(met_bug(arrived, error))

    def take(self, prepared: Prepared) -> None:
        """The same for a record that has been made ready, of any topic but the Do Not Call entries."""
        if (report := self.take_in(prepared)) is not None:
            self.reports.add(report)

    def take_in(self, prepared: Prepared) -> Report | None:
        """The same; returns what is to be said of the record instead of keeping it."""
        arrived = prepared.arrived
        self.offsets[arrived.topic] = arrived.offset
        try:
            report = self._take(prepared)
        except Exception as error:
            prepared = refused(met_bug(arrived, error))
            report = self._take(prepared)
        self.version += 1
        return report or prepared.report

    def take_refused(self, topic: str, key: bytes | None, offset: int) -> None:
        """The same for a record that is refused whole, and of which somebody else says why."""
        self.offsets[topic] = offset
        self._refuse(topic, named_by(key), offset)
        self.version += 1

    def campaign_cause(self, campaign_id: str) -> Cause:
        """The cause of what follows from the latest record, or tombstone, of a campaign."""
        offset = self._campaign_offsets.get(campaign_id)
        return Cause(topic=TopicName.CAMPAIGNS, partition=0, offset=offset)

    def campaign_offset(self, campaign_id: str) -> int:
        """Offset of the latest record or tombstone of a campaign, -1 if there was none."""
        return self._campaign_offsets.get(campaign_id, -1)

    def is_preview(self, campaign_id: str) -> bool | None:
        """Whether a campaign is in preview mode; None if it is not known."""
        campaign = self.campaigns.get(campaign_id)
        return None if campaign is None else campaign.dialing_mode is DialingMode.PREVIEW

    def _take(self, prepared: Prepared) -> TooSoon | None:
        arrived, key, report = prepared.arrived, prepared.key, None
        if prepared.refused:
            self._refuse(arrived.topic, key, arrived.offset)
            return None
        if key is None:
            return None
        if prepared.value is None:
            self._remove(arrived.topic, key, arrived.offset)
        else:
            report = self._take_value(prepared.value, key, prepared)
        if (unreadable := self.unreadable.of(arrived.topic)) is not None:
            unreadable.discard(key)
        return report

    def _refuse(self, topic: str, key: str | None, offset: int) -> None:
        if key is None:
            return
        self._remove(topic, key, offset)
        if (unreadable := self.unreadable.of(topic)) is not None:
            unreadable.add(key)
        elif topic == TopicName.HOLDS:
            self.holds.take_unreadable(key, offset)

    def _take_value(self, value: Value, key: str, prepared: Prepared) -> TooSoon | None:
        arrived, compiled = prepared.arrived, prepared.compiled
        match value:
            case Campaign():
                self._take_campaign(value, prepared)
            case RuleSet():
                assert isinstance(compiled, CompiledRuleSet), "that is what it is compiled to"
                self.rule_sets[key] = compiled
            case CallableTimeSet():
                assert isinstance(compiled, CompiledTimes), "that is what it is compiled to"
                self.times[key] = compiled
            case CampaignRecycle():
                return too_soon(arrived, value, self.recycles)
            case ContactListCleared():
                self._take_clear(value, arrived)
            case Hold():
                self.holds.take(value, arrived)
            case _:
                raise AssertionError(f"{arrived.topic} does not configure anything")
        return None

    def _take_campaign(self, campaign: Campaign, prepared: Prepared) -> None:
        self.campaigns[campaign.campaign_id] = campaign
        self._campaign_offsets[campaign.campaign_id] = prepared.arrived.offset
        self.paced.discard(campaign.campaign_id)
        if is_paced_when_due(campaign):
            self.paced.add(campaign.campaign_id)
        if prepared.compiled is None:
            self.filters.pop(campaign.campaign_id, None)
        else:
            assert callable(prepared.compiled), "that is what a filter is compiled to"
            self.filters[campaign.campaign_id] = prepared.compiled

    def _take_clear(self, event: ContactListCleared, arrived: Arrived) -> None:
        known = self.clears.get(event.contact_list_id)
        if known is None or known.occurred_at < event.occurred_at:
            self.clears[event.contact_list_id] = marker_of(arrived, event)

    def _remove(self, topic: str, key: str, offset: int) -> None:
        """Nothing is known any more of what a tombstone is about, or a record that cannot be read."""
        if topic == TopicName.CAMPAIGNS:
            self.campaigns.pop(key, None)
            self.filters.pop(key, None)
            self.paced.discard(key)
            self._campaign_offsets[key] = offset
        elif topic == TopicName.RULE_SETS:
            self.rule_sets.pop(key, None)
        elif topic == TopicName.CALLABLE_TIME_SETS:
            self.times.pop(key, None)
        elif topic == TopicName.HOLDS:
            self.holds.remove(key, offset)
