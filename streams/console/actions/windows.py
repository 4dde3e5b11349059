"""The window that a callback has, as its story tells: for a move that takes it along, and for one that is taken back.

Source: docs/rules.md, section "Windows"; docs/contract.md, section "Facts of a transition".
"""

from datetime import datetime
from typing import Any

from streams.console.view.model import Story
from topics.names import TopicName
from topics.records import Transition

SYSTEM_MOVES = frozenset({"first_due_at", "returned"})
"""A move with one of these facts was not asked for by somebody, and leaves the window as it is."""


def window_end_at(story: Story, before: str | None = None) -> datetime | None:
    """The end of the window that a callback has, or had before the event with this id; None without one."""
    end: str | None = None
    for told in story.told:
        value: dict[str, Any] = dict(told.value or {})
        if told.topic != TopicName.CALLBACK_LIFECYCLE:
            continue
        if before is not None and (value.get("cause") or {}).get("event_id") == before:
            break
        facts = value.get("facts") or {}
        moved = value.get("transition") == Transition.RESCHEDULED and SYSTEM_MOVES.isdisjoint(facts)
        if moved or value.get("transition") == Transition.SCHEDULED:
            end = facts.get("window_end_at")
    return None if end is None else datetime.fromisoformat(end)
