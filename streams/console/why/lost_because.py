"""Why a call is lost by a change, in words: the latest of its callback in the changed run."""

from zoneinfo import ZoneInfo

from streams.console.why.differences import Changed
from streams.console.why.entries import Entry
from streams.console.why.moments import Moments
from streams.console.why.transitions import transition_in_words
from streams.simulator.lines import instant


def lost_because(one: Changed, zone: ZoneInfo | None = None) -> str:
    """What is last known of the callback in the changed run; empty if the call is made there. zone: of the reader."""
    if one.after is not None or one.call.callback_id is None:
        return ""
    if one.why is None:
        return "Not scheduled"
    at = instant(one.why.get("occurred_at"), "occurred_at")
    return transition_in_words(Entry(one.why, at, Moments.seen(at, zone)))
