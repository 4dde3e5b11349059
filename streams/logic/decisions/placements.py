"""The answer to somebody who is about to place a call.

It writes no lifecycle record: a placement, allowed or not, leaves the callback as it is. An answer is repeated as long
as it is fresh; after that the request is decided again.
Source: docs/rules.md, section 3 and section 8 rows 3, 8, 9, 12, 20 and 24.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Raw, Struct
from msgspec.json import Decoder
from msgspec.json import encode as encode_json
from msgspec.structs import asdict, replace

from streams.logic.checks.checks import check
from streams.logic.checks.verdict import Call, Verdict, in_order
from streams.logic.contact.callback import Callback
from streams.logic.contact.deduplication import kept_id
from streams.logic.contact.effects import Answered
from streams.logic.contact.limits import ANSWER_VALID_S, ANSWERS_BYTES_MAX, REMEMBERED_MAX
from streams.logic.contact.meanings import check_same
from streams.logic.contact.presentations import presented_at
from streams.logic.contact.state import Answer
from streams.logic.decisions.actions import Trigger, carry_out
from streams.logic.decisions.dispatch import expires_at, latest_command_id
from streams.logic.decisions.flights import begin, begin_again
from streams.logic.decisions.step import Step, state_of
from streams.logic.decisions.windows import is_over
from streams.logic.hours.open_slots import open_until
from topics.check_facts import CallbackFacts, PlacementFacts, RuleNamed
from topics.codec import encode
from topics.configuration import Campaign
from topics.events import PlacementOrigin, PlacementRequested
from topics.records import PlacementDecided, Reason

_NO_ADDRESS = b',"reply_to":null'


class _Allowed(Struct):
    allowed: bool


_answers = Decoder(_Allowed)


def place(step: Step, event: PlacementRequested, meaning: str) -> None:
    """Answer a request, with the same answer if it has been answered a moment ago.

    meaning: of the event, from `meaning_of`. Raises BadEvent (`id_reused`) if the request id stands for another call.
    """
    request, campaign = kept_id(event.request_id), step.configuration.campaigns.get(event.campaign_id)
    valid_for = timedelta(seconds=(campaign and campaign.answer_valid_s) or ANSWER_VALID_S)
    before, before_at = step.contact.answers.get(request), None
    if before is not None:
        check_same(before.meaning, meaning, "$.request_id")
        before_at = before.decided_at
        if step.now - before_at < valid_for and not _is_stopped(step, event, before):
            step.effects.append(Answered(_addressed(bytes(before.value), event.reply_to), None, step.trace))
            begin_again(step, campaign, event.request_id, before)
            return
    verdict, decided = _decide(step, event, campaign, step.now + valid_for, before_at)
    acted = before is not None and before.acted
    if decided.allowed and not acted:
        _carry_out_rules(step, event, verdict)
    if decided.allowed:
        callback = _callback_of(step, event)
        if callback is not None:
            step.keep(_as_placed(step, callback))
        begin(step, campaign, None if callback is None else callback.callback_id, event.request_id)
    # What is remembered is for whoever asks again, which may be somebody else.
    answer = encode(decided if decided.reply_to is None else replace(decided, reply_to=None))
    others = {name: one for name, one in step.contact.answers.items() if name != request}
    latest = Answer(meaning, acted or decided.allowed, step.now, Raw(answer))
    step.contact = replace(step.contact, answers=_kept({**others, request: latest}))
    step.effects.append(Answered(_addressed(answer, event.reply_to), decided, step.trace))


def _is_stopped(step: Step, event: PlacementRequested, before: Answer) -> bool:
    """Whether an answer that allowed the call cannot be repeated: a hold has begun since."""
    return step.configuration.holds.stops(event.campaign_id) and _answers.decode(bytes(before.value)).allowed


def _decide(
    step: Step,
    event: PlacementRequested,
    campaign: Campaign | None,
    valid_until: datetime,
    before_at: datetime | None,
) -> tuple[Verdict, PlacementDecided[PlacementFacts]]:
    """The verdict of the checks, and the answer. before_at: when the same request was decided before."""
    of_campaign = event.origin is PlacementOrigin.CAMPAIGN
    callback_id = None if of_campaign else event.callback_id
    call = Call(step.contact, event.campaign_id, event.phone_number, of_campaign, callback_id, event.request_id)
    verdict = check(call, step.configuration, step.now)
    callback = _callback_of(step, event)
    reasons = verdict.reasons if of_campaign else in_order((*verdict.reasons, *_refusals(step, event, callback)))
    rule = verdict.to_preview
    facts = PlacementFacts(
        **asdict(verdict.facts),
        callback=None if callback is None else _facts_of(step, callback, Reason.SUPERSEDED in reasons),
        switch_to_preview=None if rule is None else RuleNamed(rule_set_id=rule.rule_set_id, rule_id=rule.rule_id),
        decided_before_at=before_at,
    )
    return verdict, PlacementDecided(
        request_id=event.request_id,
        occurred_at=step.now,
        allowed=not reasons,
        reasons=reasons,
        callback_id=event.callback_id,
        campaign_id=event.campaign_id,
        contact_list_id=event.contact_list_id,
        contact_id=event.contact_id,
        phone_number=event.phone_number,
        facts=facts,
        valid_until=None if reasons else _valid_until(step.now, verdict, campaign, callback, valid_until),
        reply_to=event.reply_to,
    )


def _refusals(step: Step, event: PlacementRequested, callback: Callback | None) -> Iterator[Reason]:
    """Why a callback cannot be placed, whatever the checks say. callback: None if there is none to be placed."""
    if callback is None:
        yield _why_no_callback(step, event)
    elif is_over(callback, step.now):
        yield Reason.WINDOW_OVER
    if _is_of_another_command(step, event):
        yield Reason.SUPERSEDED


def _valid_until(
    now: datetime, verdict: Verdict, campaign: Campaign | None, callback: Callback | None, latest: datetime
) -> datetime:
    """Up to when the call may be placed on this answer: no longer than its slot is open and its command is good."""
    latest = open_until(verdict.clocks, now, latest)
    if callback is None:
        return latest
    limit = callback.expires_at if callback.is_handed_out else expires_at(callback, campaign)
    return min(at for at in (latest, limit, callback.window_end_at) if at is not None)


def _callback_of(step: Step, event: PlacementRequested) -> Callback | None:
    """The outstanding callback that is to be placed; None, too, if it is another campaign's, or the call is none's."""
    if event.origin is PlacementOrigin.CAMPAIGN:
        return None
    callback = step.outstanding.get(event.callback_id or "")
    return callback if callback is not None and callback.campaign_id == event.campaign_id else None


def _why_no_callback(step: Step, event: PlacementRequested) -> Reason:
    ended = step.ended.get(event.callback_id or "")
    if ended is not None and ended.campaign_id == event.campaign_id:
        return Reason.CALLBACK_ENDED
    return Reason.CALLBACK_UNKNOWN


def _is_of_another_command(step: Step, event: PlacementRequested) -> bool:
    """Whether the request rests on a command that is not the callback's latest; False, too, if it names none."""
    callback_id = event.callback_id or ""
    callback = step.outstanding.get(callback_id) or step.ended.get(callback_id)
    if event.command_id is None or callback is None or callback.campaign_id != event.campaign_id:
        return False
    return event.command_id != _latest_command(step, callback)


