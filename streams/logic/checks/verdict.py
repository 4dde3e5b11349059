"""What is asked of the checks, a call, and what they find: a verdict.

Source: docs/contract.md, section "placement-decided".
"""

from collections.abc import Iterable

from msgspec import Struct

from streams.logic.contact.state import Contact
from streams.logic.hours.open_slots import Clock
from streams.logic.rules.rules import CompiledRule
from topics.check_facts import CheckFacts
from topics.records import Reason
from topics.rules import SwitchToPreview

_RANK = {reason: rank for rank, reason in enumerate(Reason)}


class Call(Struct, frozen=True, gc=False):
    """A call that somebody is about to place. of_campaign: it is the campaign's own next record, not a callback.

    callback_id, request_id: what the call is for, and who asks, so that it is not refused for itself.
    """

    contact: Contact
    campaign_id: str
    phone_number: str
    of_campaign: bool = False
    callback_id: str | None = None
    request_id: str | None = None


class Verdict(Struct, frozen=True, gc=False):
    """What the checks found. reasons: one for each that failed. facts: by check. matched: pre-call rules, in order.

    clocks: those of callable time, which all have an open slot if no check failed.
    """

    reasons: tuple[Reason, ...]
    facts: CheckFacts
    matched: tuple[CompiledRule, ...] = ()
    clocks: tuple[Clock, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether no check failed."""
        return not self.reasons

    @property
    def to_preview(self) -> CompiledRule | None:
        """The first rule that wants an agent to see this call first."""
        return next((rule for rule in self.matched if has_action(rule, SwitchToPreview)), None)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in the order of the contract."""
    return tuple(sorted(reasons, key=_RANK.__getitem__))


def has_action(rule: CompiledRule, action: type) -> bool:
    """Whether the rule has an action of this kind."""
    return any(isinstance(one, action) for one in rule.actions)
