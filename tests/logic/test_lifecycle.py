"""The life of a callback is the table of `lifecycle`: what is in it happens, and what is not in it cannot."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path

import orjson
import pytest
from msgspec.structs import replace

from streams.logic.contact.callback import Status, Timer, TimerKind
from streams.logic.contact.exchange import Arrived, BugKind
from streams.logic.contact.inputs import TimerFired
from streams.logic.contact.limits import BACKOFF_FIRST, STATE_ROW_BYTES_MAX
from streams.logic.contact.rows import encode_contact
from streams.logic.contact.state import Contact
from streams.logic.decisions.decide import decide
from streams.logic.decisions.lifecycle import (
    ENDS,
    LEADS_TO,
    OUTSTANDING,
    TABLE,
    InputKind,
    OutsideLifecycle,
    Row,
    State,
    next_state,
)
from streams.logic.decisions.step import Step
from streams.logic.partition.partition import Partition
from streams.simulator.simulate import simulate
from tests.builders import Said, Worker, campaign, cancelled, key_of, rule, wrap_up
from tests.logic.every_input import (
    AFTER,
    AGENTS,
    DUE,
    LIVES,
    RULES,
    TIMERS,
    Life,
    Seen,
    configured,
    everything,
    lifecycle,
    promised,
    ruled,
)
from tests.logic.lifecycle_page import MOVES, PAGE, parts, section
from tests.rules.scenario import lines, paths
from topics.facts import CompletedFacts
from topics.records import PLACEMENT_REASONS, Cause, Reason, Transition

ROOT = Path(__file__).parents[2]
LOGIC = sorted((ROOT / "streams" / "logic").rglob("*.py"))
STATES: tuple[State, ...] = (None, *Status)
PAIRS = list(product(STATES, InputKind))
BY_PAIR = {pair: [row for row in TABLE if (row.state, row.kind) == pair] for pair in PAIRS}


def named(value: object) -> str:
    return "unknown" if value is None else str(value).replace(" ", "-")


@cache
def seen_in(state: State, kind: InputKind) -> list[Seen]:
    return [one for one in everything()[1] if (one.state, one.kind) == (state, kind)]


def test_a_transition_has_one_row_for_what_happens_in_a_state() -> None:
    """One with reasons, and one without."""
    assert len({(row.state, row.kind, row.transition, bool(row.reasons)) for row in TABLE}) == len(TABLE)


def test_every_state_and_every_transition_is_in_the_table() -> None:
    assert {row.transition for row in TABLE} == set(Transition)
    assert {row.state for row in TABLE} == {None, *Status}
    assert {*OUTSTANDING, Status.DUE, *ENDS} == set(Status)
    assert set(LEADS_TO) == set(Transition) - {Transition.REJECTED, Transition.CHANGED}


def test_a_refused_event_and_a_change_move_no_callback() -> None:
    still = (Transition.REJECTED, Transition.CHANGED)
    assert [row for row in TABLE if row.transition in still and row.to is not row.state] == []


def test_a_callback_that_fell_due_is_somewhere_else_when_the_step_ends() -> None:
    """It gets there and away by the same input, and something comes of it in any case: see the pair below."""
    assert {row.kind for row in TABLE if Status.DUE in (row.state, row.to)} == {InputKind.DUE}


def test_every_state_is_reached_from_the_beginning_and_an_end_from_every_state() -> None:
    steps = {(row.state, row.to) for row in MOVES}

    def reached(begin: State) -> set[State]:
        found = {begin}
        while new := {to for state, to in steps if state in found} - found:
            found |= new
        return found

    assert reached(None) == {None, *Status}
    assert [state for state in STATES if not reached(state) & set(ENDS)] == []
    assert {row.state for row in MOVES if row.state in ENDS} == {Status.COMPLETED, Status.NOT_DIALED}


@pytest.mark.parametrize(("state", "kind"), PAIRS, ids=named)
def test_what_comes_of_an_input_in_a_state_is_what_the_table_says_and_all_of_it(state: State, kind: InputKind) -> None:
    """Where the table has no row, nothing comes of it. The callbacks then stand where the records say: `everything`."""
    assert {one.transition for one in seen_in(state, kind)} == {row.transition for row in BY_PAIR[state, kind]}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{named(row.state)}-{named(row.kind)}-{row.transition}")
def test_the_reasons_of_a_transition_are_those_of_its_row(row: Row) -> None:
    told = {
        reason
        for one in seen_in(row.state, row.kind)
        if (one.transition, bool(one.reasons)) == (row.transition, bool(row.reasons))
        for reason in one.reasons
    }
    if row.reasons == set(PLACEMENT_REASONS):
        assert told and told <= row.reasons  # That every check is among them is for the tests of the checks.
    else:
        assert told == row.reasons


def test_everything_was_tried_in_every_state_that_a_row_can_have() -> None:
    """A callback has the timers of its state alone; what another would do is below. `due` lasts for no input."""
    tried = everything()[0]
    always = {kind for kind in InputKind if kind not in TIMERS}
    assert {state for state, _ in tried} == {None, *OUTSTANDING, *ENDS}
    assert set(product((None, *OUTSTANDING, *ENDS), always)) <= tried
    assert {pair for pair in tried if pair[1] in TIMERS} == {
        (Status.SCHEDULED, InputKind.DUE),
        (Status.SCHEDULED, InputKind.WINDOW),
        (Status.WAITING, InputKind.WINDOW),
        (Status.SCHEDULED, InputKind.TOO_LATE),
        (Status.WAITING, InputKind.TOO_LATE),
        (Status.PRESENTED, InputKind.OWNER),
        (Status.PRESENTED, InputKind.OUTCOME),
        (Status.DIALING, InputKind.OUTCOME),
    }


def as_if(life: Life, timer: Timer | None = None, status: Status | None = None) -> Contact:
    """A row such as only a bug can have written: its callback has a timer, or a state, that is another one's."""
    assert life.contact is not None
    (callback,) = life.contact.callbacks
    # One that has been in somebody's hands, so that the timers of those who have it can do what they do.
    callback = replace(callback, presented=callback.presented or (life.now,), status=status or callback.status)
    return replace(life.contact, callbacks=(replace(callback, timer=timer or callback.timer),))


