"""What is remembered of a contact that was erased: when that was, and nothing that says which contact it is.

Without it, an event of before that comes once more would bring the contact back. It is kept under a digest of the
contact's key. Source: docs/rules.md, rule 9.10; docs/decisions/0072-erasure.md.
"""

import hashlib
from datetime import datetime

from msgspec import Struct

from streams.logic.contact.inputs import ContactRecorded, Input
from streams.logic.contact.limits import ERASURE_KEPT, MEMORY
from streams.logic.contact.state import Contact
from topics.callback_events import CallbackChanged, CallbackRescheduled, CallbackReturned, ContactErased
from topics.codec import CallbackEvent
from topics.events import PlacementRequested, WrapUp

DIGEST_BYTES = 16
"""Two contacts of one installation never have the same digest by chance."""

_PERSON = b"ringback erased"

LEAVES_NOTHING = PlacementRequested | CallbackRescheduled | CallbackChanged
"""What is answered, or refused, about a contact of which nothing is known since its erasure, and then forgotten."""


class Erasure(Struct, frozen=True, kw_only=True, gc=False):
    """A contact was erased. event: digest of its event's id; occurred_at: of the event; decided_at: when applied.

    up_to: whatever occurred up to then is of before. until: when this is forgotten, too. Of several, the latest.
    """

    event: str
    occurred_at: datetime
    decided_at: datetime
    up_to: datetime
    until: datetime


def event_digest(event_id: str) -> str:
    """The digest of the id of an event, which may be made of that of a contact."""
    return _digest(event_id.encode())


def digest_of(key: bytes) -> str:
    """The digest of a contact's key."""
    return _digest(key)


def erasure_of(event: ContactErased, before: Erasure | None, now: datetime) -> Erasure:
    """What is remembered of an erasure. before: of the erasure before, if it is remembered."""
    up_to = max(event.occurred_at, before.up_to) if before else event.occurred_at
    until = max(up_to + MEMORY, event.remembered_until or now + ERASURE_KEPT)
    return Erasure(
        event=event_digest(event.event_id),
        occurred_at=event.occurred_at,
        decided_at=now,
        up_to=up_to,
        until=max(until, before.until) if before else until,
    )


def is_repeated(erasure: Erasure | None, event: ContactErased) -> bool:
    """Whether an event erases nothing: it has been applied, or one that occurred later has."""
    if erasure is None:
        return False
    return event.occurred_at < erasure.occurred_at or erasure.event == event_digest(event.event_id)


def is_of_before(erasure: Erasure, input_: Input, contact: Contact | None) -> bool:
    """Whether an input tells of what was erased, so that nothing follows from it. contact: as it is now.

    A wrap-up or return of a callback that is not known is of a command that had gone out before.
    """
    match input_:
        case ContactRecorded(at=at):
            return at <= erasure.up_to
        case WrapUp():
            names = None if input_.history else input_.callback_id
            return min(input_.occurred_at, input_.called_at) <= erasure.up_to or not _knows(contact, names)
        case CallbackReturned():
            return input_.occurred_at <= erasure.up_to or not _knows(contact, input_.callback_id)
        case _:
            return isinstance(input_, CallbackEvent) and input_.occurred_at <= erasure.up_to


def _knows(contact: Contact | None, callback_id: str | None) -> bool:
    """Whether a callback is known; True, too, of none."""
    if callback_id is None:
        return True
    known = () if contact is None else (*contact.callbacks, *contact.ended)
    return any(one.callback_id == callback_id for one in known)


def _digest(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=DIGEST_BYTES, person=_PERSON).hexdigest()
