"""What a partition need not hold in memory: the timers that lie ahead, kept in the order in which they are wanted.

A shelf is derived from the rows, changes with them, and is never written to Kafka. It decides nothing and reads no
clock. Source: docs/decisions/0057-due-index-on-disk.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from streams.logic.contact.callback import Status
from streams.logic.contact.rows import Outlined, wake_ups
from streams.logic.partition.due_index import Wanted

BEGINNING: Wanted = (datetime.min.replace(tzinfo=UTC), "", b"")
"""Before every timer."""
EVER: Wanted = (datetime.max.replace(tzinfo=UTC), "", b"")
"""After every timer."""

Totals = Mapping[str, Mapping[str, int]]
"""How many callbacks are outstanding, by campaign and state."""


class Shelved(NamedTuple):
    """The first timer of a contact. scheduled: campaign and due second of each of its callbacks, for the census.

    scheduled is empty if the contact is at hand: it has been counted then.
    """

    wanted: Wanted
    scheduled: tuple[tuple[str, int], ...] = ()


class Derived(NamedTuple):
    """What follows from the row of a contact. shelved: None if no timer does.

    states: a campaign and a state for each of its callbacks.
    """

    shelved: Shelved | None = None
    at_hand: bool = False
    states: tuple[tuple[str, Status], ...] = ()

    @property
    def first_timer(self) -> Wanted | None:
        """The timer that is wanted first."""
        return None if self.shelved is None else self.shelved.wanted


NOTHING = Derived()
"""Of a contact that has no row."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a partition reads ahead. entries: in one step; ahead: what is in memory at least, twice that at most.

    The gauges look a minute ahead, and an engine that has nothing to do sleeps for a minute at most.
    """

    entries: int = 1000
    ahead: timedelta = timedelta(minutes=3)


REACH = Reach()


class Shelf(Protocol):
    """Of one partition. reached: the timers up to here are in memory as soon as every row of `at_hand` is."""

    reached: Wanted

    def prepared(self, rows_per_step: int) -> Iterator[None]:
        """Derive what is missing, from all rows, in steps. Raises UnknownRowVersion, and what damage raises."""

    def at_hand(self) -> Iterator[tuple[bytes, bytes]]:
        """The rows that a start has to see: of contacts that are `is_at_hand`, and the partition's own."""

    def totals(self) -> Totals | None:
        """All of them; None if they are not kept, and have to be counted by the rows that are at hand."""

    def following(self, after: Wanted, until: datetime, most: int) -> Sequence[Shelved]:
        """The first timers of contacts that come after this one, and before `until`, in their order."""

    def keys(self, after: Wanted) -> Iterator[bytes]:
        """The contacts whose first timer comes after this one."""

    def note(self, key: bytes, was: Derived, now: Derived) -> None:
        """The row of a contact has changed, and what follows from it."""

    def note_same(self, key: bytes) -> None:
        """The row of a contact has changed, and nothing that follows from it."""

    def verify(self, timer: Wanted, row: Outlined | None) -> None:
        """A timer fires that has not been retried: raise what damage raises unless the row has it too."""


class InMemory:
    """The shelf of a partition that holds everything in memory, and has seen every row at its start."""

    def __init__(self, table: Mapping[bytes, bytes]) -> None:
        self._table = table
        self.reached = EVER

    def prepared(self, rows_per_step: int) -> Iterator[None]:
        """Nothing is derived."""
        return iter(())

    def at_hand(self) -> Iterator[tuple[bytes, bytes]]:
        """Every row."""
        return iter(self._table.items())

    def totals(self) -> Totals | None:
        """None are kept."""
        return None

    def following(self, after: Wanted, until: datetime, most: int) -> Sequence[Shelved]:
        """There are none."""
        return ()

    def keys(self, after: Wanted) -> Iterator[bytes]:
        """There are none."""
        return iter(())

    def note(self, key: bytes, was: Derived, now: Derived) -> None:
        """Nothing."""

    def note_same(self, key: bytes) -> None:
        """Nothing."""

    def verify(self, timer: Wanted, row: Outlined | None) -> None:
        """It was derived from that row."""


def first_timer(key: bytes, row: Outlined | None) -> Wanted | None:
    """The timer of a contact that is wanted first; None if it waits for nothing but events and releases."""
    wanted = wake_ups(row)
    if not wanted:
        return None
    at, callback_id = wanted[0] if len(wanted) == 1 else min(wanted)
    return at, callback_id, key


def is_at_hand(row: Outlined | None) -> bool:
    """Whether a start has to see this row, however far its timers are away.

    A callback that is scheduled is not looked at before it is due, and so not before its timer. Every other one is.
    """
    for one in row.callbacks if row is not None else ():
        if one.status is not Status.SCHEDULED or one.timer is None or one.timer.at > one.due_at:
            return True
    return False


def second_of(at: datetime) -> int:
    """The whole second of an instant, since the epoch."""
    return int(at.timestamp())


def derived(key: bytes, row: Outlined | None) -> Derived:
    """What follows from this row of a contact."""
    wanted = first_timer(key, row)
    if row is None or not row.callbacks:
        return NOTHING if wanted is None else Derived(Shelved(wanted))
    states = tuple([(one.campaign_id, one.status) for one in row.callbacks])
    if is_at_hand(row):
        return Derived(None if wanted is None else Shelved(wanted), True, states)
    if wanted is None:
        return Derived(None, False, states)
    due = tuple([(one.campaign_id, second_of(one.due_at)) for one in row.callbacks])
    return Derived(Shelved(wanted, due), False, states)
