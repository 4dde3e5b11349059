"""What an event means, in a few characters: an id that comes again with another meaning is no repeat.

Which fields make the meaning is listed in docs/contract.md, section "Ids that come again". When it occurred is none.
"""

import hashlib
from datetime import datetime
from typing import assert_never

import msgspec

from topics.callback_events import (
    CallbackCancelled,
    CallbackChanged,
    CallbackRescheduled,
    CallbackReturned,
    CallbackScheduled,
)
from topics.codec import BadEvent, CallbackEvent, ErrorCode
from topics.events import PlacementRequested, WrapUp

Event = WrapUp | CallbackEvent | PlacementRequested

UNKNOWN = ""
"""Of an event that a version applied which did not keep its meaning; it counts as equal to every other."""

DIGEST_BYTES = 4
"""Eight characters: two meanings of one id are taken for the same once in four billion times."""

_encoder = msgspec.json.Encoder()


def meaning_of(event: Event) -> str:
    """The meaning of an event: equal events have equal ones."""
    return hashlib.blake2b(_encoder.encode(_parts(event)), digest_size=DIGEST_BYTES).hexdigest()


def check_same(known: str, meaning: str, path: str) -> None:
    """Raise BadEvent (`id_reused`) if an id that is known comes again with another meaning. path: of the id."""
    if known not in (UNKNOWN, meaning):
        raise BadEvent(ErrorCode.ID_REUSED, path, "The id stands for something else")


def _parts(event: Event) -> tuple[object, ...]:
    match event:
        case WrapUp():
            return event.conversation_id, event.phone_number, event.wrap_up_code, event.callback_id
        case PlacementRequested():
            # A field that came later is a part of it only where it is there: what was stored before stays as it is.
            named: tuple[str, ...] = () if event.command_id is None else (event.command_id,)
            return event.origin, event.campaign_id, event.callback_id, event.phone_number, *named
        case CallbackScheduled():
            return "scheduled", event.callback_id, event.due_at, *_window_of(event)
        case CallbackRescheduled():
            later = _changes_of(event) if any(_changes_of(event)) else ()
            return "rescheduled", event.callback_id, event.due_at, *_window_of(event), *later
        case CallbackCancelled():
            return "cancelled", event.callback_id
        case CallbackChanged():
            return "changed", event.callback_id, *_changes_of(event)
        case CallbackReturned():
            return "returned", event.callback_id, event.command_id, event.reason
        case _:
            assert_never(event)


def _window_of(event: CallbackScheduled | CallbackRescheduled) -> tuple[datetime, ...]:
    return () if event.window_end_at is None else (event.window_end_at,)


def _changes_of(event: CallbackChanged | CallbackRescheduled) -> tuple[str | None, ...]:
    return event.phone_number, event.agent_id, event.owner, event.queue_id, event.notes
