"""The sums of the demo add up when they should, and name what is wrong when they do not."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from streams.dev.demo.accounts import accounts, comparison, differences
from streams.dev.demo.tally import ANALYSIS, PREVIEW, End, Expected, Tally
from topics.callback_events import Owner
from topics.commands import Checks, DialCommand, Origin
from topics.facts import DueFacts
from topics.records import (
    CallbackLifecycle,
    CallbackState,
    Cause,
    OutstandingCallback,
    OutstandingCallbacks,
    Reason,
    Transition,
)

DUE = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NAME = ("L|c1", "k1")


def transition(what: str, callback_id: str = "k1", reasons: tuple[Reason, ...] = ()) -> CallbackLifecycle[DueFacts]:
    return CallbackLifecycle(
        callback_id=callback_id,
        transition=Transition(what),
        occurred_at=DUE,
        reasons=reasons,
        facts=DueFacts(),
        due_at=DUE,
        campaign_id="P",
        contact_list_id="L",
        contact_id="c1",
        origin=Origin.AGENT,
        cause=Cause(),
    )


def command(command_id: str = "d1", callback_id: str = "k1") -> DialCommand:
    return DialCommand(
        command_id=command_id,
        callback_id=callback_id,
        origin=Origin.AGENT,
        campaign_id="P",
        contact_list_id="L",
        contact_id="c1",
        phone_number="+12125550101",
        due_at=DUE,
        presentation=1,
        owner=Owner.ANYONE,
        checks=Checks.AT_PLACEMENT,
    )


def view(*callback_ids: str) -> OutstandingCallbacks:
    callbacks = tuple(
        OutstandingCallback(
            callback_id=callback_id, campaign_id="P", origin=Origin.AGENT, due_at=DUE, state=CallbackState.PRESENTED
        )
        for callback_id in callback_ids
    )
    return OutstandingCallbacks(contact_list_id="L", contact_id="c1", callbacks=callbacks)


def presented() -> Tally:
    """One callback that was scheduled and presented, a millisecond late."""
    tally = Tally()
    for what in ("scheduled", "due", "presented"):
        tally.transition(transition(what))
    tally.command(PREVIEW, command(), DUE + timedelta(milliseconds=1), DUE + timedelta(milliseconds=5))
    tally.view("L|c1", view("k1"))
    return tally


def expected(end: End | None = None, **rejections: int) -> Expected:
    return Expected({NAME: end or End(1, 0, Transition.PRESENTED)}, Counter(), Counter(rejections), Counter())


def test_what_is_as_expected_has_no_differences():
    assert differences(presented(), expected()) == []


def test_every_sum_is_shown_with_its_parts():
    assert [str(account) for account in accounts(presented())] == [
        "scheduled, by what came first: 1 = 1 presented",
        "presented and dialed: 1 = 1 without an outcome yet",
        "commands read: 1 = 1 presented + 0 dialing",
        "outstanding in the view: 1 = 1 by the lifecycle",
    ]


def test_expected_and_seen_stand_side_by_side():
    tally = presented()
    tally.transition(transition("completed"))
    figures = {name: (told, seen) for name, told, seen in comparison(tally, expected())}
    assert figures["callbacks completed"] == (0, 1)
    assert figures["callbacks outstanding"] == (1, 0)
    assert figures["commands on dial-preview"] == (1, 1)


def test_a_callback_that_ended_otherwise_is_named():
    (line,) = differences(presented(), expected(End(1, 0, Transition.COMPLETED)))
    assert line.startswith("callback k1 of L|c1: expected End(previews=1, analyses=0, state=<Transition.COMPLETED")


def test_a_callback_that_nobody_expects_is_named():
    tally = presented()
    tally.transition(transition("scheduled", "k2"))
    tally.view("L|c1", view("k1", "k2"))
    (line,) = differences(tally, expected())
    assert line.startswith("callback k2 of L|c1: expected None, seen End(")


def test_a_repeated_command_is_a_difference():
    tally = presented()
    tally.command(PREVIEW, command(), DUE, DUE)
    assert "1 commands were repeated" in differences(tally, expected())


def test_an_early_command_is_a_difference():
    tally = Tally()
    tally.command(PREVIEW, command(), DUE - timedelta(milliseconds=1), DUE)
    assert "1 commands were early, the first for callback k1" in differences(tally, expected())


def test_a_command_in_the_millisecond_of_its_due_time_is_not_early():
    tally = Tally()
    fraction = timedelta(microseconds=900)
    late = command()
    tally.command(PREVIEW, late, late.due_at - fraction, late.due_at)
    assert tally.early == []


def test_a_command_on_the_wrong_topic_is_a_difference():
    tally = presented()
    tally.commands[PREVIEW].clear()
    tally.command(ANALYSIS, command("d2"), DUE, DUE)
    assert "dial-preview: 1 commands without their transition, or the reverse" in differences(tally, expected())
    assert "dial-analysis: 1 commands without their transition, or the reverse" in differences(tally, expected())


def test_a_view_that_shows_another_number_does_not_add_up():
    tally = presented()
    tally.view("L|c1", None)
    assert "does not add up: outstanding in the view: 0 IS NOT 1 by the lifecycle" in differences(tally, expected())


def test_rejections_and_dead_letters_are_counted_by_their_words():
    tally = presented()
    tally.transition(transition("rejected", reasons=(Reason.TOO_FAR_AHEAD,)))
    tally.dead_letter("invalid")
    assert differences(tally, expected(callback_unknown=1)) == [
        "rejections callback_unknown: expected 1, seen 0",
        "rejections too_far_ahead: expected 0, seen 1",
        "dead letters invalid: expected 0, seen 1",
    ]


def test_many_wrong_callbacks_are_counted_and_five_are_named():
    tally = presented()
    for number in range(2, 10):
        tally.transition(transition("scheduled", f"k{number}"))
    lines = [line for line in differences(tally, expected()) if "callback" in line and "add up" not in line]
    assert len(lines) == 6
    assert lines[-1] == "and 3 more callbacks that are not as expected"


def test_lateness_leaves_out_what_waited_for_its_campaign():
    tally = presented()
    (late,) = tally.lateness()
    assert (late.written_s, late.received_s) == (0.001, 0.005)
    tally.transition(transition("waiting"))
    assert tally.lateness() == []
