"""Calls that two runs made, and how they differ: by call, by callback and by campaign.

Source: docs/contract.md, sections "dial-preview and dial-analysis" and "placement-decided".
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from streams.console.why.reading import Json, is_true, text
from streams.simulator.simulate import Written
from topics.names import TopicName
from topics.records import Transition

_ON_ITS_WAY = (Transition.DUE, Transition.PRESENTED, Transition.DIALING)

COMMANDS = frozenset({TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS})


class Outcome(StrEnum):
    """What became of a call by the change."""

    WON = "won"
    LOST = "lost"
    MOVED = "moved"


class Call(Struct, frozen=True, kw_only=True):
    """A call of one run. topic: of its command; placement-decided for a call that was allowed and had no command.

    callback_id: None for the campaign's own next record.
    """

    at: datetime
    topic: str
    campaign_id: str
    contact_list_id: str
    contact_id: str
    callback_id: str | None = None


class Changed(Struct, frozen=True, kw_only=True):
    """A call that is different. before, after: in the two runs, None in one of them if it is won or lost.

    why: the latest lifecycle record of its callback in the changed run, decoded; None if it has none there.
    """

    outcome: Outcome
    before: Call | None = None
    after: Call | None = None
    why: Json | None = None

    @property
    def call(self) -> Call:
        """The call as it is after the change, or was."""
        found = self.after or self.before
        assert found is not None, "it is in one of the two"
        return found


class OfCampaign(Struct, frozen=True, kw_only=True):
    """Calls of a campaign: how many there were and are, and what became of them."""

    campaign_id: str
    before: int
    after: int
    won: int = 0
    lost: int = 0
    moved: int = 0


class Difference(Struct, frozen=True, kw_only=True):
    """What a change does. until: up to when. by_campaign: of every campaign with calls. changed: by instant.

    left_out: events about calls that were not made after the change. refused: changes that a worker would refuse.
    ended: how many callbacks ended or waited otherwise, by transition before and after; "none" for none.
    """

    until: datetime | None
    by_campaign: tuple[OfCampaign, ...]
    changed: tuple[Changed, ...]
    ended: tuple[tuple[str, str, int], ...] = ()
    left_out: int = 0
    refused: tuple[str, ...] = ()

    @property
    def total(self) -> OfCampaign:
        """Of all campaigns together."""
        sums = {name: sum(getattr(one, name) for one in self.by_campaign) for name in OfCampaign.__struct_fields__[1:]}
        return OfCampaign(campaign_id="", **sums)


class _Transitioned(Struct, gc=False):
    transition: str
    callback_id: str | None = None


_transitions = msgspec.json.Decoder(_Transitioned)


class _Identity(NamedTuple):
    """What makes two calls of the two runs the same one: the id of its command, or of the request."""

    contact_key: str
    id: str


class Ledger:
    """What one run wrote, as far as calls go. went_out: callbacks that had a command, by contact key and id.

    A command is a call unless the answer to whoever was about to place it refused that.
    """

    def __init__(self) -> None:
        self.calls: dict[_Identity, Call] = {}
        self.went_out: set[tuple[str, str]] = set()
        self.latest: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._handed_out: dict[tuple[str, str], tuple[_Identity, Call]] = {}

    def note(self, written: Written) -> None:
        """Take in one record."""
        record = written.record
        if record.key is None or record.value is None:
            return
        key = record.key.decode()
        if record.topic in COMMANDS:
            value: Json = msgspec.json.decode(record.value)
            identity, call = _Identity(key, value["command_id"]), _call(written, value)
            self.went_out.add((key, value["callback_id"]))
            self._handed_out[key, value["callback_id"]] = identity, call
            self.calls[identity] = call
        elif record.topic == TopicName.PLACEMENT_DECIDED:
            self._note_answer(key, written, msgspec.json.decode(record.value))
        elif record.topic == TopicName.CALLBACK_LIFECYCLE:
            self._note_transition(key, record.value)

    def _note_answer(self, key: str, written: Written, value: Json) -> None:
        allowed, handed_out = is_true(value, "allowed"), self._handed_out.get((key, text(value, "callback_id") or ""))
        if handed_out is None:
            if allowed:
                self.calls.setdefault(_Identity(key, f"request {value['request_id']}"), _call(written, value))
        elif allowed:
            self.calls[handed_out[0]] = handed_out[1]
        else:
            self.calls.pop(handed_out[0], None)

    def _note_transition(self, key: str, value: bytes) -> None:
        told = _transitions.decode(value)
        if told.callback_id is None or told.transition in (Transition.REJECTED, Transition.CHANGED):
            return
        self.latest[key, told.callback_id] = told.transition, value
        if told.transition not in _ON_ITS_WAY:
            self._handed_out.pop((key, told.callback_id), None)


def difference(
    before: Ledger, after: Ledger, *, until: datetime | None, left_out: int, refused: Sequence[str]
) -> Difference:
    """What is different between two runs. left_out, refused: see `Difference`."""
    changed = sorted(_changed(before, after), key=lambda one: (one.call.at, one.call.contact_id, one.outcome))
    return Difference(
        until=until,
        by_campaign=tuple(_by_campaign(before, after, changed)),
        changed=tuple(changed),
        ended=tuple((*pair, count) for pair, count in sorted(_ended(before, after).items())),
        left_out=left_out,
        refused=tuple(refused),
    )


def _changed(before: Ledger, after: Ledger) -> Iterator[Changed]:
    for identity in {**before.calls, **after.calls}:
        was, is_ = before.calls.get(identity), after.calls.get(identity)
        if was == is_:
            continue
        outcome = Outcome.WON if was is None else Outcome.LOST if is_ is None else Outcome.MOVED
        found = is_ or was
        why = after.latest.get((identity.contact_key, (found.callback_id if found else None) or ""))
        yield Changed(outcome=outcome, before=was, after=is_, why=msgspec.json.decode(why[1]) if why else None)


def _by_campaign(before: Ledger, after: Ledger, changed: Sequence[Changed]) -> Iterator[OfCampaign]:
    counts_before = Counter(call.campaign_id for call in before.calls.values())
    counts_after = Counter(call.campaign_id for call in after.calls.values())
    outcomes = Counter((one.call.campaign_id, one.outcome) for one in changed)
    for campaign_id in sorted({*counts_before, *counts_after}):
        yield OfCampaign(
            campaign_id=campaign_id,
            before=counts_before[campaign_id],
            after=counts_after[campaign_id],
            won=outcomes[campaign_id, Outcome.WON],
            lost=outcomes[campaign_id, Outcome.LOST],
            moved=outcomes[campaign_id, Outcome.MOVED],
        )


def _ended(before: Ledger, after: Ledger) -> Mapping[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for key in {**before.latest, **after.latest}:
        pair = _transition(before.latest.get(key)), _transition(after.latest.get(key))
        found[pair] += pair[0] != pair[1]
    return +found


def _transition(latest: tuple[str, bytes] | None) -> str:
    return "none" if latest is None else latest[0]


def _call(written: Written, value: Json) -> Call:
    fields: dict[str, Any] = {name: value[name] for name in ("campaign_id", "contact_list_id", "contact_id")}
    return Call(at=written.at, topic=written.record.topic, callback_id=text(value, "callback_id"), **fields)
