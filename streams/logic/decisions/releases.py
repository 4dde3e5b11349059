"""How a callback goes out that has waited: what lets it out, and what is different from one that falls due.

Source: docs/rules.md, sections 2 and 9, section 8 row 15; docs/decisions/0047-holds-and-paces.md.
"""

from msgspec.structs import replace

from streams.logic.contact.callback import Callback
from streams.logic.contact.state import Ownership
from streams.logic.decisions.dispatch import Grounds, owner_expired_at, present
from streams.logic.decisions.field_changes import going_on, owned
from streams.logic.decisions.screening import send_to_analysis, send_to_preview
from streams.logic.decisions.step import Step
from streams.logic.decisions.waiting import SHOWN_ANEW
from topics.commands import Origin
from topics.configuration import Campaign, DialingMode
from topics.facts import Because, HeldBy
from topics.records import Cause


def cause_of_release(step: Step, callback: Callback) -> Cause:
    """What lets a waiting callback out: the end of a hold, its turn by the rate, or else its campaign."""
    if callback.waits_for is HeldBy.HOLD:
        return step.configuration.holds.cause(callback.campaign_id)
    if callback.waits_for is HeldBy.RATE:
        return Cause(event_id=callback.set_by, partition=step.cause.partition)
    return step.configuration.campaign_cause(callback.campaign_id)


def let_out(step: Step, callback: Callback, campaign: Campaign | None, grounds: Grounds) -> None:
    """A callback that has waited goes where it would have gone, by what is known of its campaign and contact now."""
    owner = step.contact.owners.get(callback.campaign_id)
    if callback.to_agent in SHOWN_ANEW:
        _show_anew(step, callback, campaign, grounds)
    elif callback.origin is Origin.AGENT:
        send_to_preview(step, callback, campaign, replace(grounds, because=Because.AGENT_SCHEDULED))
    elif owner is not None:
        send_to_owner(step, callback, campaign, owner, grounds)
    elif campaign is not None:
        _send_by_rule(step, callback, campaign, grounds)


def send_to_owner(
    step: Step, callback: Callback, campaign: Campaign | None, owner: Ownership, grounds: Grounds
) -> None:
    """The record belongs to an agent since that agent's callback was accepted, and does not go back."""
    kept = owned(callback, owner)
    grounds = replace(grounds, because=Because.AGENT_OWNED, owned_since=owner.callback_id)
    send_to_preview(step, kept, campaign, grounds)


def _send_by_rule(step: Step, callback: Callback, campaign: Campaign, grounds: Grounds) -> None:
    """A rule's callback that belongs to no agent goes out by the mode of its campaign."""
    if campaign.dialing_mode is not DialingMode.PREVIEW:
        send_to_analysis(step, callback, campaign, grounds)
        return
    # One that waited for its campaign is a preview because that has changed its mode.
    because = None if callback.waits_for is None else Because.PREVIEW_CAMPAIGN
    send_to_preview(step, callback, campaign, replace(grounds, because=because))


def _show_anew(step: Step, callback: Callback, campaign: Campaign | None, grounds: Grounds) -> None:
    """A callback that was to be presented once more when a hold stopped it is presented."""
    grounds = replace(grounds, because=callback.to_agent, presented_at=callback.presented[-1])
    if callback.to_agent is Because.OWNER_EXPIRED:
        wanted_at = owner_expired_at(callback, campaign)
    else:
        wanted_at = max(callback.changes.values(), default=callback.due_at)
        callback = going_on(step, callback)
    present(step, callback, campaign, grounds, wanted_at=wanted_at)
