"""What the records of the worker say, added up: pure accounting, from the output topics alone.

Every record counted here was read as committed; the worker's own counters have no part in it.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from topics.codec import contact_key
from topics.commands import DialCommand
from topics.names import TopicName
from topics.records import CallbackLifecycle, OutstandingCallbacks, PlacementDecided, Transition

PREVIEW = TopicName.DIAL_PREVIEW
ANALYSIS = TopicName.DIAL_ANALYSIS
TOPIC_OF = {Transition.PRESENTED: PREVIEW, Transition.DIALING: ANALYSIS}
"""Where the command of a transition stands."""

ENDED = frozenset(
    (
        Transition.COMPLETED,
        Transition.CANCELLED,
        Transition.EXPIRED,
        Transition.OWNER_EXPIRED,
        Transition.BLOCKED,
        Transition.NOT_DIALED,
    )
)

ALLOWED = "allowed"

Name = tuple[str, str]
"""A callback: contact key and callback id."""


class End(NamedTuple):
    """What has become of a callback: how often it went out as a preview and for analysis, and where it stands."""

    previews: int
    analyses: int
    state: Transition


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of what was sent.

    placements: answers by reason, `ALLOWED` for one that is none. rejections: by reason. dead_letters: by error code.
    """

    ends: dict[Name, End]
    placements: Counter[str]
    rejections: Counter[str]
    dead_letters: Counter[str]


@dataclass(slots=True)
class Life:
    """The transitions of one callback, in their order, by count."""

    campaign_id: str
    state: Transition
    counts: Counter[Transition] = field(default_factory=Counter)

    @property
    def end(self) -> End:
        """What has become of it."""
        return End(self.counts[Transition.PRESENTED], self.counts[Transition.DIALING], self.state)


class Late(NamedTuple):
    """How late a command was, in seconds: when it was written, and when its reader had it."""

    written_s: float
    received_s: float


class Tally:
    """Everything read so far."""

    def __init__(self) -> None:
        self.lives: dict[Name, Life] = {}
        self.placements: Counter[str] = Counter()
        self.rejections: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.commands: dict[str, Counter[Name]] = {PREVIEW: Counter(), ANALYSIS: Counter()}
        self.command_ids: Counter[str] = Counter()
        self.early: list[Name] = []
        self.views: dict[str, int] = {}
        self._lateness: dict[Name, Late] = {}

    def transition(self, record: CallbackLifecycle[object]) -> None:
        """Take in a lifecycle record; those of one contact come in their order."""
        if record.transition is Transition.REJECTED:
            self.rejections.update(record.reasons)
            return
        assert record.contact_list_id and record.contact_id and record.callback_id, "only a rejection may lack these"
        name = (contact_key(record.contact_list_id, record.contact_id), record.callback_id)
        life = self.lives.setdefault(name, Life(record.campaign_id, record.transition))
        if record.transition is not Transition.CHANGED:
            life.state = record.transition
        life.counts[record.transition] += 1

    def command(self, topic: str, command: DialCommand, written_at: datetime, received_at: datetime) -> None:
        """Take in a dial command. written_at: the record's timestamp, in whole milliseconds."""
        name = (contact_key(command.contact_list_id, command.contact_id), command.callback_id)
        self.commands[topic][name] += 1
        self.command_ids[command.command_id] += 1
        if written_at - command.due_at <= -timedelta(milliseconds=1):
            self.early.append(name)
        written, received = (at - command.due_at for at in (written_at, received_at))
        self._lateness[name] = Late(written.total_seconds(), received.total_seconds())

    def decided(self, decided: PlacementDecided[object]) -> None:
        """Take in the answer to a placement request."""
        self.placements.update([ALLOWED] if decided.allowed else decided.reasons)

    def dead_letter(self, code: str) -> None:
        """Take in a dead letter by its error code."""
        self.dead_letters[code] += 1

    def view(self, key: str, view: OutstandingCallbacks | None) -> None:
        """Take in the view of a contact; None is a tombstone."""
        self.views[key] = 0 if view is None else len(view.callbacks)

    @property
    def outstanding(self) -> int:
        """Callbacks that have been scheduled and have not ended."""
        return sum(life.state not in ENDED for life in self.lives.values())

    def standing(self, state: Transition, campaign_id: str | None = None) -> int:
        """Callbacks that stand there now, of one campaign or of all."""
        return sum(life.state is state and campaign_id in (None, life.campaign_id) for life in self.lives.values())

    def transitions(self, transition: Transition) -> int:
        """Records of this transition."""
        return sum(life.counts[transition] for life in self.lives.values())

    def lateness(self) -> list[Late]:
        """Of every command whose callback did not wait for its campaign."""
        lives = self.lives
        return [
            late
            for name, late in self._lateness.items()
            if name in lives and not lives[name].counts[Transition.WAITING]
        ]
