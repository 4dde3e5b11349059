"""What a dialer did not dial: its command comes back, and the callback ends or is due again.

A return is no change of the callback: what somebody asked for holds against it, in whichever order the two come.
Source: docs/rules.md, section 9; docs/decisions/0041-what-was-not-dialed.md.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from streams.logic.contact.callback import Callback
from streams.logic.contact.limits import AGAIN_AFTER_S, RETURNS_MAX
from streams.logic.contact.presentations import (
    call_began,
    closed,
    given_back,
    is_superseded,
    open_command_at,
    was_moved,
)
from streams.logic.contact.system_codes import is_refused_check
from streams.logic.decisions.admission import due_timer, untimely
from streams.logic.decisions.dispatch import latest_command_id
from streams.logic.decisions.flights import end_by_return
from streams.logic.decisions.moves import timer_of
from streams.logic.decisions.step import Step
from topics.callback_events import CallbackReturned, ReturnReason
from topics.configuration import Campaign, OnReturned
from topics.events import WrapUp
from topics.facts import NotDialedFacts
from topics.records import Reason, Transition
from topics.rejection_facts import EventType, ReturnRejectedFacts, WrapUpRejectedFacts
from topics.rescheduled_facts import ReturnedFacts


class _Undialed(Struct, frozen=True, kw_only=True, gc=False):
    """Who says that a callback was not dialed, and why. The last three: of a wrap-up that says it."""

    event_id: str
    occurred_at: datetime
    reason: ReturnReason
    retry_at: datetime | None = None
    command_id: str | None = None
    wrap_up_code: str | None = None
    conversation_id: str | None = None
    agent_id: str | None = None


def take_back(step: Step, event: CallbackReturned) -> None:
    """A dialer gives a command back: the callback ends or is due again, unless it was moved during the call."""
    facts = ReturnRejectedFacts(
        event_type=EventType.RETURNED, command_id=event.command_id, returned=event.reason, asked_for=event.retry_at
    )
    callback = step.outstanding.get(event.callback_id)
    if callback is None:
        _reject_without_callback(step, event, facts)
        return
    began = _began_at(step, callback, event)
    if began is None:
        step.reject(callback, (Reason.SUPERSEDED,), facts)
        return
    if event.retry_at is not None and (reasons := untimely(event.retry_at, event.occurred_at)):
        step.reject(callback, reasons, facts)
        return
    # From here on, the call of this callback is over: nobody has placed it, and nobody will on this command.
    over = replace(callback, given_back=given_back(callback, began))
    if not over.is_handed_out and was_moved(over, call_began(callback, began), event.occurred_at):
        # It counts as often as it would have, had the return come before the reschedule.
        returns = over.returns + _goes_again(step, over)
        step.keep(replace(over, left_open_by=event.event_id, returns=returns))
        end_by_return(step, callback, began)
        return
    undialed = _Undialed(
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        reason=event.reason,
        retry_at=event.retry_at,
        command_id=event.command_id,
    )
    if _goes_again(step, over):
        _due_again(step, over, undialed)
    else:
        _end(step, over, undialed)
    end_by_return(step, callback, began)


def end_undialed(step: Step, callback: Callback, event: WrapUp) -> None:
    """A wrap-up says that its callback was not dialed: a return in other words. callback: outstanding, not moved."""
    closed_at = closed(callback, event.occurred_at, step.now)
    code, conversation = event.wrap_up_code, event.conversation_id
    if is_superseded(callback, event.occurred_at):
        refused = WrapUpRejectedFacts(EventType.WRAP_UP, "callback_id", wrap_up_code=code, conversation_id=conversation)
        step.reject(callback, (Reason.SUPERSEDED,), refused)
        step.keep(replace(callback, closed_at=closed_at))
        return
    undialed = _Undialed(
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        reason=ReturnReason.SKIPPED,
        wrap_up_code=code,
        conversation_id=conversation,
        agent_id=event.agent_id,
    )
    if _goes_again(step, callback) and not is_refused_check(code):
        _due_again(step, replace(callback, closed_at=closed_at), undialed)
    else:
        _end(step, replace(callback, given_back=()), undialed)


def _reject_without_callback(step: Step, event: CallbackReturned, facts: ReturnRejectedFacts) -> None:
    ended = step.ended.get(event.callback_id)
    if ended is not None:
        step.reject(ended, (Reason.CALLBACK_ENDED,), facts)
    else:
        step.reject_unknown(event.callback_id, event.campaign_id, (Reason.CALLBACK_UNKNOWN,), facts)


def _began_at(step: Step, callback: Callback, event: CallbackReturned) -> datetime | None:
    """When the presentation began whose command comes back; None if that is not the open one."""
    return open_command_at(callback) if event.command_id == latest_command_id(step.contact, callback) else None


def _campaign(step: Step, callback: Callback) -> Campaign | None:
    """The callback's campaign; None if it is gone or cannot be read, so that nothing says that it goes again."""
    return step.configuration.campaigns.get(callback.campaign_id)


def _goes_again(step: Step, callback: Callback) -> bool:
    """Whether a callback that comes back now leads to another presentation."""
    campaign = _campaign(step, callback)
    if campaign is None or campaign.on_returned is not OnReturned.AGAIN:
        return False
    return callback.returns < (RETURNS_MAX if campaign.returns_max is None else campaign.returns_max)


def _due_again(step: Step, callback: Callback, undialed: _Undialed) -> None:
    """Present it once more. One that nobody has in hand, as it was moved or called ahead of its time, keeps its own."""
    returned = replace(callback, returns=callback.returns + 1)
    if callback.is_handed_out:
        due_at = max(_asked_for(step, callback, undialed), callback.due_at)
        returned = replace(
            returned,
            due_at=due_at,
            timer=due_timer(due_at, callback.window_end_at),
            set_by=undialed.event_id,
            first_due_at=None,
            moved_for=None,
        )
    else:
        returned = replace(returned, timer=timer_of(step, callback, _campaign(step, callback)))
    facts = ReturnedFacts(
        previous_due_at=callback.due_at,
        returned=undialed.reason,
        returns=returned.returns,
        command_id=undialed.command_id,
        wrap_up_code=undialed.wrap_up_code,
        conversation_id=undialed.conversation_id,
        agent_id=undialed.agent_id,
    )
    step.move(returned, Transition.RESCHEDULED, reasons=(Reason.RETURNED,), facts=facts)


def _asked_for(step: Step, callback: Callback, undialed: _Undialed) -> datetime:
    if undialed.retry_at is not None:
        return undialed.retry_at
    campaign = _campaign(step, callback)
    seconds = (campaign and campaign.again_after_s) or AGAIN_AFTER_S
    return undialed.occurred_at + timedelta(seconds=seconds)


def _end(step: Step, callback: Callback, undialed: _Undialed) -> None:
    ended = replace(callback, ended_at=undialed.occurred_at, ended_by=undialed.event_id)
    facts = NotDialedFacts(
        command_id=undialed.command_id,
        wrap_up_code=undialed.wrap_up_code,
        conversation_id=undialed.conversation_id,
        agent_id=undialed.agent_id,
        returns=callback.returns or None,
    )
    step.move(ended, Transition.NOT_DIALED, reasons=(Reason(undialed.reason),), facts=facts)
