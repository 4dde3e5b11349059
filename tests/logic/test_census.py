"""What the metrics say of a partition's callbacks is what its rows say, at any moment."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.logic.contact.callback import Status
from streams.logic.contact.rows import Outline, held_by
from streams.logic.partition.census import IN_HAND, WAITS_FOR, WORKER, Census
from streams.logic.partition.moments import STALE_MINUTES_MIN, Moments
from topics.facts import HeldBy
from topics.records import CallbackState

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
BOUNDS = (10, 60, 300, 3600, 86_400)
ages = st.one_of(st.integers(-200, 400), st.integers(-90_000, 200_000))


def second(age):
    return int(NOON.timestamp()) - age


@given(st.lists(st.tuples(ages, st.booleans())), ages, ages)
def test_moments_count_what_a_list_of_them_counts(changes, start, end):
    moments = Moments()
    left: Counter[int] = Counter()
    for age, is_added in changes:
        if is_added:
            moments.add(second(age))
            left[age] += 1
        else:
            moments.remove(second(age))
            left[age] -= left[age] > 0
    old = sorted(left.elements())
    assert moments.first() == (second(old[-1]) if old else None) and bool(moments) == bool(old)
    assert moments.count(second(start), second(end)) == sum(end < age <= start for age in old)
    expected = [sum(2 <= age <= bound for age in old) for bound in BOUNDS]
    assert moments.ages(second(0), 2, BOUNDS) == [*expected, sum(age >= 2 for age in old)]


def test_a_minute_that_fills_and_empties_again_and_again_costs_no_memory_for_every_time():
    moments = Moments()
    moments.add(0)
    for _ in range(5 * STALE_MINUTES_MIN):
        moments.add(second(-60))
        moments.remove(second(-60))
    assert len(moments._heap) <= 2 * 2 + STALE_MINUTES_MIN + 1 and moments.first() == 0


def outlines():
    statuses = st.sampled_from([Status.SCHEDULED, Status.WAITING, *IN_HAND])
    return st.builds(
        lambda campaign, age, status, waits_for, commanded: Outline(
            "k", campaign, NOON - timedelta(seconds=age), status,
            waits_for=waits_for, commanded_at=None if commanded is None else NOON - timedelta(seconds=commanded),
        ),
        st.sampled_from(["one", "two"]), ages, statuses, st.sampled_from([None, *HeldBy]), st.none() | ages,
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(outlines(), max_size=3))))
def test_a_census_that_is_kept_says_what_one_of_all_rows_says(writes):
    census = Census(["two"])
    rows: dict[int, list[Outline]] = {}
    for key, callbacks in writes:
        census.count(rows.get(key, ()), callbacks)
        census.place(rows.get(key, ()), callbacks)
        rows[key] = callbacks
    everything = [callback for row in rows.values() for callback in row]
    assert census.outstanding == len(everything)
    for counts, callbacks in (
        (census.total, everything),
        (census.campaigns["two"], [one for one in everything if one.campaign_id == "two"]),
    ):
        for status in (Status.SCHEDULED, Status.WAITING, *IN_HAND):
            assert counts.states.get(status, 0) == sum(one.status is status for one in callbacks)
        for waits_for in WAITS_FOR:
            waiting = [one for one in callbacks if waits(one) == waits_for]
            old = [int((NOON - one.due_at).total_seconds()) for one in waiting]
            overdue = [age for age in old if age >= 2]
            assert counts.overdue(waits_for, NOON, ()) == [len(overdue)]
            assert counts.oldest_s(waits_for, NOON) == max(overdue, default=0)
        soon = [one for one in callbacks if waits(one) == WORKER and NOON <= one.due_at < NOON + timedelta(minutes=1)]
        assert counts.due_soon(NOON) == len(soon)
        for status in IN_HAND:
            assert counts.command_ages(status, NOON, ())[-1] == sum(
                one.status is status and (one.commanded_at or one.due_at) <= NOON for one in callbacks
            )


def waits(callback):
    if callback.status in IN_HAND:
        return None
    return held_by(callback) if callback.status is Status.WAITING else WORKER


def test_a_campaign_that_nobody_named_has_no_counts_of_its_own():
    census = Census(["two"])
    census.count((), (Outline("k", "one", NOON),))
    census.place((), (Outline("k", "one", NOON),))
    assert set(census.campaigns) == {"two"} and census.campaigns["two"].states == {}
    assert census.total.in_state(CallbackState.SCHEDULED) == 1
