"""What the pages ask for becomes runs that a worker applies: planned, begun by whoever planned, read back, undone."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from streams.base.console_settings import Role
from streams.base.settings import make
from streams.console.access.who import Way, Who
from streams.console.actions.dead_letters import Edit
from streams.console.view.model import CallbackKey, DeadLetter, Filter
from streams.console.web.acts import Acts
from streams.console.web.sources import Act, Meant, NotDone, Wish
from tests.builders import instant
from tests.console.actions.test_runs import many
from tests.console.actions.world import PARTITIONS, At, World, runs
from tests.waiting import GUARD_S
from topics.callback_events import Owner

KIM, LEE = Who("kim", Role.OPERATOR, Way.SESSION), Who("lee", Role.OPERATOR, Way.SESSION)
ALL = Meant(by=Filter(agent_id="a7"))
LATER = Wish(act=Act.MOVE, reason="storm", by_minutes=30)
CLIENTS: Any = SimpleNamespace(settings=make(prefix="p."))


@pytest.fixture
def loop():
    """A loop in a thread, as the one in which the console's server runs."""
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join(GUARD_S)
    made.close()


@pytest.fixture
def world():
    return many()


@pytest.fixture
def acts(world, loop, tmp_path):
    clock = At()
    found = Acts(runs(world, tmp_path, clock), world, CLIENTS, clock, loop)
    found._partitions = PARTITIONS
    return found


def begin(acts, name, who=KIM):
    acts.begin(name, who)
    acts._sending[name].exception(GUARD_S)


def seen(acts, name):
    shown = acts.run(name)
    assert shown is not None
    return shown


def test_a_plan_sends_nothing_and_is_begun_by_whoever_made_it(acts, world):
    name = acts.plan(LATER, ALL, KIM)
    shown = seen(acts, name)
    assert (shown.state, shown.total, len(shown.sample), shown.actor) == ("planned", 7, 5, "kim")
    assert shown.changes == {"by_s": "1800"}
    with pytest.raises(NotDone, match="The plan is that of kim"):
        acts.begin(name, LEE)
    assert world.sent == []


def test_what_was_begun_is_no_plan_any_more_though_its_sender_has_not_noted_that(acts, loop):
    name, go_on = acts.plan(LATER, ALL, KIM), threading.Event()
    loop.call_soon_threadsafe(go_on.wait, GUARD_S)
    acts.begin(name, KIM)
    shown = seen(acts, name)
    go_on.set()
    assert (shown.state, shown.is_settled, shown.may_begin) == ("sending", False, False)
    acts._sending[name].result(GUARD_S)
    assert seen(acts, name).state == "sent"


def test_what_was_begun_is_applied_and_told_so_and_a_second_press_is_the_same_run(acts, world):
    name = acts.plan(LATER, ALL, KIM)
    begin(acts, name)
    begin(acts, name)
    shown = seen(acts, name)
    assert (shown.state, shown.sent, shown.applied, shown.refused, shown.is_settled) == ("sent", 7, 7, 0, True)
    assert len(world.events) == 7
    assert world.due("k", "c3") == "2026-11-23T16:33:00Z"
    assert {(one.actor, one.reason, one.via) for one in world.audited} == {("kim", "storm", "console")}
    assert [one.outcome for one in acts.about(CallbackKey("L", "c3", "k"))] == ["applied"]


def test_it_is_asked_for_until_the_worker_says_so(acts, world):
    world.is_deaf = True
    name = acts.plan(Wish(act=Act.CANCEL, reason="storm"), ALL, KIM)
    begin(acts, name)
    shown = seen(acts, name)
    assert (shown.sent, shown.applied, shown.is_settled, shown.may_undo) == (7, 0, False, False)
    assert [one.outcome for one in acts.about(CallbackKey("L", "c3", "k"))] == ["asked"]


def test_a_move_is_taken_back(acts, world):
    name = acts.plan(LATER, ALL, KIM)
    begin(acts, name)
    assert seen(acts, name).may_undo
    back = acts.plan_undo(name, LEE)
    begin(acts, back, LEE)
    assert world.due("k", "c3") == "2026-11-23T16:03:00Z"


def test_those_that_were_selected_are_meant_and_no_other(acts, world):
    keys = tuple(CallbackKey("L", f"c{number}", "k") for number in (1, 2))
    begin(acts, acts.plan(Wish(act=Act.REASSIGN, reason="x", agent_id="a2", owner=Owner.ONLY), Meant(keys=keys), KIM))
    assert [row.agent_id for row in world.rows.values()] == ["a7", "a2", "a2", "a7", "a7", "a7", "a7"]


@pytest.mark.parametrize(
    ("wish", "meant"),
    [
        (LATER, Meant(by=Filter())),
        (LATER, Meant(by=Filter(outstanding=True))),
        (LATER, Meant(by=Filter(agent_id="nobody"))),
        (Wish(act=Act.MOVE, reason="x", due_at=instant("2020-01-01T00:00:00Z")), ALL),
        (Wish(act=Act.CHANGE, reason="x", phone_number="12"), ALL),
    ],
)
def test_what_makes_no_sense_or_means_everything_is_not_planned(acts, world, wish, meant):
    with pytest.raises(NotDone):
        acts.plan(wish, meant, KIM)
    assert acts.runs() == ()


def test_a_run_that_stops_says_why_and_can_go_on(world, loop, tmp_path):
    clock, boxes = At(), []

    def box(_):
        boxes.append(world.outbox())
        boxes[-1].breaks_after = 3 if len(boxes) == 1 else None
        return boxes[-1]

    acts = Acts(runs(world, tmp_path, clock, box), world, CLIENTS, clock, loop)
    name = acts.plan(LATER, ALL, KIM)
    begin(acts, name)
    stopped = seen(acts, name)
    assert (stopped.failed, stopped.may_begin) == ("No broker.", True)
    begin(acts, name)
    done = seen(acts, name)
    assert (done.failed, done.sent, done.applied) == ("", 7, 7)


def test_a_dead_letter_is_tried_mended_and_replayed_to_where_its_key_belongs(acts, world: World):
    world.schedule()
    value = b'{"type":"cancelled","event_id":"e9","occurred_at":"2026-11-23T14:40:00Z","callback_id":"k","campaign_id":"P","contact_list_id":"L","contact_id":7}'  # fmt: skip  # noqa: E501
    letter = DeadLetter(
        number=4, code="invalid", message="invalid: Expected `str`", topic="p.callback-scheduled", partition=0,
        offset=3, at=instant("2026-11-23T14:41:00Z"), key=b"L|c3", value=value,
    )  # fmt: skip
    wrong = acts.try_letter(letter, Edit(), instant("2026-11-23T14:45:00Z"))
    assert (wrong.fits, "A worker would refuse it" in wrong.text) == (False, True)
    with pytest.raises(NotDone, match="A worker would refuse it again"):
        acts.plan_replay((letter,), Edit(), KIM)
    mended = Edit(value=value.replace(b":7}", b':"c3"}'))
    assert acts.try_letter(letter, mended, instant("2026-11-23T14:45:00Z")).fits
    begin(acts, acts.plan_replay((letter,), mended, KIM))
    assert world.rows[CallbackKey("L", "c3", "k")].standing == "cancelled"
