"""The effects of a decision. Nothing here is written yet: `streams.logic.partition.outputs` makes records of effects.

Within one step the lifecycle records stand in the order of the transitions, each command directly after the
`presented` or `dialing` it belongs to, and the view of the outstanding callbacks last.
"""

from datetime import datetime

from msgspec import Struct

from streams.logic.contact.callback import MovedFor
from streams.logic.contact.erasures import Erasure
from streams.logic.contact.trace_context import TraceContext
from topics.check_facts import PlacementFacts
from topics.commands import DialCommand
from topics.configuration import DncEntry
from topics.facts import HeldBy, LifecycleFacts
from topics.records import CallbackLifecycle, OutstandingCallbacks, PlacementDecided


class Dial(Struct, frozen=True, gc=False):
    """Ask the dialer to dial. wanted_at: when it should have been asked. held_by: None for a timer that just fired.

    moved_for: why the system had moved the callback before, None if it had not. trace: what the command carries on.
    """

    preview: bool
    command: DialCommand
    wanted_at: datetime
    held_by: HeldBy | None = None
    moved_for: MovedFor | None = None
    trace: TraceContext | None = None


class Answered(Struct, frozen=True, gc=False):
    """The answer to a placement request, encoded. decided: what it says; None if it is an earlier answer once more.

    trace: of the request.
    """

    answer: bytes
    decided: PlacementDecided[PlacementFacts] | None
    trace: TraceContext | None = None


class DncAppended(Struct, frozen=True, gc=False):
    """A number goes on a Do Not Call list: a record for everybody, and it holds here at once."""

    entry: DncEntry


class Erased(Struct, frozen=True, gc=False):
    """The contact is forgotten: nothing is outstanding of it, and this is what is remembered."""

    erasure: Erasure


Effect = CallbackLifecycle[LifecycleFacts] | Dial | OutstandingCallbacks | Answered | DncAppended | Erased
