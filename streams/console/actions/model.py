"""What is asked for, and how far it is: an action, what it is about, and the run that carries it out. Values only."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from streams.base.errors import OperatorError
from streams.console.view.model import CallbackKey, CallbackRow
from topics.audit import ActedVia, ActionKind
from topics.callback_events import Owner
from topics.commands import Origin

DIGITS_SHOWN = 2
"""Of a number in an audit record or a line for people, its last."""


class NotAllowed(OperatorError):
    """What is asked for makes no sense, or must not be done; the text says why. Nothing was sent."""

    exit_code = 2


class NothingMatched(NotAllowed):
    """No callback, or dead letter, is what was meant, so there is nothing to do."""

    exit_code = 3


class Action(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be done with each callback, by whom and why.

    A move has `due_at`, or `by_s`, seconds that may be negative; and `window_end_at` with the first, if the new time
    has a window. A window of a callback that is moved by some time moves along. A reassignment or a change has at
    least one of the fields from `agent_id` on; what is None stays as it is.
    """

    kind: ActionKind
    actor: str
    reason: str | None = None
    due_at: datetime | None = None
    window_end_at: datetime | None = None
    by_s: int | None = None
    agent_id: str | None = None
    owner: Owner | None = None
    queue_id: str | None = None
    phone_number: str | None = None
    notes: str | None = None

    def changes(self) -> dict[str, str]:
        """What is to be, as text: of a number the last two digits, of notes that there are some."""
        shown = {
            "due_at": _instant(self.due_at),
            "window_end_at": _instant(self.window_end_at),
            "by_s": None if self.by_s is None else str(self.by_s),
            "agent_id": self.agent_id,
            "owner": self.owner,
            "queue_id": self.queue_id,
            "phone_number": self.phone_number and f"...{self.phone_number[-DIGITS_SHOWN:]}",
            "notes": self.notes and "changed",
        }
        return {name: str(value) for name, value in shown.items() if value}


class Meant(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One callback that an action is about, as it was when that was asked for. back_to: what an undo makes of it."""

    contact_list_id: str
    contact_id: str
    callback_id: str
    campaign_id: str
    due_at: datetime | None = None
    window_end_at: datetime | None = None
    agent_id: str | None = None
    owner: str | None = None
    queue_id: str | None = None
    origin: Origin | None = None
    back_to: "Meant | None" = None

    @classmethod
    def of(cls, row: CallbackRow, window_end_at: datetime | None = None) -> "Meant":
        """From a line of the view, which does not have the window."""
        return cls(
            contact_list_id=row.contact_list_id,
            contact_id=row.contact_id,
            callback_id=row.callback_id,
            campaign_id=row.campaign_id,
            due_at=row.due_at,
            window_end_at=window_end_at,
            agent_id=row.agent_id,
            owner=row.owner,
            queue_id=row.queue_id,
            origin=row.origin,
        )

    @property
    def key(self) -> CallbackKey:
        """What identifies the callback."""
        return CallbackKey(self.contact_list_id, self.contact_id, self.callback_id)


class Letter(Struct, frozen=True, kw_only=True):
    """One record that is sent as it is: a dead letter anew, or configuration. topic to headers: of what is sent.

    from_topic, from_partition, from_offset: where what was refused stood, its topic by its full name; "" of
    configuration, which nobody refused. event_id: of the event, if it has one.
    """

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    from_topic: str = ""
    from_partition: int = -1
    from_offset: int = -1
    event_id: str | None = None

    @property
    def place(self) -> str:
        """Where what was refused stood, as a text; empty of configuration."""
        return self.from_topic and place_of(self.from_topic, self.from_partition, self.from_offset)


class Outgoing(Struct, frozen=True):
    """A record to be sent; topic: by its full name."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class RunState(StrEnum):
    """How far a run is. One that is `sending` and that nobody sends was interrupted, and can be resumed."""

    PLANNED = "planned"
    SENDING = "sending"
    ABORTED = "aborted"
    SENT = "sent"


class Outcome(StrEnum):
    """What the worker made of one record; None before it has said so: it is asked for."""

    APPLIED = "applied"
    REFUSED = "refused"


class Run(Struct, frozen=True, kw_only=True):
    """One action on one or many callbacks, or one replay of dead letters, by its name.

    selected: as in its audit records. meant: how many it is about; sent: of those, in their order; applied, refused:
    of those, as far as the worker has said so. asked_at: `occurred_at` of all its events.
    """

    name: str
    action: Action
    selected: Mapping[str, str]
    via: ActedVia
    state: RunState
    planned_at: datetime
    meant: int
    asked_at: datetime | None = None
    ended_at: datetime | None = None
    undoes: str | None = None
    sent: int = 0
    applied: int = 0
    refused: int = 0

    @property
    def asked(self) -> int:
        """Of how many the worker has not said what became of them. Configuration is not answered for."""
        if self.action.kind is ActionKind.CONFIGURE:
            return 0
        return self.sent - self.applied - self.refused


class Refusal(Struct, frozen=True, kw_only=True):
    """One callback or dead letter that was refused, and why: reasons of a rejection, or the code of a dead letter."""

    what: Meant | Letter
    why: str


def moved_to(action: Action, meant: Meant, asked_at: datetime) -> tuple[datetime, datetime | None] | None:
    """The due time that a move or a call now gives a callback, and the end of its window; None without any."""
    if meant.back_to is not None and meant.back_to.due_at is not None:
        return meant.back_to.due_at, meant.back_to.window_end_at
    if action.kind is ActionKind.CALL_NOW:
        return asked_at, None
    if action.by_s is not None and meant.due_at is not None:
        by, end = timedelta(seconds=action.by_s), meant.window_end_at
        return meant.due_at + by, None if end is None else end + by
    return None if action.due_at is None else (action.due_at, action.window_end_at)


def place_of(topic: str, partition: int, offset: int) -> str:
    """Where a record stands, as people read it; topic: by its full name."""
    return f"{topic}/{partition}/{offset}"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
