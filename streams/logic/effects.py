"""What a decision wants said. Nothing here is said yet: `streams.logic.outputs` turns effects into records.

Within one step the lifecycle records stand in the order of the transitions, each command directly after the
`presented` or `dialing` it belongs to, and the view of the outstanding callbacks last.
"""

from dataclasses import dataclass
from datetime import datetime

from streams.logic.exchange import LatenessCause
from topics.commands import DialCommand
from topics.records import CallbackLifecycle, OutstandingCallbacks


@dataclass(frozen=True, slots=True)
class Dial:
    """Ask the dialer to dial. wanted_at: when it should have been asked. held_by: None for a timer that just fired."""

    preview: bool
    command: DialCommand
    wanted_at: datetime
    held_by: LatenessCause | None = None


Effect = CallbackLifecycle | Dial | OutstandingCallbacks
