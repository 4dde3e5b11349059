"""A run is counted and shown first, sent as ordinary events, aborted, resumed, undone, and safe to repeat."""

import asyncio
import json

import pytest

from streams.base.errors import OperatorError
from streams.console.actions.model import Action, NotAllowed, Run, RunState
from streams.console.view.model import CallbackKey, Filter, Standing
from tests.builders import campaign, cancelled, instant, rescheduled, scheduled
from tests.console.actions.world import CLIENTS, PARTITIONS, At, Box, World, runs
from topics.audit import ActedVia, ActionKind, AuditStep
from topics.callback_events import Owner
from topics.partitions import partition_for

LATER = "2026-11-25T15:00:00Z"
OF_A7 = Filter(agent_id="a7")
VIA = ActedVia.COMMAND_LINE


def move(**changes):
    return Action(kind=ActionKind.MOVE, actor="sup", reason="leave", due_at=instant(LATER), **changes)


def of(kind, **changes):
    return Action(kind=kind, actor="sup", **changes)


def many(count=7):
    """Callbacks of as many contacts, due at different times."""
    world = World()
    for number in range(count):
        contact = f"c{number}"
        world.worker.send("contacts", {"contact_list_id": "L", "contact_id": contact, "callable": True})
        world.schedule(scheduled("k", contact_id=contact, event_id=f"s{number}", due_at=f"2026-11-23T16:0{number}:00Z"))
    return world


def send(made, name, **more):
    return asyncio.run(made.send(name, CLIENTS, **more))


def test_a_plan_sends_nothing_and_says_how_many_and_which(tmp_path):
    world = many()
    made = runs(world, tmp_path, At())
    run = made.plan(world, OF_A7, move(), VIA)
    assert (run.meant, run.state, world.sent) == (7, RunState.PLANNED, [])
    assert [getattr(one, "contact_id", "") for one in made.sample(run.name, 3)] == ["c0", "c1", "c2"]
    made.forget(run.name)
    assert made.all() == ()


@pytest.mark.parametrize(
    "by", [Filter(), Filter(text="  "), Filter(outstanding=True), Filter(standings=tuple(Standing))]
)
def test_a_filter_that_leaves_nothing_out_is_refused(tmp_path, by):
    world = many()
    with pytest.raises(NotAllowed, match="every callback"):
        runs(world, tmp_path, At()).plan(world, by, move(), VIA)


def test_what_matches_nothing_or_has_ended_is_no_run(tmp_path):
    world = many(1)
    world.schedule(cancelled("k", contact_id="c0"))
    made = runs(world, tmp_path, At())
    with pytest.raises(NotAllowed, match="nothing to do"):
        made.plan(world, OF_A7, move(), VIA)
    with pytest.raises(NotAllowed, match="nothing to do"):
        made.plan(world, [CallbackKey("L", "c0", "k"), CallbackKey("L", "x", "k")], move(), VIA)


def test_a_move_is_applied_by_the_worker_and_says_who_and_why(tmp_path):
    world = many()
    made = runs(world, tmp_path, At())
    run = send(made, made.plan(world, OF_A7, move(), VIA).name)
    assert (run.state, run.sent, run.asked) == (RunState.SENT, 7, 7)
    assert {world.due("k", f"c{number}") for number in range(7)} == {LATER}
    run = made.read_back(run.name, world)
    assert (run.applied, run.refused, run.asked) == (7, 0, 0)
    event = json.loads(world.events[0].value or b"")
    assert (event["actor"], event["reason"], event["occurred_at"]) == ("sup", "leave", "2026-11-23T14:45:00Z")


def test_every_event_is_in_the_partition_of_its_key(tmp_path):
    world = many()
    made = runs(world, tmp_path, At())
    send(made, made.plan(world, OF_A7, move(), VIA).name)
    assert [one.partition for one in world.events] == [partition_for(one.key, PARTITIONS) for one in world.events]
    assert {one.topic for one in world.events} == {"p.callback-scheduled"}


def test_each_step_is_audited_before_anything_else_is_sent(tmp_path):
    world = many()
    made = runs(world, tmp_path, At())
    run = send(made, made.plan(world, OF_A7, move(), VIA).name)
    assert [(one.step, one.meant, one.sent) for one in world.audited] == [
        (AuditStep.ASKED, 7, 0),
        (AuditStep.SENT, 7, 7),
    ]
    assert world.sent[0].topic == "p.console-audit"
    asked = world.audited[0]
    assert (asked.run, asked.actor, asked.selected) == (run.name, "sup", {"agent_id": "a7"})
    assert asked.changes == {"due_at": LATER}


