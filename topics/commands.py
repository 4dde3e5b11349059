"""What we ask the dialer to do: dial a contact, after a preview or with call analysis.

One struct serves both topics; the topic says which kind of dialing is meant.
Source: docs/contract.md, section "Out".
"""

from enum import StrEnum

from msgspec import Struct, field

from topics.callback_events import Owner, Source
from topics.fields import ContactListId, Id, Instant, PhoneNumber, in_utc

CONTRACT_VERSION = 1
"""Of commands. Within a version fields are added, and words where the contract says so; nothing changes its meaning."""


class Origin(StrEnum):
    """Who scheduled a callback: an agent, or a wrap-up rule of the campaign."""

    AGENT = "agent"
    RULE = "rule"


class Checks(StrEnum):
    """When the campaign's checks are run for the call a command leads to.

    `at_placement`: the agent's desktop asks before it dials. `passed`: they were run for this command.
    """

    AT_PLACEMENT = "at_placement"
    PASSED = "passed"


class DialCommand(Struct, frozen=True, kw_only=True):
    """Dial this contact for this callback.

    `command_id` is the same for every repeat of one presentation. `due_at` is when the callback fell due, `expires_at`
    (None: never) when the dialer must drop the command. `source` and `notes` are None for a rule's callback.
    `phone_column`: the number's on the contact list. `time_zone`: the number's, None where it may be in several.
    """

    command_id: Id
    callback_id: Id
    origin: Origin
    campaign_id: Id
    contact_list_id: ContactListId
    contact_id: Id
    phone_number: PhoneNumber
    due_at: Instant
    presentation: int
    owner: Owner
    agent_id: Id | None = None
    queue_id: Id | None = None
    checks: Checks
    expires_at: Instant | None = None
    source: Source | None = None
    conversation_id: Id | None = None
    notes: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    phone_column: Id | None = None
    time_zone: Id | None = None
    contract_version: int = CONTRACT_VERSION

    def __post_init__(self) -> None:
        in_utc(self, "due_at", "expires_at")
