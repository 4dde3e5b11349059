"""What held a command up, for the metrics.

Source: docs/rules.md, section 8 row 27.
"""

from dataclasses import dataclass
from datetime import datetime

from streams.logic.contact.effects import Dial
from streams.logic.contact.exchange import Fired, LatenessCause
from streams.logic.contact.limits import BACKLOG_FROM
from streams.logic.partition.outputs import topic_of


@dataclass(slots=True)
class Holding:
    """Since when a partition has been held, and how long it stood still at last; None: not known, or it did not.

    acquired_at: when somebody began to acquire it. stood_from, went_on_at: while it was being acquired, or kept over a
    rebalance, no timer fired.
    """

    acquired_at: datetime | None = None
    stood_from: datetime | None = None
    went_on_at: datetime | None = None

    def begins(self, now: datetime) -> None:
        """Somebody begins to acquire it."""
        self.acquired_at = now
        self.stands(now)

    def stands(self, now: datetime) -> None:
        """No timer fires from now on, if any did."""
        if self.stood_from is None or self.went_on_at is not None:
            self.stood_from, self.went_on_at = now, None

    def goes_on(self, now: datetime) -> None:
        """Timers fire from now on."""
        self.went_on_at = now

    def stood_at(self, at: datetime) -> bool:
        """Whether it was held at that instant, and stood still."""
        return self.stood_from is not None and self.stood_from <= at and (not self.went_on_at or at < self.went_on_at)


def fired(effect: Dial, holding: Holding, now: datetime) -> Fired:
    """The entry for one command of a partition that is held so."""
    if effect.held_by is not None:
        cause = LatenessCause(effect.held_by)
    elif holding.acquired_at is not None and effect.wanted_at < holding.acquired_at:
        cause = LatenessCause.OUTAGE
    elif holding.stood_at(effect.wanted_at):
        cause = LatenessCause.ACQUISITION
    elif now - effect.wanted_at > BACKLOG_FROM:
        cause = LatenessCause.BACKLOG
    else:
        # Of one that was moved, only the time from the open slot on is counted.
        cause = LatenessCause.ZONE if effect.moved else LatenessCause.NONE
    return Fired(topic_of(effect), effect.wanted_at, cause)
