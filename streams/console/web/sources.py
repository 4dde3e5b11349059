"""What the pages need of the other parts, as protocols: the view answers, `why` puts into words, `actions` act.

`streams/console/web/wiring.py` brings the real ones; tests bring small ones.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from streams.console.access.who import Who
from streams.console.actions.dead_letters import Edit
from streams.console.trial.change import Change
from streams.console.trial.files import Asked
from streams.console.trial.trials import Trial
from streams.console.view.model import (
    CallbackKey,
    CallbackRow,
    DeadLetter,
    DeadLetterGroup,
    Filter,
    Now,
    Order,
    Page,
    Quarter,
    Reading,
    Story,
    Told,
)
from streams.console.why.forecast import Blocker
from topics.callback_events import Owner


class Looks(Protocol):
    """The view: see `streams/console/view/view.py`. Every method may be called from any thread."""

    def find(  # noqa: D102
        self,
        by: Filter,
        now: datetime,
        *,
        order: Order = Order.DUE,
        after: str | None = None,
        limit: int = 50,
        count_max: int | None = 10_000,
    ) -> Page: ...
    def count(self, by: Filter, now: datetime) -> int: ...  # noqa: D102
    def counts(self, by: Filter, now: datetime) -> Mapping[str, int]: ...  # noqa: D102
    def callback(self, key: CallbackKey) -> CallbackRow | None: ...  # noqa: D102
    def each(self, by: Filter, now: datetime) -> Iterator[CallbackRow]: ...  # noqa: D102
    def callbacks(self, callback_id: str) -> tuple[CallbackRow, ...]: ...  # noqa: D102
    def story(self, key: CallbackKey) -> Story | None: ...  # noqa: D102
    def contact(  # noqa: D102
        self, contact_list_id: str, contact_id: str
    ) -> tuple[Mapping[str, Any] | None, tuple[CallbackRow, ...]]: ...
    def now(self, now: datetime) -> Now: ...  # noqa: D102
    def day_ahead(  # noqa: D102
        self, begins_at: datetime, quarters: int = 96, campaign_id: str | None = None
    ) -> tuple[Quarter, ...]: ...
    def campaigns(self) -> tuple[str, ...]: ...  # noqa: D102
    def configuration(self) -> tuple[Told, ...]: ...  # noqa: D102
    def dnc_entries(self, phone_numbers: Collection[str]) -> tuple[Told, ...]: ...  # noqa: D102
    def dead_letter_groups(self) -> tuple[DeadLetterGroup, ...]: ...  # noqa: D102
    def dead_letters(  # noqa: D102
        self, code: str | None = None, topic: str | None = None, after: int = 0, limit: int = 100
    ) -> tuple[DeadLetter, ...]: ...
    def dead_letter(self, number: int) -> DeadLetter | None: ...  # noqa: D102
    def events_by(self, event_ids: Collection[str]) -> Mapping[str, tuple[Told, ...]]: ...  # noqa: D102
    def readings(self) -> tuple[Reading, ...]: ...  # noqa: D102
    def is_caught_up(self) -> bool: ...  # noqa: D102


class Ahead(Struct, frozen=True, kw_only=True):
    """What the core foresees for a callback. blocked: by what, and which records. opens_at: the next open slot."""

    text: str
    blocked: tuple[Blocker, ...] = ()
    opens_at: datetime | None = None


class Forecasts(Protocol):
    """What will become of a callback, by the worker's own core: see `streams/console/why`."""

    def forecast(self, row: CallbackRow, now: datetime, zone: ZoneInfo) -> Ahead | None: ...  # noqa: D102


class Act(StrEnum):
    """What can be asked for of callbacks."""

    MOVE = "move"
    CALL_NOW = "call-now"
    REASSIGN = "reassign"
    CHANGE = "change"
    CANCEL = "cancel"


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody asks for. due_at or by_minutes: of a move. What is None stays as it is."""

    act: Act
    reason: str
    due_at: datetime | None = None
    by_minutes: int | None = None
    agent_id: str | None = None
    owner: Owner | None = None
    queue_id: str | None = None
    phone_number: str | None = None
    notes: str | None = None


class Meant(Struct, frozen=True, kw_only=True):
    """Which callbacks: a filter that is not empty, or these."""

    by: Filter | None = None
    keys: tuple[CallbackKey, ...] = ()


class RunShown(Struct, frozen=True, kw_only=True):
    """A run, as a page shows it. selected: which callbacks, changes: what is to be, in words.

    total: how many it is about; sent, applied, refused: of those. sample: the first of them, as they are now.
    may_begin, may_abort, may_undo: whether that can be asked for. failed: why it stopped before its end.
    """

    name: str
    act: str
    actor: str
    reason: str
    state: str
    begun_at: datetime
    total: int
    sent: int = 0
    applied: int = 0
    refused: int = 0
    selected: Mapping[str, str] = {}
    changes: Mapping[str, str] = {}
    sample: tuple[CallbackRow, ...] = ()
    refused_because: Mapping[str, int] = {}
    may_begin: bool = False
    may_abort: bool = False
    may_undo: bool = False
    failed: str = ""

    @property
    def is_planned(self) -> bool:
        """Whether nothing has been asked for yet."""
        return self.state == "planned"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is sent in it, and the worker has said what became of all that was."""
        ended = self.state in ("planned", "sent", "aborted")
        return ended and (not self.is_answered or self.sent <= self.applied + self.refused)

    @property
    def is_answered(self) -> bool:
        """Whether workers say what became of each; of configuration they say nothing but what they refuse."""
        return self.act != "configure"


class AskedShown(Struct, frozen=True):
    """Something that was asked for of a callback from here. outcome: asked, applied or refused; why: of a refusal."""

    run: str
    act: str
    actor: str
    outcome: str
    why: str


class Replayed(Struct, frozen=True, kw_only=True):
    """What would become of a dead letter. fits: whether a worker would accept it; text: in words."""

    fits: bool
    text: str


class Deeds(Protocol):
    """What acts: see `streams/console/actions`. Only what is begun is sent. All raise NotDone with the reason."""

    def plan(self, wish: Wish, meant: Meant, who: Who) -> str: ...  # noqa: D102
    def plan_replay(self, letters: tuple[DeadLetter, ...], edit: Edit, who: Who) -> str: ...  # noqa: D102
    def try_letter(self, letter: DeadLetter, edit: Edit, now: datetime) -> Replayed: ...  # noqa: D102
    def plan_change(self, change: Change, reason: str, who: Who) -> str: ...  # noqa: D102
    def plan_undo(self, name: str, who: Who) -> str: ...  # noqa: D102
    def begin(self, name: str, who: Who) -> None: ...  # noqa: D102
    def abort(self, name: str, who: Who) -> None: ...  # noqa: D102
    def runs(self) -> tuple[RunShown, ...]: ...  # noqa: D102
    def about(self, key: CallbackKey) -> tuple[AskedShown, ...]: ...  # noqa: D102
    def run(self, name: str) -> RunShown | None: ...  # noqa: D102


class Tries(Protocol):
    """What tries changes: see `streams/console/trial/trials.py`. begin raises Busy while another one runs."""

    def begin(self, asked: Asked) -> None: ...  # noqa: D102
    def abort(self, name: str) -> None: ...  # noqa: D102
    def trial(self, name: str) -> Trial | None: ...  # noqa: D102
    def all(self) -> tuple[Trial, ...]: ...  # noqa: D102


class NotDone(Exception):
    """What was asked for cannot be done; its text says why, in words."""