def test_nothing_is_done_that_cannot_be_audited(tmp_path):
    world = many()
    made = runs(world, tmp_path, At(), lambda _: Box(world, has_audit=False))
    with pytest.raises(OperatorError, match="Nothing is done that cannot be audited"):
        send(made, made.plan(world, OF_A7, move(), VIA).name)
    assert world.sent == []


def test_the_audit_shows_of_a_number_two_digits_and_of_notes_nothing(tmp_path):
    world = many(1)
    made = runs(world, tmp_path, At())
    action = of(ActionKind.CHANGE, phone_number="+12125550177", notes="ask for Ann")
    send(made, made.plan(world, OF_A7, action, VIA).name)
    assert b"5550177" not in (world.sent[0].value or b"") and b"Ann" not in (world.sent[0].value or b"")
    assert world.audited[0].changes == {"phone_number": "...77", "notes": "changed"}


def test_a_run_that_broke_is_resumed_exactly(tmp_path):
    world = many()
    broken = runs(world, tmp_path, At(), lambda _: Box(world, breaks_after=3))
    name = broken.plan(world, OF_A7, move(), VIA).name
    with pytest.raises(OperatorError, match="no broker"):
        send(broken, name)
    again = runs(world, tmp_path, At("2026-11-23T14:50:00Z"))
    assert again.can_be_resumed(again.run(name))
    run = again.read_back(send(again, name).name, world)
    assert (run.state, run.sent, run.applied, run.refused) == (RunState.SENT, 7, 7, 0)
    # What had gone out before is sent once more, as the same events, which change nothing.
    assert len(world.events) == 10 and len({one.value for one in world.events}) == 7


def test_an_abort_stops_behind_the_part_under_way_and_the_rest_goes_out_when_it_is_resumed(tmp_path):
    world, said = many(), []
    made = runs(world, tmp_path, At())
    name = made.plan(world, OF_A7, move(), VIA).name

    def abort(run: Run) -> None:
        said.append(run.sent)
        if run.sent == 4:
            made.ask_abort(name, "boss")

    run = send(made, name, say=abort, rate=2)
    assert (run.state, run.sent, said) == (RunState.ABORTED, 4, [2, 4])
    assert (world.audited[-1].step, world.audited[-1].actor, world.audited[-1].sent) == (AuditStep.ABORTED, "boss", 4)
    assert [world.due("k", f"c{number}") == LATER for number in range(7)] == [True] * 4 + [False] * 3
    run = send(made, name, actor="boss")
    assert (run.state, run.sent) == (RunState.SENT, 7)
    assert len(world.events) == len({one.value for one in world.events}) == 7
    assert [one.step for one in world.audited] == [
        AuditStep.ASKED,
        AuditStep.ABORTED,
        AuditStep.RESUMED,
        AuditStep.SENT,
    ]


def test_a_run_under_a_name_is_not_made_twice_and_one_that_is_sent_sends_nothing_more(tmp_path):
    world = many()
    made = runs(world, tmp_path, At())
    made.plan(world, Filter(campaign_id="P"), of(ActionKind.CANCEL), VIA, "leavers")
    assert made.plan(world, OF_A7, move(), VIA, "leavers").action == move()  # A plan may be made anew.
    send(made, "leavers")
    with pytest.raises(NotAllowed, match="there is a run leavers already"):
        made.plan(world, OF_A7, move(), VIA, "leavers")
    count = len(world.sent)
    assert send(made, "leavers").state is RunState.SENT
    assert len(world.sent) == count


def test_the_same_run_asked_anew_after_its_folder_was_lost_changes_nothing(tmp_path):
    world = many()
    for folder in ("one", "two"):
        made = runs(world, tmp_path / folder, At())
        made.plan(world, OF_A7, move(), VIA, "leavers")
        send(made, "leavers")
    assert len(world.events) == 14 and len({one.value for one in world.events}) == 7
    assert [len(world.told[event]) for event in world.told if event.startswith("a-")] == [1] * 7


def test_what_the_worker_refuses_is_shown_with_why(tmp_path):
    world = many(3)
    made = runs(world, tmp_path, At())
    name = made.plan(world, OF_A7, of(ActionKind.MOVE, due_at=instant(LATER)), VIA).name
    world.schedule(cancelled("k", contact_id="c1"))
    world.schedule(rescheduled("k", contact_id="c2", occurred_at="2026-11-23T14:46:00Z"))
    run = made.read_back(send(made, name).name, world)
    assert (run.applied, run.refused, run.asked) == (1, 2, 0)
    assert {getattr(one.what, "contact_id", ""): one.why for one in made.refusals(name)} == {
        "c1": "callback_ended",
        "c2": "superseded",
    }
    assert made.refused_by_why(name) == {"callback_ended": 1, "superseded": 1}


