"""Records that are no transitions in words: events as they came, commands, answers, and what configures a campaign.

Source: docs/contract.md, sections "In, per contact", "In, per campaign and lists" and "Out".
"""

from collections.abc import Callable, Mapping

from streams.console.why.entries import Entry
from streams.console.why.ownership import wanted_for
from streams.console.why.reading import Json, instant, is_true, items, text
from streams.console.why.refusals import actor_and_reason
from streams.console.why.words import said
from topics.callback_events import ReturnReason
from topics.configuration import CampaignStatus
from topics.names import TopicName


def record_in_words(topic: TopicName, entry: Entry, *, removed: bool = False) -> str:
    """One record of a topic that has no transitions. removed: it is a tombstone."""
    if removed:
        return _REMOVED.get(topic, f"A tombstone on {topic}")
    return _WORDS[topic](entry) if topic in _WORDS else f"A record on {topic}"


def _at(entry: Entry, name: str) -> str:
    at = instant(entry.value, name)
    return entry.moments.at(at) if at else "at a time that is not said"


def _by_agent(value: Json) -> str:
    agent_id = text(value, "agent_id")
    return f" by agent {agent_id}" if agent_id else ""


def _wrap_up(entry: Entry) -> str:
    code, conversation = text(entry.value, "wrap_up_code") or "?", text(entry.value, "conversation_id") or "?"
    history = ", of the time before Ringback" if is_true(entry.value, "history") else ""
    return f"Wrap-up {code} of conversation {conversation}{_by_agent(entry.value)}{history}"


def _callback_event(entry: Entry) -> str:
    asked = _ASKED.get(text(entry.value, "type") or "")
    return asked(entry) if asked else f"An event about the callback, of type {text(entry.value, 'type') or '?'}"


def _schedule(entry: Entry) -> str:
    agent_id, kept = text(entry.value, "agent_id"), wanted_for(entry.value)
    return (
        f"{f'Agent {agent_id}' if agent_id else 'An agent'} asked for a callback {_at(entry, 'due_at')}"
        f"{f', {kept}' if kept else ''}"
    )


def _reschedule(entry: Entry) -> str:
    return f"A move to another time was asked for{actor_and_reason(entry.value)}: {_at(entry, 'due_at')}"


def _change(entry: Entry) -> str:
    names = [name for name in ("phone_number", "agent_id", "owner", "queue_id", "notes") if text(entry.value, name)]
    return f"A change of {', '.join(names) or 'nothing'} was asked for{actor_and_reason(entry.value)}"


def _cancel(entry: Entry) -> str:
    return f"A cancel was asked for{actor_and_reason(entry.value)}"


def _return(entry: Entry) -> str:
    word = text(entry.value, "reason")
    return f"The dialer gave back its command{f': {said(ReturnReason, word)}' if word else ''}"


def _erasure(entry: Entry) -> str:
    return f"The erasure of the contact was asked for{actor_and_reason(entry.value)}"


def _request(entry: Entry) -> str:
    agent_id = text(entry.value, "agent_id")
    return f"{f'Agent {agent_id}' if agent_id else 'The dialer'} asked whether the call may be placed"


def answer_in_words(entry: Entry) -> str:
    """The answer to a placement request."""
    if not is_true(entry.value, "allowed"):
        return f"The call may not be placed: {entry.why or 'no reason is given'}"
    until = instant(entry.value, "valid_until")
    return f"The call may be placed{f' until {entry.moments.bare(until)}' if until else ''}"


def _contact(entry: Entry) -> str:
    callable_ = "may be called" if is_true(entry.value, "callable") else "may not be called"
    return f"The contact's record: {callable_}, numbers on record {len(items(entry.value, 'numbers'))}"


def _preview(entry: Entry) -> str:
    return f"Command to show it to an agent{_expiring(entry)}"


def _analysis(entry: Entry) -> str:
    return f"Command to dial it{_expiring(entry)}"


def _expiring(entry: Entry) -> str:
    presentation, at = entry.value.get("presentation"), instant(entry.value, "expires_at")
    return f", presentation {presentation}{f', to be dropped {entry.moments.at(at)}' if at else ''}"


def _outstanding(entry: Entry) -> str:
    return f"Outstanding for the contact: callbacks {len(items(entry.value, 'callbacks'))}"


def _dead_letter(entry: Entry) -> str:
    return "An event was put aside as a dead letter"


def _campaign(entry: Entry) -> str:
    status = text(entry.value, "status")
    return f"Campaign {text(entry.value, 'campaign_id') or '?'} is {said(CampaignStatus, status or 'not readable')}"


def _dnc_entry(entry: Entry) -> str:
    until = instant(entry.value, "expires_at")
    ends = f"until {entry.moments.bare(until)}" if until else "for good"
    return f"The number is on Do Not Call list {text(entry.value, 'dnc_list_id') or '?'}, {ends}"


def _hold(entry: Entry) -> str:
    campaign_id = text(entry.value, "campaign_id")
    of = f"campaign {campaign_id}" if campaign_id else "everything"
    return f"Hold {text(entry.value, 'hold_id') or '?'} stops {of}{actor_and_reason(entry.value)}"


def _audit(entry: Entry) -> str:
    value = entry.value
    run, step, action = (text(value, name) or "?" for name in ("run", "step", "action"))
    of = f"{action.replace('_', ' ')} of {value.get('meant', '?')}"
    return f"Run {run} was {step}: {of}{actor_and_reason(value)}"


def _named(words: str, name: str) -> Callable[[Entry], str]:
    return lambda entry: words.format(text(entry.value, name) or "?")


_ASKED: Mapping[str, Callable[[Entry], str]] = {
    "scheduled": _schedule,
    "rescheduled": _reschedule,
    "changed": _change,
    "cancelled": _cancel,
    "returned": _return,
    "erased": _erasure,
}

_WORDS: Mapping[TopicName, Callable[[Entry], str]] = {
    TopicName.WRAP_UP: _wrap_up,
    TopicName.CALLBACK_SCHEDULED: _callback_event,
    TopicName.PLACEMENT_REQUESTED: _request,
    TopicName.PLACEMENT_DECIDED: answer_in_words,
    TopicName.CONTACTS: _contact,
    TopicName.DIAL_PREVIEW: _preview,
    TopicName.DIAL_ANALYSIS: _analysis,
    TopicName.OUTSTANDING_CALLBACKS: _outstanding,
    TopicName.DEAD_LETTER: _dead_letter,
    TopicName.CAMPAIGNS: _campaign,
    TopicName.DNC_ENTRIES: _dnc_entry,
    TopicName.HOLDS: _hold,
    TopicName.CONSOLE_AUDIT: _audit,
    TopicName.CAMPAIGN_RECYCLE: _named("Campaign {} was recycled", "campaign_id"),
    TopicName.CONTACT_LIST_CLEARED: _named("Contact list {} was cleared", "contact_list_id"),
    TopicName.RULE_SETS: _named("A record of rule set {}", "rule_set_id"),
    TopicName.CALLABLE_TIME_SETS: _named("A record of callable time set {}", "callable_time_set_id"),
}

_REMOVED: Mapping[TopicName, str] = {
    TopicName.CONTACTS: "The contact's record was removed",
    TopicName.OUTSTANDING_CALLBACKS: "Nothing is outstanding for the contact",
    TopicName.CAMPAIGNS: "The campaign's record was removed",
    TopicName.DNC_ENTRIES: "The number was taken off a Do Not Call list",
    TopicName.HOLDS: "A hold let go",
}
