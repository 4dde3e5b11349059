"""The inputs of a contact: the events of its topics, and what a partition finds out by itself."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from topics.callback_events import (
    CallbackCancelled,
    CallbackChanged,
    CallbackRescheduled,
    CallbackReturned,
    CallbackScheduled,
    ContactErased,
)
from topics.events import ContactRecord, PlacementRequested, WrapUp
from topics.facts import HeldBy


class ContactRecorded(Struct, frozen=True, gc=False):
    """The contact's record. at: when it was written to Kafka, no later than now."""

    record: ContactRecord
    at: datetime


class ContactRemoved(Struct, frozen=True, gc=False):
    """The tombstone of a contact's record."""

    contact_list_id: str
    contact_id: str


class ContactUnreadable(Struct, frozen=True, gc=False):
    """A record of a contact that cannot be read at all."""

    contact_list_id: str
    contact_id: str


class TimerFired(Struct, frozen=True, gc=False):
    """A timer of this contact is due: that of a callback, or with callback_id None the one that ends its memory.

    paced: if the callback falls due now, the rate of its campaign does not let it out yet.
    """

    callback_id: str | None
    paced: bool = False


class Released(Struct, frozen=True, gc=False):
    """A waiting callback may go out. held_by: what it waited for last."""

    callback_id: str
    held_by: HeldBy


class Applied(Struct, frozen=True, gc=False):
    """Offsets of the last contact list clear and of the last recycle that a partition has applied; -1 for none."""

    cleared: int = -1
    recycled: int = -1


class ConfigurationChanged(Struct, frozen=True, gc=False):
    """The configuration changed for this contact. applied: clears and recycles up to these have been applied to it.

    since: the same for callbacks of campaigns that can be read again, by campaign: those that came meanwhile are new.
    """

    applied: Applied
    since: Mapping[str, Applied] = {}


Input = (
    WrapUp
    | CallbackScheduled
    | CallbackRescheduled
    | CallbackCancelled
    | CallbackChanged
    | CallbackReturned
    | ContactErased
    | PlacementRequested
    | ContactRecorded
    | ContactRemoved
    | ContactUnreadable
    | TimerFired
    | Released
    | ConfigurationChanged
)