@pytest.mark.parametrize(
    ("state", "kind"), [pair for pair in product(OUTSTANDING, TIMERS) if not BY_PAIR[pair]], ids=named
)
def test_a_timer_that_its_state_does_not_have_moves_no_callback(state: Status, kind: InputKind) -> None:
    later = DUE + timedelta(days=30)
    for life in (life for stands, life in LIVES if stands is state):
        before = as_if(life, Timer(later, TIMERS[kind]))
        told = TimerFired(before.callbacks[0].callback_id)
        try:
            after, effects = decide(before, told, Cause(partition=0), configured("limited"), later)
        except OutsideLifecycle:
            continue
        assert after is not None and effects == () and after.callbacks[0].status is state


def test_what_is_not_in_the_table_cannot_be_recorded() -> None:
    for state, kind, transition in product(STATES, (*InputKind, None), Transition):
        if (state, kind, transition) not in {(row.state, row.kind, row.transition) for row in TABLE}:
            for reasons in ((), (Reason.TOO_LATE,), PLACEMENT_REASONS[:1]):
                with pytest.raises(OutsideLifecycle):
                    next_state(state, kind, transition, reasons)


def test_a_transition_without_its_reasons_or_with_those_of_another_cannot_be_recorded() -> None:
    for row in TABLE:
        alike = [other.reasons for other in BY_PAIR[row.state, row.kind] if other.transition is row.transition]
        others = [(reason,) for reason in Reason if not any(reason in reasons for reasons in alike)]
        for reasons in (*others, *([()] if all(alike) else [])):
            with pytest.raises(OutsideLifecycle):
                next_state(row.state, row.kind, row.transition, reasons)
        assert next_state(row.state, row.kind, row.transition, tuple(row.reasons)) is row.to


