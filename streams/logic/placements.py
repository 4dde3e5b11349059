"""The answer to somebody who is about to place a call.

It writes no lifecycle record: a placement, allowed or not, leaves the callback as it is.
Source: docs/rules.md, section 3 and section 8 rows 3, 8, 9, 12, 20 and 24.
"""

from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from streams.logic.actions import Trigger, carry_out
from streams.logic.checks import Call, Verdict, check, in_order
from streams.logic.effects import Answered
from streams.logic.limits import ANSWERS_BYTES_MAX, PRESENTATIONS_KEPT, REMEMBERED_MAX
from streams.logic.memory import kept_id
from streams.logic.state import Callback, Status
from streams.logic.step import Step
from topics.codec import encode
from topics.events import PlacementOrigin, PlacementRequested
from topics.records import PlacementDecided, Reason


def place(step: Step, event: PlacementRequested) -> None:
    """Answer a request, with the same answer if it has been answered before."""
    answered = step.contact.answers.get(kept_id(event.request_id))
    if answered is not None:
        step.effects.append(Answered(bytes(answered), None))
        return
    of_campaign = event.origin is PlacementOrigin.CAMPAIGN
    call = Call(step.contact, event.campaign_id, event.phone_number, of_campaign)
    verdict = check(call, step.configuration, step.now)
    callback = None if of_campaign else _callback_of(step, event)
    reasons = verdict.reasons
    if not of_campaign and callback is None:
        reasons = in_order((*reasons, _why_no_callback(step, event)))
    decided = PlacementDecided(
        request_id=event.request_id,
        occurred_at=step.now,
        allowed=not reasons,
        reasons=reasons,
        callback_id=event.callback_id,
        campaign_id=event.campaign_id,
        contact_list_id=event.contact_list_id,
        contact_id=event.contact_id,
        phone_number=event.phone_number,
        facts={**verdict.facts, **_facts_of(callback), **_preview_facts(verdict)},
    )
    if decided.allowed:
        _carry_out_rules(step, event, verdict)
        if callback is not None:
            step.keep(_as_placed(step, callback))
    answer = encode(decided)
    answers = {**step.contact.answers, kept_id(event.request_id): Raw(answer)}
    step.contact = replace(step.contact, answers=_kept(answers))
    step.effects.append(Answered(answer, decided))


def _callback_of(step: Step, event: PlacementRequested) -> Callback | None:
    """The outstanding callback that is to be placed; None, too, if it is another campaign's."""
    callback = step.outstanding.get(event.callback_id or "")
    return callback if callback is not None and callback.campaign_id == event.campaign_id else None


def _why_no_callback(step: Step, event: PlacementRequested) -> Reason:
    ended = step.ended.get(event.callback_id or "")
    if ended is not None and ended.campaign_id == event.campaign_id:
        return Reason.CALLBACK_ENDED
    return Reason.CALLBACK_UNKNOWN


def _carry_out_rules(step: Step, event: PlacementRequested, verdict: Verdict) -> None:
    campaign = step.configuration.campaigns[event.campaign_id]
    for rule in verdict.matched:
        carry_out(step, rule, Trigger(event.event_id, event.occurred_at, event.phone_number, campaign))


def _as_placed(step: Step, callback: Callback) -> Callback:
    """A call ahead of its time counts as the presentation that its wrap-up ends."""
    presented_at = callback.presented[-1] if callback.presented else None
    in_hand = presented_at is not None and (callback.left_open_at is None or callback.left_open_at < presented_at)
    if in_hand or callback.status in (Status.PRESENTED, Status.DIALING):
        return callback
    return replace(callback, presented=(*callback.presented[1 - PRESENTATIONS_KEPT :], step.now))


def _facts_of(callback: Callback | None) -> dict[str, Any]:
    return {} if callback is None else {"callback": {"state": callback.status, "due_at": callback.due_at}}


def _preview_facts(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.to_preview
    return {} if rule is None else {"switch_to_preview": {"rule_set_id": rule.rule_set_id, "rule_id": rule.rule_id}}


def _kept(answers: dict[str, Raw]) -> dict[str, Raw]:
    """The latest answers, as many as there is room for."""
    size = sum(len(bytes(answer)) for answer in answers.values())
    while len(answers) > REMEMBERED_MAX or size > ANSWERS_BYTES_MAX:
        size -= len(bytes(answers.pop(next(iter(answers)))))
    return answers
