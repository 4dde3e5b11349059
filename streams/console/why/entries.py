"""One record of a callback's life as the words are made of it, and which way it came about.

Source: docs/contract.md, section "callback-lifecycle".
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from streams.console.view.model import Told
from streams.console.why.grounds import Grounds, because
from streams.console.why.moments import Moments, length
from streams.console.why.reading import Json, inner, instant, text, texts
from streams.console.why.words import TRANSITIONS
from topics.commands import Origin
from topics.facts import (
    BlockedFacts,
    CancelledFacts,
    ChangedFacts,
    CompletedFacts,
    DialingFacts,
    DueFacts,
    ExpiredFacts,
    LadderEndedFacts,
    LifecycleFacts,
    NotDialedFacts,
    OwnerExpiredFacts,
    PresentedFacts,
    ScheduledByAgentFacts,
    ScheduledByRuleFacts,
    WaitingFacts,
)
from topics.records import Reason, Transition
from topics.rejection_facts import (
    CancelRejectedFacts,
    ChangeRejectedFacts,
    EventType,
    RecycleRejectedFacts,
    RescheduleRejectedFacts,
    ReturnRejectedFacts,
    WrapUpOvertakenFacts,
    WrapUpRejectedFacts,
)
from topics.rescheduled_facts import LetGoFacts, MovedToSlotFacts, RescheduledFacts, ReturnedFacts, WindowMissedFacts

ON_TIME = timedelta(milliseconds=1)
"""A record that is less than this after the due time was written at the due time."""


class Entry(NamedTuple):
    """A lifecycle record, or an answer. value: the record. at: when it was decided. told: all that is known."""

    value: Json
    at: datetime
    moments: Moments
    told: tuple[Told, ...] = ()

    @property
    def facts(self) -> Json:
        """What it rests on; empty if that is not there."""
        return inner(self.value, "facts")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in code words."""
        return texts(self.value, "reasons")

    @property
    def due_at(self) -> datetime | None:
        """The due time after it."""
        return instant(self.value, "due_at")

    @property
    def transition(self) -> Transition | None:
        """What happened; None if this version does not know it."""
        found = text(self.value, "transition")
        return Transition(found) if found is not None and found in TRANSITIONS else None

    @property
    def why(self) -> str:
        """All of its reasons, in words."""
        # Of an answer, the facts are those of the checks themselves.
        checks = inner(self.facts, "checks") or self.facts
        if "holds" in self.facts:
            checks = {**checks, "holds": self.facts["holds"]}
        return because(self.reasons, Grounds(checks, self.value, self.moments, self.told))

    def fact(self, name: str) -> str | None:
        """A fact that is a text."""
        return text(self.facts, name)

    def when(self, name: str) -> str | None:
        """A fact that is an instant, as it stands behind a verb."""
        at = instant(self.facts, name)
        return None if at is None else self.moments.at(at)

    def bare(self, name: str) -> str | None:
        """A fact that is an instant, as it stands behind `from` and `until`."""
        at = instant(self.facts, name)
        return None if at is None else self.moments.bare(at)

    def late(self) -> str:
        """How long after the due time it was: ", 40 ms after it was due"; empty if it has none, or was on time."""
        if self.due_at is None or self.at - self.due_at < ON_TIME:
            return ""
        return f", {length(self.at - self.due_at)} after it was due"


def entry_of(told: Told, moments: Moments, among: tuple[Told, ...] = ()) -> Entry:
    """A record as an entry. among: what else is known."""
    return Entry(told.value or {}, told.at, moments, among)


def way_of(entry: Entry) -> type[LifecycleFacts] | None:
    """The struct of the facts, which says how the transition came about; None of a transition that is not known."""
    match entry.transition:
        case Transition.SCHEDULED:
            return _scheduled(entry)
        case Transition.RESCHEDULED:
            return _rescheduled(entry)
        case Transition.REJECTED:
            return _rejected(entry)
        case None:
            return None
        case transition:
            return _ONE_WAY[transition]


_ONE_WAY: dict[Transition, type[LifecycleFacts]] = {
    Transition.DUE: DueFacts,
    Transition.WAITING: WaitingFacts,
    Transition.PRESENTED: PresentedFacts,
    Transition.DIALING: DialingFacts,
    Transition.BLOCKED: BlockedFacts,
    Transition.COMPLETED: CompletedFacts,
    Transition.CANCELLED: CancelledFacts,
    Transition.EXPIRED: ExpiredFacts,
    Transition.OWNER_EXPIRED: OwnerExpiredFacts,
    Transition.NOT_DIALED: NotDialedFacts,
    Transition.CHANGED: ChangedFacts,
}

_REJECTED_EVENTS: dict[str, type[LifecycleFacts]] = {
    EventType.RESCHEDULED: RescheduleRejectedFacts,
    EventType.CANCELLED: CancelRejectedFacts,
    EventType.CHANGED: ChangeRejectedFacts,
    EventType.RETURNED: ReturnRejectedFacts,
    EventType.WRAP_UP: WrapUpRejectedFacts,
}


def _scheduled(entry: Entry) -> type[LifecycleFacts]:
    of_rule = "rule_id" in entry.facts or text(entry.value, "origin") == Origin.RULE
    return ScheduledByRuleFacts if of_rule else ScheduledByAgentFacts


def _rescheduled(entry: Entry) -> type[LifecycleFacts]:
    if Reason.WINDOW_OVER in entry.reasons:
        return WindowMissedFacts
    if Reason.RETURNED in entry.reasons:
        return ReturnedFacts
    if entry.reasons:
        return MovedToSlotFacts
    return LetGoFacts if "first_due_at" in entry.facts else RescheduledFacts


def _rejected(entry: Entry) -> type[LifecycleFacts]:
    if Reason.LATER_CODE_FIRST in entry.reasons:
        return WrapUpOvertakenFacts
    if Reason.LADDER_ENDED in entry.reasons:
        return LadderEndedFacts
    if Reason.RECYCLED_TOO_SOON in entry.reasons:
        return RecycleRejectedFacts
    return _REJECTED_EVENTS.get(entry.fact("event_type") or "") or _scheduled(entry)
