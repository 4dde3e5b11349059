"""Which record of configuration, of a Do Not Call list and of a contact was in force at an instant.

The latest by offset that was not written later. A compacted topic loses records, but of one key never a later one
before an earlier one: compaction drops a record only where a later one of its key stays. So if one is there that was
not written later than the instant, it is the one that was in force; if there is none, it is known that there was none
only where no offset is missing. Source: docs/decisions/0073-evidence.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from streams.console.view.ingest.reading import mapping
from streams.console.why.reading import inner, text, texts
from streams.evidence.records import Kept, Span
from topics.names import TopicName


class State(StrEnum):
    """What is known of a record at an instant."""

    IN_FORCE = "in_force"
    REMOVED = "removed"
    NONE = "none"
    NOT_KNOWN = "not_known"
    """Records of its key that were there then may be gone."""


class InForce(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record at an instant. key: its own. record: where it stands, or its tombstone; sha256: of its value.

    agrees: whether the facts of the decision say the same; None where they do not say.
    """

    topic: TopicName
    key: str
    state: State
    record: str | None = None
    sha256: str | None = None
    written_at: datetime | None = None
    agrees: bool | None = None


class Versions:
    """The records of compacted topics, by topic and key. spans: how much of the topics was looked at."""

    def __init__(self, records: Iterable[Kept], spans: Sequence[Span]) -> None:
        self._by_key: dict[tuple[str, str], list[Kept]] = defaultdict(list)
        for one in sorted(records, key=lambda one: (one.topic, one.partition, one.offset)):
            self._by_key[one.topic, one.key_text].append(one)
        self._whole = {
            topic: _has_all([span for span in spans if span.topic == topic]) for topic in {one.topic for one in spans}
        }

    def at(self, topic: TopicName, key: str, at: datetime) -> tuple[InForce, Kept | None]:
        """The record in force, and what is known of it."""
        of_key = self._by_key.get((topic, key), ())
        found = next((one for one in reversed(of_key) if one.written_at <= at), None)
        if found is None:
            state = State.NONE if self._whole.get(topic, False) else State.NOT_KNOWN
            return InForce(topic=topic, key=key, state=state), None
        is_removed = found.value is None and found.withheld is None
        known = InForce(
            topic=topic,
            key=key,
            state=State.REMOVED if is_removed else State.IN_FORCE,
            record=found.place,
            sha256=found.sha256,
            written_at=found.written_at,
        )
        return known, None if is_removed else found

    def keys(self, topic: TopicName) -> Iterator[str]:
        """Every key of a topic, sorted."""
        return iter(sorted(key for of, key in self._by_key if of == topic))

    def of_decision(self, value: Mapping[str, Any], contact_key: str | None, at: datetime) -> tuple[InForce, ...]:
        """All that a decision about a contact rests on. value: the record of the decision."""
        found: list[InForce] = []
        campaign_id = text(value, "campaign_id")
        if campaign_id is not None:
            found += self._of_campaign(campaign_id, value, at)
        for key in self.keys(TopicName.DNC_ENTRIES):
            known, _ = self.at(TopicName.DNC_ENTRIES, key, at)
            found.append(_listed(known, value))
        for key in self.keys(TopicName.HOLDS):
            known, hold = self.at(TopicName.HOLDS, key, at)
            if hold is not None and text(mapping(hold.value), "campaign_id") in (None, campaign_id):
                found.append(known)
        if contact_key is not None:
            found.append(self.at(TopicName.CONTACTS, contact_key, at)[0])
        return tuple(found)

    def _of_campaign(self, campaign_id: str, value: Mapping[str, Any], at: datetime) -> list[InForce]:
        known, record = self.at(TopicName.CAMPAIGNS, campaign_id, at)
        campaign = {} if record is None else mapping(record.value)
        named = [(TopicName.RULE_SETS, one) for one in texts(campaign, "rule_set_ids")]
        if set_id := text(campaign, "callable_time_set_id"):
            named.append((TopicName.CALLABLE_TIME_SETS, set_id))
        others = [self.at(topic, key, at)[0] for topic, key in named]
        return [_as_said(known, campaign, value), *others]


def _has_all(spans: Sequence[Span]) -> bool:
    """Whether no record of a topic is gone, as far as its offsets tell."""
    return bool(spans) and all(one.read_from == 0 and one.missing == 0 for one in spans)


def _as_said(known: InForce, campaign: Mapping[str, Any], value: Mapping[str, Any]) -> InForce:
    """The record of a campaign, compared with the mode and the status that the facts of a decision have."""
    facts = inner(value, "facts")
    facts = inner(facts, "campaign") or inner(facts, "checks", "campaign") or facts
    pairs = (("dialing_mode", "dialing_mode"), ("campaign_status", "status"))
    said = [(text(facts, fact), text(campaign, field)) for fact, field in pairs if text(facts, fact) is not None]
    if not said or not campaign:
        return known
    return InForce(**_fields(known) | {"agrees": all(fact == field for fact, field in said)})


def _listed(known: InForce, value: Mapping[str, Any]) -> InForce:
    """A Do Not Call entry, compared with the facts: they name the list whose entry blocked, else all that had none."""
    facts = inner(value, "facts", "dnc") or inner(value, "facts", "checks", "dnc")
    list_id = known.key.rpartition("|")[0]
    if text(facts, "dnc_list_id") == list_id:
        return InForce(**_fields(known) | {"agrees": known.state is State.IN_FORCE})
    return known


def _fields(known: InForce) -> dict[str, Any]:
    return {name: getattr(known, name) for name in known.__struct_fields__}
