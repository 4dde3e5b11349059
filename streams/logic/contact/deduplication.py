"""The ids of events that were applied to a contact, within bounds, and when they are removed.

Source: docs/rules.md, section 8 rows 3 and 4.
"""

import hashlib
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from streams.logic.contact.clock_check import EPOCH, MICROSECOND
from streams.logic.contact.limits import ID_KEPT_WHOLE, MEMORY, REMEMBERED_MAX
from streams.logic.contact.state import Cancel, Contact

_Kept = TypeVar("_Kept")

WRAPPED_UP = 1
SCHEDULED_FROM = 2
"""The two lowest bits of a remembered conversation: it has had its first wrap-up; an agent has scheduled a callback in
it. The bits above are the `occurred_at` of the first wrap-up, in microseconds since 1970; 0 if that was not kept."""

_INSTANT = 2


def seen_id(topic_letter: str, event_id: str) -> str:
    """How an event id is remembered: with its topic, as an id is unique per contact and topic only."""
    return topic_letter + kept_id(event_id)


def kept_id(text: str) -> str:
    """An id as it is, or the digest of a long one."""
    return text if len(text) <= ID_KEPT_WHOLE else "#" + hashlib.sha256(text.encode()).hexdigest()[:32]


def note_event(contact: Contact, seen: str, meaning: str, occurred_at: datetime, now: datetime) -> Contact:
    """The contact after an event was applied for the first time. seen: from `seen_id`. meaning: from `meaning_of`."""
    # A sender's clock may run ahead, and its event must be remembered until it is too old by its own clock.
    at = max(occurred_at, now, contact.heard_at or now)
    return replace(contact, seen=_latest({**contact.seen, seen: meaning}), heard_at=at)


def touched(contact: Contact, now: datetime) -> Contact:
    """The contact after something happened to it: its memory lasts from here."""
    return replace(contact, heard_at=max(now, contact.heard_at or now))


def conversation_has(contact: Contact, conversation_id: str | None, bit: int) -> bool:
    """Whether this happened in the conversation. No conversation has nothing."""
    return conversation_id is not None and bool(contact.conversations.get(kept_id(conversation_id), 0) & bit)


def note_scheduled_from(contact: Contact, conversation_id: str | None) -> Contact:
    """The contact after an agent scheduled a callback in the conversation."""
    return contact if conversation_id is None else _note(contact, conversation_id, SCHEDULED_FROM)


def note_wrapped_up(contact: Contact, conversation_id: str, occurred_at: datetime) -> Contact:
    """The contact after a wrap-up of the conversation; its first one is remembered."""
    if conversation_has(contact, conversation_id, WRAPPED_UP):
        return contact
    return _note(contact, conversation_id, WRAPPED_UP | (occurred_at - EPOCH) // MICROSECOND << _INSTANT)


def wrapped_up_at(contact: Contact, conversation_id: str) -> datetime | None:
    """`occurred_at` of the first wrap-up of a conversation; None if it had none, or that was not kept."""
    since = contact.conversations.get(kept_id(conversation_id), 0) >> _INSTANT
    return EPOCH + since * MICROSECOND if since else None


def note_cancel(contact: Contact, callback_id: str, cancel: Cancel) -> Contact:
    """The contact after a cancel for a callback it does not know. The latest by `occurred_at` is remembered."""
    known = contact.cancels.get(callback_id)
    if known is not None and known.occurred_at >= cancel.occurred_at:
        return contact
    others = {key: value for key, value in contact.cancels.items() if key != callback_id}
    return replace(contact, cancels=_latest({**others, callback_id: cancel}))


def forgotten_at(contact: Contact) -> datetime | None:
    """When the contact's memory ends; None while a callback is outstanding or there is nothing to forget."""
    if contact.callbacks or contact.heard_at is None:
        return None
    return contact.heard_at + MEMORY


def forget(contact: Contact) -> Contact | None:
    """The contact without its memory: its record with what belongs to it, or None when it has no record.

    One that cannot be read is a record too.
    """
    if contact.listed is None and not contact.unreadable:
        return None
    return replace(
        contact,
        ended=(),
        attempts={},
        cancels={},
        conversations={},
        answers={},
        seen={},
        heard_at=None,
        rungs=(),
        call_offs=(),
        flights=(),
    )


def _note(contact: Contact, conversation_id: str, bits: int) -> Contact:
    kept = kept_id(conversation_id)
    conversations = {**contact.conversations, kept: contact.conversations.get(kept, 0) | bits}
    return replace(contact, conversations=_latest(conversations))


def _latest(remembered: dict[str, _Kept]) -> dict[str, _Kept]:
    if len(remembered) > REMEMBERED_MAX:
        del remembered[next(iter(remembered))]
    return remembered
