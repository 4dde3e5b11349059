"""What held a command up, for the metrics.

Source: docs/rules.md, section 8 row 27.
"""

from datetime import datetime

from streams.logic.effects import Dial
from streams.logic.exchange import Fired, LatenessCause
from streams.logic.limits import BACKLOG_FROM
from streams.logic.outputs import topic_of


def fired(effect: Dial, acquired_at: datetime | None, now: datetime) -> Fired:
    """The entry for one command. acquired_at: since when its partition has been held, None if that is not known."""
    if effect.held_by is not None:
        cause = effect.held_by
    elif acquired_at is not None and effect.wanted_at < acquired_at:
        cause = LatenessCause.OUTAGE
    elif now - effect.wanted_at > BACKLOG_FROM:
        cause = LatenessCause.BACKLOG
    else:
        # Of one that was moved, only the time from the open slot on is counted.
        cause = LatenessCause.ZONE if effect.moved else LatenessCause.NONE
    return Fired(topic_of(effect), effect.wanted_at, cause)
