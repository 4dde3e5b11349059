"""The rows of contacts as bytes, and the part of them that a restart reads.

Source: docs/rules.md, section 8 row 4; docs/decisions/0002-one-row-per-contact.md.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.logic.contact.callback import Callback, Status, Timer
from streams.logic.contact.inputs import ConfigurationChanged, ContactUnreadable, Input, Released, TimerFired
from streams.logic.contact.limits import ENDING_ROW_BYTES_MAX, MEMORY, ROW_BYTES_MAX, STATE_ROW_BYTES_MAX
from streams.logic.contact.state import Contact
from streams.logic.contact.upgrades import current, outlined
from topics.codec import BadEvent, ErrorCode
from topics.events import PlacementRequested
from topics.facts import Because, HeldBy


class Outline(Struct, frozen=True, gc=False):
    """An outstanding callback as far as a partition has to know it to wake up in time."""

    callback_id: str
    campaign_id: str
    due_at: datetime
    status: Status = Status.SCHEDULED
    timer: Timer | None = None
    held_unreadable: bool = False
    first_due_at: datetime | None = None
    waits_for: HeldBy | None = None
    to_agent: Because | None = None
    commanded_at: datetime | None = None


class RowOutline(Struct, frozen=True, gc=False):
    """The part of a row that a restart reads: the rest is skipped, not decoded."""

    version: int
    callbacks: tuple[Outline, ...] = ()
    heard_at: datetime | None = None


OutlinedCallback = Outline | Callback
"""What is at hand of an outstanding callback: its outline, or all of it."""

Outlined = RowOutline | Contact
"""What is at hand of a contact: the part of its row, or all of it."""


class Lane(NamedTuple):
    """Waiting callbacks that can go out under the same conditions, at the same pace.

    to_agent: an agent gets them, whatever their campaign is. moved: the system moved them to where they fell due.
    """

    campaign_id: str
    to_agent: bool = False
    moved: bool = False


class Waiting(NamedTuple):
    """A callback that waits. held_by: what it waits for, or waited for last."""

    lane: Lane
    callback_id: str
    due_at: datetime
    held_by: HeldBy = HeldBy.CAMPAIGN_OFF


_OF_TIME = TimerFired | Released | ConfigurationChanged | ContactUnreadable

_encoder = msgspec.json.Encoder()
_contacts = msgspec.json.Decoder(Contact)
_outlines = msgspec.json.Decoder(RowOutline)


def decode_contact(row: bytes, since: datetime | None = None) -> Contact:
    """The contact of a row. Raises UnknownRowVersion for one that a newer version wrote.

    since: when its record counts as written if version 1 stored it, which did not keep that; None leaves it open.
    """
    contact = _contacts.decode(current(row))
    if since is None or contact.listed is None or contact.listed.recorded_at is not None:
        return contact
    return replace(contact, listed=replace(contact.listed, recorded_at=since))


def decode_outline(row: bytes) -> RowOutline:
    """The part of a row a restart needs. Raises UnknownRowVersion for one that a newer version wrote."""
    return _outlines.decode(outlined(row))


def row_bytes_max(input_: Input, before: Contact | None, after: Contact) -> int:
    """How many bytes a contact's row may take after this input.

    An accepted callback must go out and come to its end in a row that is full, so what time brings always fits: it
    adds an instant or two to each callback. What an event brings together with the end of a callback has some room too,
    and so has a request, for which somebody waits. That a record cannot be read has to be remembered in any case.
    """
    if isinstance(input_, _OF_TIME):
        return STATE_ROW_BYTES_MAX
    if isinstance(input_, PlacementRequested):
        return ENDING_ROW_BYTES_MAX
    if before is None or before.callbacks is after.callbacks:
        return ROW_BYTES_MAX
    outstanding = {callback.callback_id for callback in after.callbacks}
    is_end = any(callback.callback_id not in outstanding for callback in before.callbacks)
    return ENDING_ROW_BYTES_MAX if is_end else ROW_BYTES_MAX


def encode_contact(contact: Contact, before: bytes | None, bytes_max: int = ROW_BYTES_MAX) -> bytes:
    """The row of a contact. before: its row until now. bytes_max: from `row_bytes_max`.

    What its callbacks carry on of traces gives way first when the row grows too large. Then what a contact remembers of
    its answers does, then of ended callbacks, each time the older half. If that is not enough, raises
    BadEvent (`too_large`), but only where the row would grow: it must always be possible to call a callback off.
    """
    row = _encoder.encode(contact)
    while len(row) > ROW_BYTES_MAX and (contact.answers or contact.ended or _is_traced(contact)):
        contact = _lightened(contact)
        row = _encoder.encode(contact)
    if len(row) > max(bytes_max, len(before or b"")):
        raise BadEvent(ErrorCode.TOO_LARGE, "$", "The contact would take more room than it may")
    return row


def _is_traced(contact: Contact) -> bool:
    return any(callback.trace for callback in contact.callbacks)


def _lightened(contact: Contact) -> Contact:
    if _is_traced(contact):
        return replace(contact, callbacks=tuple(replace(callback, trace=None) for callback in contact.callbacks))
    if contact.answers:
        latest = list(contact.answers.items())[(len(contact.answers) + 1) // 2 :]
        return replace(contact, answers=dict(latest))
    return replace(contact, ended=contact.ended[(len(contact.ended) + 1) // 2 :])


def wake_ups(row: Outlined | None) -> list[tuple[datetime, str]]:
    """When the contact's timers fire, and of which callback; an empty id is the end of its memory.

    Nothing if it waits for nothing but events and releases.
    """
    if row is None:
        return []
    if not row.callbacks:
        return [] if row.heard_at is None else [(row.heard_at + MEMORY, "")]
    return [(callback.timer.at, callback.callback_id) for callback in row.callbacks if callback.timer]


def waiting_in(callbacks: Iterable[OutlinedCallback]) -> set[Waiting]:
    """Those of a contact's callbacks that wait."""
    return {
        Waiting(lane_of(callback), callback.callback_id, callback.due_at, held_by(callback))
        for callback in callbacks
        if callback.status is Status.WAITING
    }


def lane_of(callback: OutlinedCallback) -> Lane:
    """The lane in which a callback waits, if it does."""
    return Lane(callback.campaign_id, callback.to_agent is not None, callback.first_due_at is not None)


def held_by(callback: OutlinedCallback) -> HeldBy:
    """What a waiting callback waits for, or waited for last."""
    if callback.waits_for is not None:
        return callback.waits_for
    return HeldBy.UNREADABLE if callback.held_unreadable else HeldBy.CAMPAIGN_OFF