def test_a_step_cannot_put_a_callback_into_another_state_without_a_transition() -> None:
    contact = promised().contact
    assert contact is not None
    step = Step(contact, InputKind.WRAP_UP, Cause(partition=0), configured(), DUE)
    (callback,) = contact.callbacks
    with pytest.raises(OutsideLifecycle):
        step.keep(replace(callback, status=Status.PRESENTED))
    with pytest.raises(OutsideLifecycle):
        step.keep(replace(callback, callback_id="k2"))
    step.move(callback, Transition.COMPLETED, facts=CompletedFacts("DONE", "v1"))
    with pytest.raises(OutsideLifecycle):
        step.keep(callback)
    with pytest.raises(OutsideLifecycle):
        step.note_ended(replace(callback, status=Status.EXPIRED))
    assert [record.transition for record in lifecycle(tuple(step.effects))] == ["completed"]


def a_partition(contact: Contact, *others: Contact) -> Partition:
    rows = {
        f"L|{one.contact_id}".encode(): encode_contact(one, None, STATE_ROW_BYTES_MAX) for one in (contact, *others)
    }
    partition = Partition(0, 1, configured("off"), rows)
    partition.ready(DUE)
    partition.configure(DUE)
    return partition


def test_a_timer_outside_of_the_table_is_undone_and_retried_and_another_contacts_timer_does_not_wait_for_it() -> None:
    broken, other = as_if(ruled(), Timer(DUE, TimerKind.OUTCOME)), promised().contact
    assert other is not None
    partition = a_partition(broken, replace(other, contact_id="c2"))
    before = partition.table[b"L|c1"]
    done = []
    while (outcome := partition.fire(DUE)) is not None:
        done.append(outcome)
    (failed,) = (one for one in done if one.bugs)
    assert [(bug.kind, bug.what) for bug in failed.bugs] == [(BugKind.TIMER, "OutsideLifecycle")]
    assert (failed.records, failed.writes, partition.table[b"L|c1"]) == ([], {}, before)
    assert [one.fired[0].topic for one in done if one.fired] == ["dial-preview"]
    assert partition.agenda.retried_count == 1 and partition.next_at() == DUE + BACKOFF_FIRST


def test_an_event_that_leads_outside_of_the_table_is_undone_and_goes_to_the_dead_letters() -> None:
    partition = a_partition(as_if(promised(), status=Status.DUE))
    before = partition.table[b"L|c1"]
    value = cancelled(AGENTS)
    outcome = partition.apply(Arrived("callback-scheduled", 0, 0, key_of(value), orjson.dumps(value), 0), DUE)
    assert [(bug.kind, bug.what) for bug in outcome.bugs] == [(BugKind.EVENT, "OutsideLifecycle")]
    assert ([record.topic for record in outcome.records], outcome.dead) == (["dead-letter"], {"internal_error": 1})
    assert (outcome.writes, partition.table[b"L|c1"]) == ({}, before)


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def test_one_place_alone_makes_records_of_the_lifecycle_and_sets_the_state_of_a_callback() -> None:
    """The other record is about a recycle that was refused: no contact and no callback is concerned."""
    makers = [path.name for path in LOGIC for call in calls(path) if ast.unparse(call.func) == "CallbackLifecycle"]
    assert sorted(makers) == ["outputs.py", "step.py", "step.py"]
    setters = {
        path.name for path in LOGIC for call in calls(path) if any(word.arg == "status" for word in call.keywords)
    }
    assert setters == {"step.py"}
    kept = ("outstanding", "ended")
    targets = {
        path.name
        for path in LOGIC
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del)
        if isinstance(node.value, ast.Attribute) and node.value.attr in kept
    }
    assert targets == {"step.py"}


def test_the_page_shows_the_table_as_it_is() -> None:
    before, shown, after = parts(PAGE.read_text("utf-8"))
    assert shown == section(), "`python -m tests.logic.lifecycle_page` writes it anew"
    assert "stateDiagram" not in before + after


