"""What the callbacks of one partition are doing, counted as they change: for the metrics, not for any decision.

It reads no clock. Source: docs/metrics.md.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from streams.logic.contact.callback import Status
from streams.logic.contact.rows import OutlinedCallback, held_by
from streams.logic.partition.moments import Moments
from streams.logic.partition.shelf import Totals, second_of
from topics.facts import HeldBy
from topics.records import CallbackState

WORKER = "worker"
"""What a callback waits for that is scheduled: its time, and then the worker."""
WAITS_FOR = (WORKER, *HeldBy)
OVERDUE_S = 2
"""In whole seconds: one that fell due in the second before this one may have done so a moment ago."""
SOON_S = 60
IN_HAND = (Status.PRESENTED, Status.DIALING)


@dataclass(slots=True)
class Counts:
    """Of a partition, or of a campaign in it. due_at: by what is waited for. in_hand: when commands were written."""

    states: dict[str, int] = field(default_factory=dict)
    due_at: dict[str, Moments] = field(default_factory=lambda: {name: Moments() for name in WAITS_FOR})
    in_hand: dict[Status, Moments] = field(default_factory=lambda: {status: Moments() for status in IN_HAND})

    def place(self, callback: OutlinedCallback) -> None:
        """Let its instant count."""
        moments, second = self._place(callback)
        moments.add(second)

    def displace(self, callback: OutlinedCallback) -> None:
        """Let its instant count no more."""
        moments, second = self._place(callback)
        moments.remove(second)

    def in_state(self, state: CallbackState) -> int:
        """How many are in this state."""
        return self.states.get(state, 0)

    def overdue(self, waits_for: str, now: datetime, bounds: tuple[int, ...]) -> list[int]:
        """How many that wait for this fell due more than a second ago, by age as `Moments.ages` has it; last, all."""
        return self.due_at[waits_for].ages(second_of(now), OVERDUE_S, bounds)

    def oldest_s(self, waits_for: str, now: datetime) -> int:
        """Seconds since the oldest of those fell due; 0 if there is none."""
        first = self.due_at[waits_for].first()
        age = 0 if first is None else second_of(now) - first
        return age if age >= OVERDUE_S else 0

    def due(self, now: datetime) -> int:
        """How many are due that nothing but the worker holds up."""
        return self.due_at[WORKER].count(0, second_of(now) + 1)

    def due_soon(self, now: datetime) -> int:
        """How many fall due within the next minute."""
        second = second_of(now)
        return self.due_at[WORKER].count(second, second + SOON_S)

    def command_ages(self, status: Status, now: datetime, bounds: tuple[int, ...]) -> list[int]:
        """How many commands have no outcome yet, by age. status: `presented` is of previews, `dialing` of analyses."""
        return self.in_hand[status].ages(second_of(now), 0, bounds)

    def _place(self, callback: OutlinedCallback) -> tuple[Moments, int]:
        if callback.status is Status.SCHEDULED:
            return self.due_at[WORKER], second_of(callback.due_at)
        if callback.status in IN_HAND:
            # Version 2 stored no instant of its own for the command.
            return self.in_hand[callback.status], second_of(callback.commanded_at or callback.due_at)
        waits_for = held_by(callback) if callback.status is Status.WAITING else WORKER
        return self.due_at[waits_for], second_of(callback.due_at)


class Census:
    """Of one partition. total: of all campaigns; campaigns: of those that were named, by id.

    States are of all callbacks. Instants are of those that somebody may ask about now: see `Agenda`.
    """

    def __init__(self, campaigns: Collection[str] = ()) -> None:
        self.total = Counts()
        self._total = (self.total,)
        self.campaigns = {campaign_id: Counts() for campaign_id in campaigns}

    @property
    def outstanding(self) -> int:
        """How many callbacks are scheduled and have not ended."""
        return sum(self.total.states.values())

    def start(self, totals: Totals) -> None:
        """Begin with so many callbacks."""
        for campaign_id, states in totals.items():
            for counts in self._of(campaign_id):
                for state, number in states.items():
                    counts.states[state] = counts.states.get(state, 0) + number

    def count(self, gone: Iterable[OutlinedCallback], come: Iterable[OutlinedCallback]) -> None:
        """The callbacks of a contact until now, and from now on, by their states."""
        for callbacks, change in ((gone, -1), (come, 1)):
            for callback in callbacks:
                for counts in self._of(callback.campaign_id):
                    counts.states[callback.status] = counts.states.get(callback.status, 0) + change

    def place(self, gone: Iterable[OutlinedCallback], come: Iterable[OutlinedCallback]) -> None:
        """Those of which the instants counted until now, and those of which they do from now on."""
        for callback in gone:
            for counts in self._of(callback.campaign_id):
                counts.displace(callback)
        for callback in come:
            for counts in self._of(callback.campaign_id):
                counts.place(callback)

    def load(self, scheduled: Iterable[tuple[str, int]]) -> None:
        """Scheduled callbacks of which the instants count from now on: by campaign and due second."""
        for campaign_id, second in scheduled:
            for counts in self._of(campaign_id):
                counts.due_at[WORKER].add(second)

    def _of(self, campaign_id: str) -> Iterable[Counts]:
        if not self.campaigns:
            return self._total
        if (counts := self.campaigns.get(campaign_id)) is not None:
            return self.total, counts
        return self._total
