"""From two states of a callback in another system to the event between them."""

from msgspec import Struct

from streams.adapters.ids import made_of
from streams.adapters.reading import instant, out
from streams.adapters.seam import Out, Skip
from topics.callback_events import (
    CallbackCancelled,
    CallbackChanged,
    CallbackRescheduled,
    CallbackScheduled,
    Owner,
    Source,
)
from topics.names import TopicName


class Known(Struct, frozen=True):
    """A callback as it was last heard of. at_ms: when that was said. ended: it was called off."""

    callback_id: str
    campaign_id: str
    contact_list_id: str
    contact_id: str
    due_ms: int
    phone_number: str
    owner: Owner
    at_ms: int
    agent_id: str | None = None
    queue_id: str | None = None
    conversation_id: str | None = None
    ended: bool = False


def between(before: Known | None, after: Known) -> Out | Skip:
    """The event that leads from one to the other, or why there is none. Raises BadEvent."""
    if before is None:
        return out(TopicName.CALLBACK_SCHEDULED, _scheduled(after))
    if after.at_ms < before.at_ms:
        return Skip.SUPERSEDED
    if after.due_ms != before.due_ms or before.ended:
        return out(TopicName.CALLBACK_SCHEDULED, _rescheduled(after))
    if (after.phone_number, after.owner, after.agent_id, after.queue_id) == (
        before.phone_number, before.owner, before.agent_id, before.queue_id,
    ):  # fmt: skip
        return Skip.UNCHANGED
    return out(TopicName.CALLBACK_SCHEDULED, _changed(after))


def called_off(known: Known, at_ms: int, reason: str | None) -> Out:
    """The event that ends a callback. reason: a code word of the other system. Raises BadEvent."""
    event = CallbackCancelled(
        event_id=_event_id(known, "cancelled", at_ms),
        occurred_at=instant(at_ms, "$"),
        callback_id=known.callback_id,
        campaign_id=known.campaign_id,
        contact_list_id=known.contact_list_id,
        contact_id=known.contact_id,
        reason=reason,
    )
    return out(TopicName.CALLBACK_SCHEDULED, event)


def _event_id(known: Known, what: str, *more: str | int | None) -> str:
    return made_of(what, known.contact_list_id, known.contact_id, known.callback_id, *more)


def _scheduled(known: Known) -> CallbackScheduled:
    return CallbackScheduled(
        event_id=_event_id(known, "scheduled"),
        occurred_at=instant(known.at_ms, "$"),
        callback_id=known.callback_id,
        source=Source.WIDGET,  # No system says which it was, and nothing depends on it.
        campaign_id=known.campaign_id,
        contact_list_id=known.contact_list_id,
        contact_id=known.contact_id,
        phone_number=known.phone_number,
        due_at=instant(known.due_ms, "$"),
        owner=known.owner,
        agent_id=known.agent_id,
        queue_id=known.queue_id,
        conversation_id=known.conversation_id,
    )


def _rescheduled(known: Known) -> CallbackRescheduled:
    return CallbackRescheduled(
        event_id=_event_id(known, "rescheduled", known.due_ms, known.at_ms),
        occurred_at=instant(known.at_ms, "$"),
        callback_id=known.callback_id,
        campaign_id=known.campaign_id,
        contact_list_id=known.contact_list_id,
        contact_id=known.contact_id,
        due_at=instant(known.due_ms, "$"),
        phone_number=known.phone_number,
        owner=known.owner,
        agent_id=known.agent_id,
        queue_id=known.queue_id,
    )


def _changed(known: Known) -> CallbackChanged:
    fields = (known.phone_number, known.owner, known.agent_id, known.queue_id)
    return CallbackChanged(
        event_id=_event_id(known, "changed", *fields, known.at_ms),
        occurred_at=instant(known.at_ms, "$"),
        callback_id=known.callback_id,
        campaign_id=known.campaign_id,
        contact_list_id=known.contact_list_id,
        contact_id=known.contact_id,
        phone_number=known.phone_number,
        owner=known.owner,
        agent_id=known.agent_id,
        queue_id=known.queue_id,
    )
