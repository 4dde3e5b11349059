"""How a callback came to be due when it is, in words: who scheduled or moved it, and on what occasion.

Source: docs/contract.md, section "callback-lifecycle".
"""

from streams.console.why.entries import Entry, way_of
from streams.console.why.moments import seconds
from streams.console.why.ownership import by_whom, wanted_for
from streams.console.why.reading import is_true, whole
from streams.console.why.refusals import actor_and_reason
from streams.console.why.words import said
from topics.callback_events import Source
from topics.facts import ScheduledByAgentFacts, ScheduledByRuleFacts
from topics.rescheduled_facts import LetGoFacts


def due(entry: Entry) -> str:
    """Its due time: "due at 16:00"."""
    return f"due {entry.moments.at(entry.due_at)}" if entry.due_at else "due at a time that is not known"


def scheduled_by_agent(entry: Entry) -> str:
    """An agent scheduled it."""
    words = _capital(_agent_did(entry))
    return f"{words}: {', '.join([due(entry), *_for_whom(entry)])}"


def scheduled_by_rule(entry: Entry) -> str:
    """A rule scheduled it."""
    return f"{_capital(_rule_did(entry))}: {', '.join([due(entry), *_offset(entry)])}"


def moved(entry: Entry) -> str:
    """Somebody moved it, or asked for that too late."""
    if entry.fact("superseded_by"):
        asked_for = entry.bare("asked_for") or "another time"
        return f"A move to {asked_for}{actor_and_reason(entry.facts)} came late: a later one counts, {due(entry)}"
    to, window = entry.moments.bare(entry.due_at) if entry.due_at else "another time", entry.bare("window_end_at")
    return f"{_capital(_moved(entry, f' to {to}'))}{f', in a window until {window}' if window else ''}"


def let_go(entry: Entry) -> str:
    """The call in flight for which it waited has ended."""
    before = entry.bare("previous_due_at")
    return f"The call that it waited for has ended: {due(entry)}{f' instead of {before}' if before else ''}"


def set_by(entry: Entry) -> str:
    """Who or what set its due time, and when: "scheduled by agent a7 at 14:30"."""
    when, way = entry.moments.at(entry.at), way_of(entry)
    if way is ScheduledByAgentFacts:
        return ", ".join([f"{_agent_did(entry)} {when}", *_for_whom(entry)])
    if way is ScheduledByRuleFacts:
        return ", ".join([f"{_rule_did(entry)} {when}", *_offset(entry)])
    if way is LetGoFacts:
        return f"the call that it waited for ended {when}"
    return f"{_moved(entry, '')} {when}"


def _agent_did(entry: Entry) -> str:
    agent_id, source = entry.fact("agent_id"), entry.fact("source")
    by = f"agent {agent_id}" if agent_id else "an agent"
    return f"{by} scheduled it{f' {said(Source, source)}' if source else ''}"


def _for_whom(entry: Entry) -> list[str]:
    kept, window = wanted_for(entry.facts), entry.bare("window_end_at")
    parts = [
        kept.replace(f"agent {entry.fact('agent_id')}", "that agent"),
        f"in a window until {window}" if window else "",
    ]
    return [part for part in parts if part]


def _rule_did(entry: Entry) -> str:
    code = entry.fact("wrap_up_code")
    return f"{by_whom(entry.facts) or 'a rule'} scheduled it{f' after wrap-up code {code}' if code else ''}"


def _offset(entry: Entry) -> list[str]:
    minutes, clock = whole(entry.facts, "offset_minutes"), entry.fact("at_local_time")
    step, steps = whole(entry.facts, "step"), whole(entry.facts, "steps")
    parts = [
        f"{seconds(minutes * 60)} after it" if minutes and not clock else "",
        f"at {clock} by the contact's clock" if clock else "",
        f"step {step} of {steps} of its ladder" if step and steps else "",
    ]
    return [part for part in parts if part]


def _moved(entry: Entry, to: str) -> str:
    before = entry.bare("previous_due_at")
    verb = "reopened and moved" if is_true(entry.facts, "reopened") else "moved"
    return f"{verb}{f' from {before}' if before else ''}{to}{actor_and_reason(entry.facts)}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
