"""The inputs of a contact: the events of its topics, and what a partition finds out by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from topics.callback_events import (
    CallbackCancelled,
    CallbackChanged,
    CallbackRescheduled,
    CallbackReturned,
    CallbackScheduled,
)
from topics.events import ContactRecord, PlacementRequested, WrapUp
from topics.facts import HeldBy


@dataclass(frozen=True, slots=True)
class ContactRecorded:
    """The contact's record. at: when it was written to Kafka, no later than now."""

    record: ContactRecord
    at: datetime


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """The tombstone of a contact's record."""

    contact_list_id: str
    contact_id: str


@dataclass(frozen=True, slots=True)
class ContactUnreadable:
    """A record of a contact that cannot be read at all."""

    contact_list_id: str
    contact_id: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of this contact is due: that of a callback, or with callback_id None the one that ends its memory.

    paced: if the callback falls due now, the rate of its campaign does not let it out yet.
    """

    callback_id: str | None
    paced: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """A waiting callback may go out. held_by: what it waited for last."""

    callback_id: str
    held_by: HeldBy


@dataclass(frozen=True, slots=True)
class Applied:
    """Offsets of the last contact list clear and of the last recycle that a partition has applied; -1 for none."""

    cleared: int = -1
    recycled: int = -1


@dataclass(frozen=True, slots=True)
class ConfigurationChanged:
    """The configuration changed for this contact. applied: clears and recycles up to these have been applied to it.

    since: the same for callbacks of campaigns that can be read again, by campaign: those that came meanwhile are new.
    """

    applied: Applied
    since: Mapping[str, Applied] = field(default_factory=dict)


Input = (
    WrapUp
    | CallbackScheduled
    | CallbackRescheduled
    | CallbackCancelled
    | CallbackChanged
    | CallbackReturned
    | PlacementRequested
    | ContactRecorded
    | ContactRemoved
    | ContactUnreadable
    | TimerFired
    | Released
    | ConfigurationChanged
)