def test_the_diagram_has_an_arrow_for_every_move_and_no_other() -> None:
    shown = re.findall(r"^  (\S+) --> (\w+): (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    labels = {(state, to): label.split("<br/>") for state, to, label in shown}
    assert len(labels) == len(shown)
    drawn = {(state, to, label.split(" [")[0]) for (state, to), found in labels.items() for label in found}
    assert drawn == {(str(row.state or "[*]"), str(row.to), str(row.kind)) for row in MOVES}
    assert {("due", "blocked"), ("waiting", "blocked"), ("due", "scheduled"), ("waiting", "scheduled")} <= set(labels)
    assert {("scheduled", "completed"), ("waiting", "completed")} <= set(labels)


def test_the_contract_names_the_reasons_that_a_transition_can_have() -> None:
    """A recycle that came too soon is about no callback, so the table of their life does not have it."""
    text = (ROOT / "docs" / "contract.md").read_text("utf-8")
    rows = text.split("| transition | reasons it can have |\n| --- | --- |\n")[1].split("\n\n")[0].splitlines()
    codes = [re.findall(r"`(\w+)`", line) for line in rows]
    named = {transition: {code for code in others if code in set(Reason)} for transition, *others in codes}
    had: dict[str, set[str]] = {}
    for row in TABLE:
        had.setdefault(row.transition, set()).update(row.reasons)
    assert named.pop("blocked") == set() and "those of `placement-decided`" in text
    assert had.pop("blocked") == set(PLACEMENT_REASONS)
    had["rejected"].add("recycled_too_soon")
    assert named == {transition: reasons for transition, reasons in had.items() if reasons}


def lived(path: Path) -> Iterator[tuple[str | None, str]]:
    """The state and the transition of each record that a scenario writes, in the two weeks after it, too."""
    states: dict[tuple[str, str, str], str] = {}
    told = lines(path)
    for record in Said(list(simulate(told, told[-1].at + timedelta(days=15), 1))).lifecycle:
        name = (record["contact_list_id"], record["contact_id"], record["callback_id"])
        yield states.get(name), record["transition"]
        if record["transition"] not in ("rejected", "changed"):
            states[name] = AFTER.get(record["transition"], record["transition"])


def test_the_scenarios_of_the_rules_stay_within_the_table_and_show_all_its_moves() -> None:
    shown = {step for path in paths() for step in lived(path)}
    assert shown <= {(row.state, row.transition) for row in TABLE}
    assert {(row.state, row.transition) for row in MOVES} - shown == set()


def test_the_wrap_up_of_a_call_ahead_of_its_time_completes_a_callback_that_waits() -> None:
    worker = Worker(campaign(status="off", rule_set_ids=["R"]), rules=(rule(),))
    worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN"))
    assert worker.run_to("2026-11-23T14:40:00Z").transitions == ["due", "waiting"]
    said = worker.wrap_up(wrap_up("v2", callback_id=RULES, occurred_at="2026-11-23T14:50:00Z"))
    assert (said.transitions, said.views) == (["completed"], [None])


def test_its_wrap_up_completes_a_callback_that_is_being_dialed() -> None:
    worker = Worker(rules=(rule(),))
    worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN"))
    assert worker.run_to("2026-11-23T14:40:00Z").transitions == ["due", "dialing"]
    said = worker.wrap_up(wrap_up("v2", callback_id=RULES, occurred_at="2026-11-23T14:50:00Z"))
    assert (said.transitions, said.views) == (["completed"], [None])


def test_a_callback_that_is_too_late_when_it_falls_due_expires_and_nobody_is_asked_to_dial() -> None:
    worker = Worker(campaign(expire_after_s=600, rule_set_ids=["R"]), rules=(rule(),))
    said = worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN"), at="2026-11-23T14:50:00Z")
    said.lines += worker.run_to("2026-11-23T14:50:00Z").lines
    assert (said.transitions, said.reasons) == (["scheduled", "due", "expired"], [[], [], ["too_late"]])
    assert said.commands == []