def test_it_is_asked_until_the_worker_has_said_what_became_of_it(tmp_path):
    world = many(2)
    world.is_deaf = True
    made = runs(world, tmp_path, At())
    name = made.plan(world, OF_A7, move(), VIA).name
    key = CallbackKey("L", "c0", "k")
    assert made.about(key) == ()
    send(made, name)
    assert made.read_back(name, world).asked == 2
    ((run, outcome, why),) = made.about(key)
    assert (run.name, outcome, why) == (name, None, None)
    with pytest.raises(NotAllowed, match="has not answered for 2"):
        made.plan_undo(name, world, "sup", None, VIA)


def test_a_move_is_undone_where_it_still_stands(tmp_path):
    world, clock = many(), At()
    before = {number: world.due("k", f"c{number}") for number in range(7)}
    made = runs(world, tmp_path, clock)
    name = send(made, made.plan(world, OF_A7, move(), VIA, "leavers").name).name
    # One has ended since, and one was moved by somebody else.
    world.schedule(cancelled("k", contact_id="c1", occurred_at="2026-11-23T14:50:00Z"))
    elsewhere = "2026-11-26T15:00:00Z"
    world.schedule(rescheduled("k", contact_id="c2", occurred_at="2026-11-23T14:50:00Z", due_at=elsewhere))
    # And of one the former time is over.
    clock.text = "2026-11-23T16:00:30Z"
    world.worker.at = clock.text
    undo = made.plan_undo(name, world, "boss", "wrong list", VIA)
    assert (undo.name, undo.undoes, undo.meant) == ("leavers.undo", "leavers", 4)
    undone = made.read_back(send(made, undo.name).name, world)
    assert (undone.applied, undone.refused) == (4, 0)
    assert {number: world.due("k", f"c{number}") for number in range(3, 7)} == {n: before[n] for n in range(3, 7)}
    assert (world.due("k", "c0"), world.due("k", "c2")) == (LATER, elsewhere)
    assert world.audited[-1].undoes == "leavers" and world.audited[-1].actor == "boss"
    with pytest.raises(NotAllowed, match="is an undo itself"):
        made.plan_undo(undo.name, world, "boss", None, VIA)


def test_a_move_by_some_time_moves_each_from_where_it_stands(tmp_path):
    world = many(2)
    made = runs(world, tmp_path, At())
    send(made, made.plan(world, OF_A7, of(ActionKind.MOVE, by_s=3600), VIA).name)
    assert [world.due("k", f"c{number}") for number in range(2)] == ["2026-11-23T17:00:00Z", "2026-11-23T17:01:00Z"]


def test_a_window_moves_along_with_a_move_by_some_time_and_comes_back_with_an_undo(tmp_path):
    world, clock = many(1), At()
    end = "2026-11-23T18:00:00Z"
    world.schedule(rescheduled("k", contact_id="c0", due_at="2026-11-23T17:00:00Z", window_end_at=end))
    made = runs(world, tmp_path, clock)
    send(made, made.plan(world, OF_A7, of(ActionKind.MOVE, by_s=3600), VIA, "later").name)
    assert json.loads(world.events[-1].value or b"")["window_end_at"] == "2026-11-23T19:00:00Z"
    clock.text = "2026-11-23T14:46:00Z"
    send(made, made.plan_undo("later", world, "sup", None, VIA).name)
    back = json.loads(world.events[-1].value or b"")
    assert (back["due_at"], back["window_end_at"]) == ("2026-11-23T17:00:00Z", end)


def test_a_reassignment_goes_to_the_agent_and_back(tmp_path):
    world = many(2)
    world.schedule(scheduled("q", contact_id="c1", event_id="sq", agent_id=None, owner=None, conversation_id="v9"))
    clock = At()
    made = runs(world, tmp_path, clock)
    action = of(ActionKind.REASSIGN, agent_id="a9", owner=Owner.ONLY)
    name = send(made, made.plan(world, Filter(campaign_id="P"), action, VIA).name).name
    assert {(row.agent_id, row.owner) for row in world.rows.values()} == {("a9", "only")}
    clock.text = "2026-11-23T14:46:00Z"
    run = send(made, made.plan_undo(name, world, "sup", None, VIA).name)
    assert (run.meant, made.read_back(run.name, world).applied) == (3, 3)
    rows = {(row.contact_id, row.callback_id): (row.agent_id, row.owner) for row in world.rows.values()}
    # No field can be emptied: a callback of nobody is one of anyone.
    assert rows == {("c0", "k"): ("a7", "anyone"), ("c1", "k"): ("a7", "anyone"), ("c1", "q"): ("a9", "anyone")}


