"""Each transition of a callback in words, by the way in which it came about, and each event that was refused.

Every struct of facts has a function here; a test sees to that. Source: docs/contract.md, section "callback-lifecycle".
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from streams.console.why import refusals
from streams.console.why.entries import Entry, way_of
from streams.console.why.marks import holds_in_words
from streams.console.why.moments import length, seconds
from streams.console.why.origins import due, let_go, moved, scheduled_by_agent, scheduled_by_rule
from streams.console.why.ownership import by_whom, shown_to
from streams.console.why.reading import inner, is_true, items, text, texts, whole
from streams.console.why.words import REASONS, said, times
from topics.callback_events import ReturnReason
from topics.facts import (
    Because,
    BlockedFacts,
    CancelledFacts,
    ChangedFacts,
    CompletedFacts,
    DialingFacts,
    DueFacts,
    ExpiredFacts,
    HeldBy,
    LifecycleFacts,
    NotDialedFacts,
    OwnerExpiredFacts,
    PresentedFacts,
    ScheduledByAgentFacts,
    ScheduledByRuleFacts,
    WaitingFacts,
)
from topics.names import TopicName
from topics.records import Reason, Transition
from topics.rescheduled_facts import LetGoFacts, MovedToSlotFacts, RescheduledFacts, ReturnedFacts, WindowMissedFacts


def transition_in_words(entry: Entry) -> str:
    """What happened, without when: "Moved from 15:00 to 16:00 by agent-31"."""
    way = way_of(entry)
    if way is None:
        name = text(entry.value, "transition") or "something"
        return f"{name.replace('_', ' ').capitalize()}{f': {entry.why}' if entry.why else ''}"
    if entry.transition is Transition.REJECTED:
        return refusals.refusal_in_words(entry, way)
    return WORDS_OF[way](entry)


def _to_slot(entry: Entry) -> str:
    at = entry.when("previous_due_at")
    to = entry.moments.bare(entry.due_at) if entry.due_at else "another time"
    return f"Not dialed{f' {at}' if at else ''}: {entry.why}; moved to {to}"


def _returned(entry: Entry) -> str:
    word, count = entry.fact("returned"), whole(entry.facts, "returns")
    why = said(ReturnReason, word) if word else REASONS[Reason.RETURNED]
    again = f" (came back {times(count)})" if count and count > 1 else ""
    return f"Not dialed: {why}{_by_code(entry)}; {due(entry)} again{again}"


def _by_code(entry: Entry) -> str:
    code, agent_id = entry.fact("wrap_up_code"), entry.fact("agent_id")
    return f" (code {code}{f' by agent {agent_id}' if agent_id else ''})" if code else ""


def _window_missed(entry: Entry) -> str:
    ended, until = entry.when("previous_window_end_at"), entry.bare("window_end_at")
    missed = whole(entry.facts, "missed")
    parts = [
        f"Not dialed in its window{f', which ended {ended}' if ended else ''}",
        f"it has another one: {due(entry)}{f', until {until}' if until else ''}",
    ]
    return "; ".join(parts) + (f" ({missed} missed so far)" if missed and missed > 1 else "")


def _fell_due(entry: Entry) -> str:
    return f"Fell due{f' {length(late)} late' if (late := _lateness(entry)) else ''}"


def _lateness(entry: Entry) -> timedelta | None:
    late = None if entry.due_at is None else entry.at - entry.due_at
    return late if late is not None and late >= timedelta(seconds=1) else None


def waits_for(entry: Entry) -> str:
    """What a waiting callback waits for: "campaign C to be switched on"."""
    campaign = f"campaign {text(entry.value, 'campaign_id') or '?'}"
    reasons = entry.reasons
    if Reason.ON_HOLD in reasons:
        holds = items(entry.facts, "holds")
        return f"{holds_in_words(holds)} to end" if holds else "a hold to end"
    if Reason.CAMPAIGN_OFF in reasons:
        return f"{campaign} to be switched on"
    if Reason.RATE in reasons:
        return f"its turn by the rate of {campaign}"
    return f"a record to be repaired or removed: {entry.why}" if entry.why else "something that is not said"


def _waits(entry: Entry) -> str:
    return f"Waits for {waits_for(entry)}"


def _shown(entry: Entry) -> str:
    word = entry.fact("because")
    late = "" if word in (Because.OWNER_EXPIRED, Because.CHANGED) else entry.late()
    why = f", because {said(Because, word)}" if word else ""
    rule = f" ({by_whom(entry.facts)})" if entry.fact("rule_id") else ""
    return f"Shown to {shown_to(entry)}{late}{waited(entry)}{why}{rule}"


def _dialed(entry: Entry) -> str:
    return f"Given to the dialer{entry.late()}{waited(entry)}; every check passed"


def waited(entry: Entry) -> str:
    """What it had waited for before it went out: " (the campaign was off)"."""
    word = entry.fact("held_by")
    return f" ({said(HeldBy, word)})" if word else ""


def _blocked(entry: Entry) -> str:
    days = whole(entry.facts, "no_open_slot_within_days")
    return f"Not dialed: {entry.why or 'a check failed'}{f'; no slot opens within {days} days' if days else ''}"


def _completed(entry: Entry) -> str:
    code, agent_id = entry.fact("wrap_up_code"), entry.fact("agent_id")
    reached = ", the right party was reached" if is_true(entry.facts, "right_party_contact") else ""
    return f"Completed{f' with {code}' if code else ''}{f' by agent {agent_id}' if agent_id else ''}{reached}"


def _cancelled(entry: Entry) -> str:
    if Reason.ERASED in entry.reasons:
        return "Cancelled: the contact was erased"
    by, topic = by_whom(entry.facts), entry.fact("cancelled_by")
    if by:
        return f"Cancelled by {by}"
    if topic == TopicName.CONTACT_LIST_CLEARED:
        return f"Cancelled: contact list {text(entry.value, 'contact_list_id') or '?'} was cleared"
    if topic == TopicName.CAMPAIGN_RECYCLE:
        return f"Cancelled: campaign {text(entry.value, 'campaign_id') or '?'} was recycled"
    return f"Cancelled{refusals.actor_and_reason(entry.facts)}{f' ({topic})' if topic else ''}"


def _came_back(entry: Entry) -> str:
    count = whole(entry.facts, "returns")
    again = f", after it had come back {times(count)} before" if count else ""
    return f"Not dialed: {entry.why or REASONS[Reason.RETURNED]}{_by_code(entry)}{again}"


def _expired(entry: Entry) -> str:
    if Reason.TOO_LATE in entry.reasons:
        limit = whole(entry.facts, "expire_after_s")
        return f"Not dialed: too late{f', more than {seconds(limit)} after it was due' if limit else ''}"
    if Reason.NO_OUTCOME in entry.reasons:
        since, silent = entry.bare("presented_at"), entry.when("expires_at")
        command = f", and its command expired {silent}" if silent else ""
        return f"Ended without an outcome: nobody said how its call ended{f' since {since}' if since else ''}{command}"
    if Reason.WINDOW_OVER in entry.reasons:
        ended, days = entry.when("window_end_at"), whole(entry.facts, "no_open_slot_within_days")
        none = f", and no slot opens within {days} days" if days else ""
        return f"Not dialed: its window {f'ended {ended}' if ended else 'is over'}{none}"
    return f"Not dialed: it expired{f', {entry.why}' if entry.why else ''}"


def _owner_expired(entry: Entry) -> str:
    agent_id, since, ended = entry.fact("agent_id"), entry.bare("presented_at"), entry.when("window_end_at")
    had = f" had it since {since} and" if since else ""
    window = f"; its window ended {ended}, so that nobody else gets it" if ended else ""
    return f"Not called: {f'agent {agent_id}' if agent_id else 'its owner'}{had} did not call in time{window}"


def _changed(entry: Entry) -> str:
    before, after = inner(entry.facts, "before"), inner(entry.facts, "after")
    parts = [refusals.field_change(name, before, after) for name in {**before, **after}]
    kept = texts(entry.facts, "superseded")
    stays = f"; {', '.join(kept)} as a later change has it" if kept else ""
    return f"Changed{refusals.actor_and_reason(entry.facts)}: {', '.join(parts) or 'nothing is different'}{stays}"


WORDS_OF: Mapping[type[LifecycleFacts], Callable[[Entry], str]] = {
    ScheduledByAgentFacts: scheduled_by_agent,
    ScheduledByRuleFacts: scheduled_by_rule,
    RescheduledFacts: moved,
    MovedToSlotFacts: _to_slot,
    LetGoFacts: let_go,
    ReturnedFacts: _returned,
    WindowMissedFacts: _window_missed,
    DueFacts: _fell_due,
    WaitingFacts: _waits,
    PresentedFacts: _shown,
    DialingFacts: _dialed,
    BlockedFacts: _blocked,
    CompletedFacts: _completed,
    CancelledFacts: _cancelled,
    NotDialedFacts: _came_back,
    ExpiredFacts: _expired,
    OwnerExpiredFacts: _owner_expired,
    ChangedFacts: _changed,
}
"""By the struct of facts. Those of refused events are in `refusals`."""
