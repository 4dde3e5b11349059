"""What each record says of a call: that it was made, handed out, not made, or nothing of that.

Source: docs/rules.md, sections 1, 6 and 9.1; docs/evidence.md, section "What the words mean".
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from streams.console.view.model import Told
from streams.console.why.reading import inner, is_true, text, texts
from streams.logic.contact.system_codes import is_attempt
from topics.codec import BadEvent, decode
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.names import TopicName
from topics.records import Reason, Transition
from topics.rejection_facts import EventType


class Effect(StrEnum):
    """What a record says of a call."""

    MADE = "made"
    """A wrap-up says that a call was made."""
    HANDED_OUT = "handed_out"
    """A command went to the dialer, or a call was allowed. Whether it was made, a wrap-up says."""
    NOT_MADE = "not_made"
    """It was stopped, moved, refused, given back, or its event was refused."""
    NOT_KNOWN = "not_known"
    """It had been handed out, and nobody said what became of it."""
    TOLD = "told"
    """Nothing of that: somebody asked for something, or it fell due."""


_TRANSITIONS: Mapping[str, Effect] = {
    Transition.PRESENTED: Effect.HANDED_OUT,
    Transition.DIALING: Effect.HANDED_OUT,
    Transition.WAITING: Effect.NOT_MADE,
    Transition.BLOCKED: Effect.NOT_MADE,
    Transition.CANCELLED: Effect.NOT_MADE,
    Transition.EXPIRED: Effect.NOT_MADE,
    Transition.OWNER_EXPIRED: Effect.NOT_MADE,
    Transition.NOT_DIALED: Effect.NOT_MADE,
    Transition.REJECTED: Effect.NOT_MADE,
}

_NO_CAMPAIGN = Campaign(
    campaign_id="?", dialing_mode=DialingMode.EXTERNAL, status=CampaignStatus.OFF, contact_list_id="?"
)
"""Where the campaign of a wrap-up is not known, codes mean what they mean to every campaign."""


def effect_of(told: Told, campaign: bytes | None, *, is_repeat: bool = False) -> Effect:
    """What a record says of a call.

    campaign: the record of its campaign that was in force, None if it is not known. is_repeat: the same was said
    before: a further code of a call, or an answer that was given again.
    """
    value = told.value or {}
    match told.topic:
        case TopicName.WRAP_UP:
            if is_repeat:
                return Effect.TOLD
            code = text(value, "wrap_up_code") or ""
            return Effect.MADE if is_attempt(code, _campaign(campaign)) else Effect.NOT_MADE
        case TopicName.PLACEMENT_DECIDED:
            if is_repeat:
                return Effect.TOLD
            return Effect.HANDED_OUT if is_true(value, "allowed") else Effect.NOT_MADE
        case TopicName.DIAL_PREVIEW | TopicName.DIAL_ANALYSIS:
            return Effect.HANDED_OUT
        case TopicName.DEAD_LETTER:
            return Effect.NOT_MADE
        case TopicName.CALLBACK_LIFECYCLE:
            return _of_transition(value)
        case _:
            return Effect.TOLD


def _of_transition(value: Mapping[str, Any]) -> Effect:
    transition, reasons = text(value, "transition") or "", texts(value, "reasons")
    if transition == Transition.EXPIRED and Reason.NO_OUTCOME in reasons:
        return Effect.NOT_KNOWN
    if transition == Transition.RESCHEDULED and reasons:
        return Effect.NOT_MADE
    if transition == Transition.REJECTED and _is_about_a_wrap_up(value, reasons):
        return Effect.TOLD
    return _TRANSITIONS.get(transition, Effect.TOLD)


def _is_about_a_wrap_up(value: Mapping[str, Any], reasons: Sequence[str]) -> bool:
    """Whether the call had been made, and only what its wrap-up named does not count."""
    return Reason.LATER_CODE_FIRST in reasons or text(inner(value, "facts"), "event_type") == EventType.WRAP_UP


def _campaign(value: bytes | None) -> Campaign:
    if value is None:
        return _NO_CAMPAIGN
    try:
        found = decode(TopicName.CAMPAIGNS, value)
    except BadEvent:
        return _NO_CAMPAIGN
    return found if isinstance(found, Campaign) else _NO_CAMPAIGN