def _latest_command(step: Step, callback: Callback) -> str | None:
    """The id of the command of the callback's latest presentation; None if it was not presented yet."""
    return latest_command_id(step.contact, callback) if callback.presentation > 0 else None


def _facts_of(step: Step, callback: Callback, superseded: bool) -> CallbackFacts:
    latest = _latest_command(step, callback) if superseded else None
    return CallbackFacts(
        state=state_of(callback), due_at=callback.due_at, window_end_at=callback.window_end_at, command_id=latest
    )


def _carry_out_rules(step: Step, event: PlacementRequested, verdict: Verdict) -> None:
    campaign = step.configuration.campaigns[event.campaign_id]
    carry_out(step, verdict.matched, Trigger(event.event_id, event.occurred_at, event.phone_number, campaign))


def _as_placed(step: Step, callback: Callback) -> Callback:
    """A call ahead of its time counts as the presentation that its wrap-up ends."""
    if callback.is_handed_out:
        return callback
    return replace(callback, presented=presented_at(callback, step.now))


def _addressed(answer: bytes, reply_to: str | None) -> bytes:
    """An encoded answer with the address of this request in place of none. Version 2 remembered answers without one."""
    if reply_to is None:
        return answer
    return answer.removesuffix(b"}").removesuffix(_NO_ADDRESS) + b',"reply_to":' + encode_json(reply_to) + b"}"


def _kept(answers: dict[str, Answer]) -> dict[str, Answer]:
    """The latest answers, as many as there is room for."""
    size = sum(len(bytes(answer.value)) for answer in answers.values())
    while len(answers) > REMEMBERED_MAX or size > ANSWERS_BYTES_MAX:
        size -= len(bytes(answers.pop(next(iter(answers))).value))
    return answers
