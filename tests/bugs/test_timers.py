"""Timers in the past, moved by the clock, restarted, called off. Bugs 1 to 7, 10 and 11 of docs/bugs-and-tests.md."""

from datetime import timedelta

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.logic.contact.exchange import Arrived
from streams.logic.contact.inputs import TimerFired
from streams.logic.partition.partition import META_KEY, Partition
from tests.bugs.history import START, STEPS, Step, Trial
from tests.builders import Worker, campaign, cancelled, instant, key_of, rule, scheduled, wrap_up
from tests.edge.single_engine import configuration
from topics.partitions import partition_for

HOUR, SECOND, MICROSECOND = timedelta(hours=1), timedelta(seconds=1), timedelta(microseconds=1)
BACK = [Step("schedule", by=SECOND), Step("clock", by=SECOND), Step("clock", by=-HOUR), Step("fire")]


@pytest.mark.parametrize("is_on_disk", [False, True])
@given(steps=STEPS)
@example(steps=[*BACK, Step("kill"), Step("clock", by=HOUR), Step("fire")])
@example(
    steps=[
        Step("schedule", by=HOUR),
        Step("clock", by=2 * HOUR),
        Step("fire"),
        Step("schedule", 1, by=-HOUR),
        Step("fire"),
    ]
)
def test_however_the_clock_is_set_and_the_worker_killed_each_callback_goes_out_once_in_order_and_not_early(
    steps: list[Step], is_on_disk: bool
) -> None:
    """And whatever is counted is what the rows say, after every step."""
    Trial(is_on_disk=is_on_disk).live(steps)


def test_a_callback_that_is_put_behind_the_last_one_that_went_out_goes_out_next() -> None:
    """There is no frontier: what has been looked at is nowhere noted."""
    trial = Trial()
    trial.step(Step("schedule", 0, 0, timedelta()))
    trial.step(Step("schedule", 1, 0, timedelta()))
    first = trial.partition.fire(START)
    assert first is not None
    trial.committed(first)
    trial.step(Step("schedule", 2, 0, -HOUR))
    second = trial.partition.fire(START)
    assert second is not None
    trial.committed(second)
    assert list(trial.fired) == ["k00", "k20"]


@pytest.mark.parametrize("by", [SECOND, -SECOND, HOUR, -HOUR, MICROSECOND, -MICROSECOND])
def test_a_clock_that_is_set_between_the_question_and_the_firing_loses_and_hurries_nothing(by: timedelta) -> None:
    """The worker asks when the next timer is wanted, the clock is set, the worker fires by what it reads then."""
    trial = Trial()
    trial.step(Step("schedule", by=SECOND))
    trial.now += SECOND
    assert trial.partition.next_at() == trial.now
    trial.now += by
    trial.step(Step("fire"))
    assert len(trial.fired) == (by > timedelta())
    trial.now += HOUR + SECOND
    trial.step(Step("fire"))
    assert len(trial.fired) == 1


def test_a_callback_that_was_called_off_holds_up_none_that_is_due_after_it() -> None:
    trial = Trial()
    trial.step(Step("schedule", 0, 0, SECOND))
    trial.step(Step("schedule", 0, 1, 2 * SECOND))
    trial.step(Step("schedule", 1, 0, 2 * SECOND))
    trial.step(Step("cancel", 0, 0))
    assert trial.partition.next_at() == START + 2 * SECOND
    trial.now += 2 * SECOND
    trial.step(Step("fire"))
    assert list(trial.fired) == ["k01", "k10"]


def test_a_microsecond_before_it_is_due_nothing_goes_out() -> None:
    trial = Trial()
    trial.step(Step("schedule", by=SECOND + MICROSECOND))
    trial.now += SECOND
    trial.step(Step("fire"))
    assert trial.fired == {}
    trial.now += MICROSECOND
    trial.step(Step("fire"))
    assert trial.fired == {"k00": START + SECOND + MICROSECOND}


