"""What the worker made of what was asked, as the view tells it: pure.

A rejection on `callback-lifecycle`, or a dead letter, is a refusal; any other transition that the event caused means
that it was applied. Source: docs/contract.md, sections "callback-lifecycle" and "Dead letters".
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from streams.console.actions.model import Letter, Meant, Outcome
from streams.console.view.model import Told
from topics.names import TopicName
from topics.records import Transition
from topics.replayed import RUN

ERROR_CODE = "ringback.error"


class ToldByEvents(Protocol):
    """What is asked of the view."""

    def events_by(self, event_ids: Collection[str]) -> Mapping[str, tuple[Told, ...]]:
        """What events led to: by event id, lifecycle records whose cause it is, and dead letters of it."""


def outcome(run: str, what: Meant | Letter, told: Sequence[Told]) -> tuple[Outcome, str | None] | None:
    """What became of one, and of a refusal why; None as long as the worker has not said so."""
    found = [one for one in told if not isinstance(what, Letter) or _is_of_replay(run, what, one)]
    if not found:
        return None
    whys = [why for one in found if (why := _why_refused(one)) is not None]
    return (Outcome.REFUSED, whys[0]) if whys else (Outcome.APPLIED, None)


def _is_of_replay(run: str, letter: Letter, told: Told) -> bool:
    """Whether a record is about what was sent anew, and not about what was refused before."""
    if told.topic == TopicName.DEAD_LETTER:
        return told.headers.get(RUN) == run
    cause: Mapping[str, Any] = (told.value or {}).get("cause") or {}
    place = cause.get("partition"), cause.get("offset")
    return place != (letter.from_partition, letter.from_offset)


def _why_refused(told: Told) -> str | None:
    if told.topic == TopicName.DEAD_LETTER:
        return told.headers.get(ERROR_CODE, "dead letter")
    value = told.value or {}
    if value.get("transition") != Transition.REJECTED:
        return None
    return ", ".join(value.get("reasons") or ()) or "rejected"
