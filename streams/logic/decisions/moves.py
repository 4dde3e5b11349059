"""A callback that the system would have dialed and may not yet: it moves to the first instant that fits, or is blocked.

It moves if every failed check can be waited out: the gap after a call, a call in flight, and closed hours where the
campaign moves callbacks for those. A call that ends lets go what was moved for it.
Source: docs/rules.md, section 8 rows 17 and 19, section 9; docs/decisions/0045-gaps-and-calls-in-flight.md.
"""

from datetime import datetime

from msgspec.structs import replace

from streams.logic.checks.gaps import fits_at
from streams.logic.checks.verdict import Call, Verdict
from streams.logic.contact.callback import Callback, MovedFor, Status, Timer, TimerKind
from streams.logic.contact.limits import MOVE_AHEAD_MAX
from streams.logic.decisions.admission import due_timer
from streams.logic.decisions.dispatch import expires_at, late_from
from streams.logic.decisions.step import Step
from streams.logic.hours.callable_time import next_open
from topics.configuration import Campaign
from topics.facts import BlockedFacts
from topics.records import Reason, Transition
from topics.rescheduled_facts import LetGoFacts, MovedToSlotFacts

BETWEEN_CALLS = frozenset({Reason.TOO_SOON, Reason.IN_CALL})
"""Reasons that time alone removes, whatever the campaign's settings."""


def call_for(step: Step, callback: Callback) -> Call:
    """The call for a callback, as the checks are asked about it."""
    return Call(step.contact, callback.campaign_id, callback.phone_number, callback_id=callback.callback_id)


def move_or_block(
    step: Step, callback: Callback, campaign: Campaign, verdict: Verdict, failed: tuple[Reason, ...]
) -> None:
    """Move a callback that the checks refuse, or end it. failed: the reasons that count, of those of the verdict."""
    no_slot_within = None
    if failed and _can_be_waited_out(campaign).issuperset(failed):
        at = _first_fit(step, callback, campaign)
        if at is not None:
            _move(step, callback, campaign, verdict, at, gap=not BETWEEN_CALLS.isdisjoint(failed))
            return
        no_slot_within = MOVE_AHEAD_MAX.days
    facts = BlockedFacts(checks=verdict.facts, no_open_slot_within_days=no_slot_within)
    step.move(callback, Transition.BLOCKED, reasons=verdict.reasons, facts=facts)


def let_go(step: Step) -> None:
    """A call of the contact has ended: what waits for a gap falls due sooner, if that fits now; oldest due first."""
    waiting = [callback for callback in step.outstanding.values() if _is_moved_for_gap(callback)]
    for callback in sorted(waiting, key=lambda callback: (callback.due_at, callback.callback_id)):
        campaign = step.configuration.campaigns.get(callback.campaign_id)
        at = None if campaign is None else _first_fit(step, callback, campaign)
        if at is None or at >= callback.due_at:
            continue
        moved = replace(callback, due_at=at)
        moved = replace(moved, timer=timer_of(step, moved, campaign))
        facts = LetGoFacts(callback.due_at, callback.first_due_at or callback.due_at)
        step.move(moved, Transition.RESCHEDULED, facts=facts)


def timer_of(step: Step, callback: Callback, campaign: Campaign | None) -> Timer:
    """The timer of a scheduled callback: when it is due, its window is over, or it is too late, whichever comes first.

    Of one instant, the end of the window goes first, then the limit.
    """
    timer, limit = due_timer(callback.due_at, callback.window_end_at), expires_at(callback, campaign)
    if limit is None or timer.at < limit or (timer.at == limit and timer.kind is TimerKind.WINDOW):
        return timer
    return Timer(max(limit, step.now), TimerKind.TOO_LATE)


def _can_be_waited_out(campaign: Campaign) -> frozenset[Reason]:
    return BETWEEN_CALLS | {Reason.OUTSIDE_CALLABLE_TIME} if campaign.reschedule_zone_blocked else BETWEEN_CALLS


def _first_fit(step: Step, callback: Callback, campaign: Campaign) -> datetime | None:
    """The first instant from now on that fits all that can be waited out; None if no slot opens within 8 days of it."""
    at = fits_at(campaign, call_for(step, callback), step.now)
    times = step.configuration.times.get(campaign.callable_time_set_id or "")
    if times is None or not campaign.reschedule_zone_blocked:
        return at
    return next_open(times, step.contact, callback.phone_number, at)


def _move(step: Step, callback: Callback, campaign: Campaign, verdict: Verdict, at: datetime, *, gap: bool) -> None:
    first_due_at = callback.first_due_at or callback.due_at
    kept = callback.late_from if callback.first_due_at is not None else None
    moved = replace(
        callback,
        due_at=at,
        first_due_at=first_due_at,
        moved_for=MovedFor.GAP if gap else MovedFor.ZONE,
        # A slot is a new due time. A gap is not, or a callback might be moved for ever.
        late_from=late_from(callback) if gap else kept,
    )
    moved = replace(moved, timer=timer_of(step, moved, campaign))
    facts = MovedToSlotFacts(callback.due_at, first_due_at, checks=verdict.facts)
    step.move(moved, Transition.RESCHEDULED, reasons=verdict.reasons, facts=facts)


def _is_moved_for_gap(callback: Callback) -> bool:
    moved = callback.first_due_at is not None and callback.moved_for is MovedFor.GAP
    return moved and callback.status is Status.SCHEDULED
