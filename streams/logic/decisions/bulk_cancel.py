"""Clears and recycles that cancel callbacks.

Both compare with the instant the callback was scheduled, so it makes no difference which of the two arrives first.
Source: docs/rules.md, section 4 and section 8 row 14.
"""

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.recycles import Marker
from streams.logic.contact.callback import Callback
from streams.logic.contact.inputs import Applied
from streams.logic.decisions.step import Step
from topics.commands import Origin
from topics.facts import CancelledFacts
from topics.names import TopicName
from topics.records import Transition

NOTHING_APPLIED = Applied()


def cancel_if_void(step: Step, callback: Callback, applied: Applied = NOTHING_APPLIED) -> bool:
    """End the callback as cancelled if a clear or recycle after the offsets `applied` says so. True if it did."""
    marker = _voided_by(step.configuration, step.contact.contact_list_id, callback, applied)
    if marker is None:
        return False
    facts = CancelledFacts(cancelled_by=TopicName(marker.cause.topic or ""))
    step.move(callback, Transition.CANCELLED, facts=facts, cause=marker.cause)
    return True


def _voided_by(
    configuration: Configuration, contact_list_id: str, callback: Callback, applied: Applied
) -> Marker | None:
    clear = configuration.clears.get(contact_list_id)
    if _is_after(clear, callback, applied.cleared) and _clearable(configuration, callback):
        return clear
    recycle = configuration.recycles.latest(callback.campaign_id)
    if _is_after(recycle, callback, applied.recycled) and _recyclable(configuration, callback):
        return recycle
    return None


def _is_after(marker: Marker | None, callback: Callback, applied: int) -> bool:
    return marker is not None and marker.offset > applied and callback.scheduled_at < marker.occurred_at


def _clearable(configuration: Configuration, callback: Callback) -> bool:
    # Of a campaign that is gone nobody can say that it is not a preview campaign.
    return callback.origin is Origin.RULE and configuration.is_preview(callback.campaign_id) is False


def _recyclable(configuration: Configuration, callback: Callback) -> bool:
    campaign = configuration.campaigns.get(callback.campaign_id)
    return campaign is not None and callback.origin in campaign.recycle_cancels
