"""The delay cause of a command, for the metrics.

Source: docs/rules.md, section 8 row 27.
"""

from dataclasses import dataclass
from datetime import datetime

from streams.logic.contact.effects import Dial
from streams.logic.contact.exchange import Fired, LatenessCause
from streams.logic.contact.limits import BACKLOG_FROM
from streams.logic.partition.outputs import topic_of


@dataclass(slots=True)
class HeldTimes:
    """When a partition was acquired, and when it was paused last; None: not known, or it was not.

    acquired_at: when its acquisition began. paused_at, resumed_at: in between no timer fired, because it was being
    acquired, or kept over a rebalance.
    """

    acquired_at: datetime | None = None
    paused_at: datetime | None = None
    resumed_at: datetime | None = None

    def acquiring(self, now: datetime) -> None:
        """Its acquisition begins."""
        self.acquired_at = now
        self.pause(now)

    def pause(self, now: datetime) -> None:
        """No timer fires from now on, if any did."""
        if self.paused_at is None or self.resumed_at is not None:
            self.paused_at, self.resumed_at = now, None

    def resume(self, now: datetime) -> None:
        """Timers fire from now on."""
        self.resumed_at = now

    def was_paused_at(self, at: datetime) -> bool:
        """Whether it was paused at that instant."""
        return self.paused_at is not None and self.paused_at <= at and (not self.resumed_at or at < self.resumed_at)


def fired(effect: Dial, held_times: HeldTimes, now: datetime) -> Fired:
    """The entry for one command of a partition with these times."""
    if effect.held_by is not None:
        cause = LatenessCause(effect.held_by)
    elif held_times.acquired_at is not None and effect.wanted_at < held_times.acquired_at:
        cause = LatenessCause.OUTAGE
    elif held_times.was_paused_at(effect.wanted_at):
        cause = LatenessCause.ACQUISITION
    elif now - effect.wanted_at > BACKLOG_FROM:
        cause = LatenessCause.BACKLOG
    else:
        # Of one that was moved, only the time from then on is counted.
        cause = LatenessCause(effect.moved_for) if effect.moved_for else LatenessCause.NONE
    traceparent = None if effect.trace is None else effect.trace.traceparent
    return Fired(topic_of(effect), effect.wanted_at, cause, effect.command.command_id, traceparent)
