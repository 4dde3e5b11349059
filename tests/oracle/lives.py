"""The life of a callback as the records tell it, and what follows from it: commands, windows, returns, changes."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.oracle.conditions import Json, instant

ENDS = {"completed", "blocked", "cancelled", "expired", "owner_expired", "not_dialed"}
REOPENED = {"completed", "not_dialed"}
FIELDS = ("phone_number", "agent_id", "owner", "queue_id", "notes")
FURTHEST = timedelta(days=30, hours=1)
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
GAPS = {"too_soon", "in_call"}


def at(text: str) -> datetime:
    read = instant(text)
    assert read is not None
    return read


def _digest(parts: list[str | int]) -> str:
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def command_of(contact_id: str, callback_id: str, presentation: int) -> str:
    return _digest(["L", contact_id, callback_id, presentation])


def rule_callback_of(contact_id: str, event_id: str) -> str:
    return f"r-{_digest(['L', contact_id, event_id])}"


@dataclass
class Command:
    """A presentation with a command. call_began: that of the one before it, if a change led to this one."""

    began: datetime
    call_began: datetime
    command_id: str
    is_closed: bool = False


@dataclass
class Life:
    """A callback. window: as somebody set it, or as it was put on another day, before slots and gaps moved it."""

    campaign_id: str
    origin: str
    state: str
    due: datetime
    number: str
    arranged_at: datetime
    conversation: str | None = None
    window: tuple[datetime, datetime] | None = None
    missed: int = 0
    returns: int = 0
    moved_for: set[str] = field(default_factory=set)
    commands: list[Command] = field(default_factory=list)
    changed_at: dict[str, datetime] = field(default_factory=dict)
    moves: list[datetime] = field(default_factory=list)
    is_changed: bool = False

    @property
    def is_outstanding(self) -> bool:
        return self.state not in ENDS

    @property
    def in_hands(self) -> bool:
        return self.state in ("presented", "dialing")

    @property
    def is_missed_at(self) -> datetime | None:
        return self.window[1] if self.window else None

    def is_over(self, now: datetime) -> bool:
        return self.window is not None and self.window[1] <= now

    def carry(self, event: Json) -> list[str]:
        """Take the fields for which the event is the latest; which those are."""
        when, taken = at(event["occurred_at"]), []
        for name in FIELDS:
            if (event.get(name) or "").strip() and self.changed_at.get(name, LONG_AGO) <= when:
                self.changed_at[name] = when
                taken.append(name)
                if name == "phone_number":
                    self.number = event[name]
        return taken

    def would_take(self, event: Json) -> bool:
        when = at(event["occurred_at"])
        carried = [name for name in FIELDS if (event.get(name) or "").strip()]
        return any(self.changed_at.get(name, LONG_AGO) <= when for name in carried)

    def close(self, when: datetime) -> None:
        """A wrap-up closes what began no later than it."""
        for command in self.commands:
            command.is_closed = command.is_closed or command.began <= when

    def open_command(self) -> Command | None:
        last = self.commands[-1] if self.commands else None
        return None if last is None or last.is_closed else last

    def moved_within(self, began: datetime, when: datetime) -> bool:
        return any(began < moved <= when for moved in self.moves)


def return_refused(life: Life | None, event: Json) -> str | None:
    """Why a return is rejected; None if it is applied. Docs: 9.1, "Which command"."""
    if life is None:
        return "callback_unknown"
    if not life.is_outstanding:
        return "callback_ended"
    command = life.open_command()
    if command is None or command.command_id != event["command_id"]:
        return "superseded"
    if event.get("retry_at"):
        ahead = at(event["retry_at"]) - at(event["occurred_at"])
        if ahead < timedelta(0):
            return "due_before_scheduled"
        if ahead > FURTHEST:
            return "too_far_ahead"
    return None


def goes_again(life: Life, campaign: Json | None) -> bool:
    if campaign is None or campaign.get("on_returned") != "again":
        return False
    most = campaign.get("returns_max")
    return life.returns < (3 if most is None else most)


def due_again(life: Life, event: Json, campaign: Json) -> datetime:
    if not life.in_hands:
        return life.due
    seconds = campaign.get("again_after_s") or 300
    asked = at(event["retry_at"]) if event.get("retry_at") else at(event["occurred_at"]) + timedelta(seconds=seconds)
    return max(asked, life.due)