def test_a_cancel_on_another_partition_is_a_dead_letter_and_the_same_one_on_its_own_holds_over_restarts() -> None:
    event, cancel = scheduled(), cancelled()
    key = key_of(event)
    own = partition_for(key, 4)

    def started(number: int, rows: dict[bytes, bytes]) -> Partition:
        core = Partition(number, 4, configuration(), dict(rows))
        core.ready(START)
        return core

    def told(core: Partition, value: dict, offset: int) -> list[str]:
        arrived = Arrived("callback-scheduled", core.number, offset, key, orjson.dumps(value), 0)
        outcome = core.apply(arrived, instant("2026-11-23T14:45:00Z"))
        return [dict(record.headers).get("ringback.error", b"").decode() or record.topic for record in outcome.records]

    home, other = started(own, {}), started((own + 1) % 4, {})
    told(home, event, 0)
    assert told(other, cancel, 0) == ["wrong_partition"] and home.census.outstanding == 1
    assert told(home, cancel, 1) == ["callback-lifecycle", "outstanding-callbacks"]
    again = started(own, dict(home.table))
    while again.next_at() is not None and (outcome := again.fire(START + timedelta(days=30))) is not None:
        assert not [record for record in outcome.records if record.topic.startswith("dial-")]


def test_what_has_ended_leaves_nothing_behind_that_a_restart_could_fire() -> None:
    trial = Trial()
    for number in range(3):
        trial.step(Step("schedule", number, 0, SECOND))
    trial.now += SECOND
    trial.step(Step("fire"))
    for days in (8, 45):
        trial.now = START + timedelta(days=days)
        trial.step(Step("fire"))
        trial.partition = trial.started()
    assert len(trial.fired) == 3 and trial.partition.next_at() is None
    assert {key for key, row in trial.rows.items() if row is not None} <= {META_KEY}, "tombstones for all contacts"


def test_of_many_turns_that_were_missed_one_is_taken() -> None:
    """A campaign lets one out a minute. After ten minutes without a turn it lets out one, not ten, and then goes on."""
    names = tuple(f"c{number}" for number in range(12))
    worker = Worker(campaign(status="off", rule_set_ids=["R"]), rules=(rule(minutes=1),), listed=names)
    for number, name in enumerate(names):
        worker.wrap_up(wrap_up(f"v{number}", contact_id=name, wrap_up_code="AGAIN"))
    worker.run_to("2026-11-23T15:00:00Z")
    said = worker.send("campaigns", campaign(rule_set_ids=["R"], dial_rate_per_s=1 / 60), "2026-11-23T15:00:00Z")
    said.lines += worker.run_to("2026-11-23T15:00:30Z").lines
    assert len(said.commands) == 1
    core = worker.core.partitions[0]
    late = instant("2026-11-23T15:10:30Z")
    outcomes = []
    while (outcome := core.fire(late)) is not None:
        outcomes.append(outcome)
    assert [len(outcome.fired) for outcome in outcomes] == [1]
    assert core.next_at() == late + timedelta(minutes=1)


def test_a_retry_that_was_missed_many_times_is_made_once() -> None:
    """A timer that met a bug would have been tried eight times while the worker stood still."""
    trial = Trial()
    trial.step(Step("schedule", by=SECOND))
    trial.now += SECOND
    trial.meets_bug = lambda input_: True
    assert trial.partition.fire(trial.now) is not None and trial.partition.agenda.retried_count == 1
    trial.meets_bug = lambda input_: False
    trial.now += 5 * HOUR
    trial.step(Step("fire"))
    assert list(trial.fired) == ["k00"] and trial.partition.agenda.retried_count == 0


@given(steps=STEPS, is_on_disk=st.booleans())
def test_what_is_retried_is_counted_and_never_below_zero(steps: list[Step], is_on_disk: bool) -> None:
    """While every firing meets a bug, and whatever else happens to the contacts meanwhile."""
    trial = Trial(meets_bug=lambda input_: isinstance(input_, TimerFired), is_on_disk=is_on_disk)
    for step in steps:
        trial.step(step) if step.kind in ("schedule", "cancel", "clock") else trial.partition.fire(trial.now)
        assert 0 <= trial.partition.agenda.retried_count <= trial.partition.census.outstanding
