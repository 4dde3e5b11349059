"""A forecast in one sentence."""

from datetime import datetime

from msgspec import Struct

from streams.console.why.moments import Moments
from streams.logic.contact.callback import Callback, Status
from topics.facts import LifecycleFacts
from topics.records import CallbackLifecycle, Reason, Transition


class Outlook(Struct, frozen=True, kw_only=True):
    """What lies ahead of a callback, as the core says it.

    refusal: why the checks refuse its call; stops: why the callback itself does not go out; in words, empty if not.
    """

    callback: Callback
    moments: Moments
    at: datetime | None
    records: tuple[CallbackLifecycle[LifecycleFacts], ...]
    refusal: str
    stops: str
    opens_at: datetime | None
    spread: bool

    @property
    def latest(self) -> CallbackLifecycle[LifecycleFacts] | None:
        """Where it comes to."""
        return self.records[-1] if self.records else None


def in_words(outlook: Outlook) -> str:
    """What will become of the callback."""
    match outlook.callback.status:
        case Status.SCHEDULED:
            return _scheduled(outlook)
        case Status.WAITING:
            return _waiting(outlook)
        case _:
            return _handed_out(outlook)


def _scheduled(outlook: Outlook) -> str:
    latest, moments = outlook.latest, outlook.moments
    if latest is None or outlook.at is None:
        return "Nothing is to happen to it by itself"
    at = moments.at(latest.occurred_at)
    moved = _moved(outlook)
    turn = ", or when its turn comes by the rate of its campaign" if outlook.spread else ""
    match latest.transition:
        case Transition.DIALING:
            return f"{moved or 'Will be dialed '}{at}{turn}; nothing stands in its way"
        case Transition.PRESENTED:
            return f"{moved or 'Will be shown to an agent '}{at}{turn}; {_at_placement(outlook)}"
        case Transition.WAITING:
            return f"Will wait from {moments.bare(latest.occurred_at)} on: {_both(outlook)}"
        case Transition.EXPIRED:
            return f"Will end {at} undialed: {_both(outlook)}"
        case _:
            return f"Will not be dialed {at}: {_both(outlook)}{_next_slot(outlook, latest.occurred_at)}"


def _moved(outlook: Outlook) -> str:
    """Of one that is moved before it goes out: that it does not at its due time, and why."""
    first = next((one for one in outlook.records if one.transition is Transition.RESCHEDULED), None)
    if first is None or outlook.at is None:
        return ""
    return f"Will not be dialed {outlook.moments.at(first.occurred_at)}: {_both(outlook)}; it moves and goes out "


def _at_placement(outlook: Outlook) -> str:
    if not outlook.refusal or any(one.transition is Transition.RESCHEDULED for one in outlook.records):
        return "nothing stands in the way of the call"
    slot = _next_slot(outlook, outlook.at or outlook.moments.now)
    return f"the call would not be permitted then: {outlook.refusal}{slot}"


def _both(outlook: Outlook) -> str:
    return "; ".join(part for part in (outlook.stops, outlook.refusal) if part) or "no reason is known"


def _next_slot(outlook: Outlook, at: datetime) -> str:
    if outlook.opens_at is None or outlook.opens_at <= at:
        return ""
    return f"; the next open slot begins {outlook.moments.at(outlook.opens_at)}"


def _waiting(outlook: Outlook) -> str:
    ends = outlook.latest
    limit = f"; it ends {outlook.moments.at(ends.occurred_at)} if it still waits" if ends else ""
    then = f"then it would not be dialed: {outlook.refusal}" if outlook.refusal else "then nothing stands in its way"
    return (
        f"Waits until this is over: {outlook.stops or outlook.refusal}; {then if outlook.stops else ''}".rstrip("; ")
        + limit
    )


def _handed_out(outlook: Outlook) -> str:
    who = "An agent" if outlook.callback.status is Status.PRESENTED else "The dialer"
    refused = f"; the call would not be permitted now: {outlook.refusal}" if outlook.refusal else ""
    latest = outlook.latest
    if latest is None or outlook.at is None:
        return f"{who} has it{refused}"
    at = outlook.moments.at(outlook.at)
    if latest.transition is Transition.PRESENTED:
        return f"{who} has it{refused}; it goes to the queue {at} if no outcome comes"
    if latest.transition is Transition.WAITING and Reason.ON_HOLD in latest.reasons:
        return f"{who} has it{refused}; it waits for a hold to end from {outlook.moments.bare(outlook.at)} on"
    return f"{who} has it{refused}; it ends {at} if no outcome comes"