def test_a_call_now_is_a_move_to_now(tmp_path):
    world = many(1)
    made = runs(world, tmp_path, At())
    send(made, made.plan(world, OF_A7, of(ActionKind.CALL_NOW), VIA).name)
    assert world.rows[CallbackKey("L", "c0", "k")].standing is Standing.SCHEDULED
    world.hear(world.worker.send("campaigns", campaign(), at="2026-11-23T14:45:01Z"))
    row = world.rows[CallbackKey("L", "c0", "k")]
    assert row.standing is Standing.PRESENTED and world.due("k", "c0") == "2026-11-23T14:45:00Z"


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (of(ActionKind.CANCEL), "a cancel cannot be undone"),
        (of(ActionKind.CHANGE, notes="ask for Ann"), "number or notes cannot be undone"),
    ],
)
def test_what_cannot_be_undone_says_so(tmp_path, action, why):
    world = many(1)
    made = runs(world, tmp_path, At())
    name = made.plan(world, OF_A7, action, VIA).name
    with pytest.raises(NotAllowed, match="nothing to undo"):
        made.plan_undo(name, world, "sup", None, VIA)
    send(made, name)
    with pytest.raises(NotAllowed, match=why):
        made.plan_undo(name, world, "sup", None, VIA)


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (of(ActionKind.MOVE), "either the time"),
        (of(ActionKind.MOVE, due_at=instant(LATER), by_s=60), "either the time"),
        (of(ActionKind.MOVE, due_at=instant("2026-11-23T14:44:59Z")), "has gone by"),
        (of(ActionKind.MOVE, due_at=instant("2027-11-23T14:44:59Z")), "30 days"),
        (of(ActionKind.MOVE, due_at=instant(LATER), window_end_at=instant(LATER)), "window ends"),
        (of(ActionKind.MOVE, by_s=60, window_end_at=instant(LATER)), "window goes with"),
        (of(ActionKind.MOVE, by_s=10**9), "by 30 days at most"),
        (of(ActionKind.REASSIGN), "needs an agent"),
        (of(ActionKind.REASSIGN, owner=Owner.ONLY), "needs an agent"),
        (of(ActionKind.CHANGE), "at least one field"),
        (of(ActionKind.CHANGE, phone_number="+15550000000"), "numbering plan"),
        (Action(kind=ActionKind.CANCEL, actor=" "), "who acts"),
    ],
)
def test_an_action_that_makes_no_sense_is_refused_before_anything_is_kept(tmp_path, action, why):
    world = many(1)
    made = runs(world, tmp_path, At())
    with pytest.raises(NotAllowed, match=why):
        made.plan(world, OF_A7, action, VIA)
    assert made.all() == ()


def test_a_run_is_not_resumed_when_its_time_has_gone_by(tmp_path):
    world = many()
    clock = At()
    made = runs(world, tmp_path, clock, lambda _: Box(world, breaks_after=3))
    name = made.plan(world, OF_A7, move(), VIA).name
    with pytest.raises(OperatorError):
        send(made, name)
    clock.text = "2026-11-24T14:45:01Z"
    with pytest.raises(NotAllowed, match="more than a day ago"):
        send(made, name)
    assert made.can_be_resumed(made.run(name))


def interrupted(world, tmp_path, clock):
    """The runs, and the name of one whose broker has gone away while it was sent."""
    broken = runs(world, tmp_path, clock, lambda _: Box(world, breaks_after=3))
    name = broken.plan(world, OF_A7, move(), VIA).name
    with pytest.raises(OperatorError):
        send(broken, name)
    return runs(world, tmp_path, clock), name


def test_an_interrupted_run_can_be_aborted_and_a_plan_that_nobody_asked_for_is_dropped_after_a_day(tmp_path):
    world, clock = many(), At()
    made, name = interrupted(world, tmp_path, clock)
    assert asyncio.run(made.abort(name, CLIENTS, "boss")).state is RunState.ABORTED
    plan = made.plan(world, OF_A7, move(), VIA)
    clock.text = "2026-11-24T14:45:01Z"
    made.plan(world, OF_A7, move(), VIA, "next")
    assert plan.name not in {run.name for run in made.all()} and {name, "next"} == {run.name for run in made.all()}


def test_an_abort_that_the_sender_has_noted_meanwhile_is_audited_once(tmp_path):
    world, clock = many(), At()
    made, name = interrupted(world, tmp_path, clock)
    asyncio.run(made.abort(name, CLIENTS, "boss"))
    told = list(world.sent)
    asyncio.run(made._sender(CLIENTS).note_aborted(name, "boss"))
    assert world.sent == told
    assert made.run(name).state is RunState.ABORTED
