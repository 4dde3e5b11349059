"""Events that were refused, in words: what was asked for, by whom, and why it does not count.

Source: docs/contract.md, section "callback-lifecycle".
"""

from collections.abc import Callable, Mapping

from streams.console.why.entries import Entry
from streams.console.why.labels import label_of
from streams.console.why.moments import length
from streams.console.why.ownership import by_whom
from streams.console.why.reading import Json, instant, is_true, text, whole
from streams.console.why.words import said
from topics.callback_events import Owner, ReturnReason
from topics.facts import LadderEndedFacts, LifecycleFacts, ScheduledByAgentFacts, ScheduledByRuleFacts
from topics.rejection_facts import (
    CancelRejectedFacts,
    ChangeRejectedFacts,
    RecycleRejectedFacts,
    RescheduleRejectedFacts,
    ReturnRejectedFacts,
    WrapUpOvertakenFacts,
    WrapUpRejectedFacts,
)


def actor_and_reason(facts: Json) -> str:
    """Who did it and why, as they stand behind a verb: " by agent-31 (contact sent a text)"; empty if not said."""
    actor, reason = text(facts, "actor"), text(facts, "reason")
    return (f" by {actor}" if actor else "") + (f" ({reason})" if reason else "")


def refusal_in_words(entry: Entry, way: type[LifecycleFacts]) -> str:
    """What was refused and why. way: the struct of its facts."""
    kept = "; kept in case it fits later" if is_true(entry.facts, "remembered") else ""
    return f"Refused: {REFUSED[way](entry)}: {entry.why or 'no reason is given'}{kept}"


def field_change(name: str, before: Json, after: Json) -> str:
    """One field of a change, as it was and as it is."""
    then, now = _shown(name, before), _shown(name, after)
    return f"{label_of(name)} {then} is now {now}" if then else f"{label_of(name)} is now {now or 'none'}"


def _shown(name: str, fields: Json) -> str:
    value = text(fields, name)
    if value is None:
        return ""
    if name == "phone_number":
        return f"…{value}"
    return said(Owner, value) if name == "owner" else value


def _callback_of_agent(entry: Entry) -> str:
    agent_id = entry.fact("agent_id")
    due = f", due {entry.moments.at(entry.due_at)}" if entry.due_at else ""
    return f"the callback that {f'agent {agent_id}' if agent_id else 'an agent'} scheduled{due}"


def _callback_of_rule(entry: Entry) -> str:
    by = by_whom(entry.facts) or "a rule"
    due = f", due {entry.moments.at(entry.due_at)}" if entry.due_at else ""
    return f"the callback that {by} wanted{_after_code(entry)}{due}"


def _ladder(entry: Entry) -> str:
    by, steps = by_whom(entry.facts) or "a rule", whole(entry.facts, "steps")
    ladder = f", which has {steps} steps" if steps else ""
    return f"another callback{_after_code(entry)} by {by}{ladder}"


def _after_code(entry: Entry) -> str:
    code = entry.fact("wrap_up_code")
    return f" after wrap-up code {code}" if code else ""


def _move(entry: Entry) -> str:
    asked_for = entry.bare("asked_for")
    return f"a move{f' to {asked_for}' if asked_for else ''}{actor_and_reason(entry.facts)}"


def _cancel(entry: Entry) -> str:
    return f"a cancel{actor_and_reason(entry.facts)}"


def _change(entry: Entry) -> str:
    return f"a change{actor_and_reason(entry.facts)}"


def _return(entry: Entry) -> str:
    word, asked_for = entry.fact("returned"), entry.bare("asked_for")
    why = f" ({said(ReturnReason, word)})" if word else ""
    return f"a return of its command{why}{f', to be due again {asked_for}' if asked_for else ''}"


def _wrap_up(entry: Entry) -> str:
    code = entry.fact("wrap_up_code")
    return f"that wrap-up{f' {code}' if code else ''} is of this callback (it counts as any other wrap-up)"


def _overtaken(entry: Entry) -> str:
    first = entry.when("first_at")
    code = entry.fact("wrap_up_code")
    return f"wrap-up{f' {code}' if code else ''}{f', since one {first} counts' if first else ''}"


def _recycle(entry: Entry) -> str:
    at, accepted = instant(entry.facts, "recycled_at"), instant(entry.facts, "accepted_at")
    campaign = f"a recycle of campaign {text(entry.value, 'campaign_id') or '?'}"
    return f"{campaign}, {length(abs(at - accepted))} from another one" if at and accepted else campaign


REFUSED: Mapping[type[LifecycleFacts], Callable[[Entry], str]] = {
    ScheduledByAgentFacts: _callback_of_agent,
    ScheduledByRuleFacts: _callback_of_rule,
    LadderEndedFacts: _ladder,
    RescheduleRejectedFacts: _move,
    CancelRejectedFacts: _cancel,
    ChangeRejectedFacts: _change,
    ReturnRejectedFacts: _return,
    WrapUpRejectedFacts: _wrap_up,
    WrapUpOvertakenFacts: _overtaken,
    RecycleRejectedFacts: _recycle,
}
"""By the struct of facts, what was refused."""
