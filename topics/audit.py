"""What was done by people from a console or a command line: one record for each step of each run.

It has no phone number and no name but that of who acted. Source: docs/contract.md, section "console-audit".
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from topics.fields import Id, Instant, in_utc


class ActionKind(StrEnum):
    """What is done: to callbacks, with dead letters, to the configuration, or to contacts."""

    MOVE = "move"
    REASSIGN = "reassign"
    CHANGE = "change"
    CALL_NOW = "call_now"
    CANCEL = "cancel"
    REPLAY = "replay"
    CONFIGURE = "configure"
    ERASE = "erase"


class AuditStep(StrEnum):
    """How far a run is: it was asked for, goes on after it had stopped, was aborted, or is sent whole."""

    ASKED = "asked"
    RESUMED = "resumed"
    ABORTED = "aborted"
    SENT = "sent"


class ActedVia(StrEnum):
    """Where somebody acted."""

    CONSOLE = "console"
    COMMAND_LINE = "command_line"


class ConsoleAudit(Struct, frozen=True, kw_only=True):
    """One step of a run. meant: callbacks, dead letters or contacts it is about; sent: records that were sent so far.

    selected: the filter, or the one callback; changes: what is to be, of a phone number the last two digits.
    undoes: the run that this one takes back.
    """

    run: Id
    step: AuditStep
    occurred_at: Instant
    actor: Id
    via: ActedVia
    action: ActionKind
    reason: str | None = None
    undoes: Id | None = None
    selected: Mapping[str, str]
    changes: Mapping[str, str]
    meant: int
    sent: int

    def __post_init__(self) -> None:
        in_utc(self, "occurred_at")
