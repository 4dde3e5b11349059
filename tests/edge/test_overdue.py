"""When a fetch counts as lost: at once where a network forgets, seldom where a broker is slow."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.overdue import SILENT_MAX_S, SILENT_S, SPACING_S, Overdue

STEP_S = 0.05


def given_up(overdue: Overdue, answers_after_s: float | None, seconds: float = 120.0) -> list[float]:
    """When fetches are given up, one after the other, at an address that answers each after so long."""
    at, begun, gone = 0.0, 0.0, list[float]()
    while at < seconds:
        at += STEP_S
        if answers_after_s is not None and at - begun >= answers_after_s:
            overdue.answered("a", at - begun)
            begun = at
        elif overdue.gives_up("a", at - begun, at):
            gone.append(at)
            begun = at
    return gone


def test_a_fetch_that_is_not_answered_is_given_up_in_seconds() -> None:
    overdue = Overdue()
    overdue.answered("a", 0.0)
    assert not overdue.gives_up("a", SILENT_S - 0.1, 10.0)
    assert overdue.gives_up("a", SILENT_S, 10.0)


def test_an_address_that_answers_nothing_is_tried_less_and_less_often() -> None:
    gone = given_up(Overdue(), None)
    pauses = [round(after - before, 1) for before, after in zip([0.0, *gone], gone, strict=False)]
    assert pauses == sorted(pauses)
    assert SILENT_MAX_S <= pauses[-1] <= SILENT_MAX_S + 2 * STEP_S


@given(st.floats(min_value=0.0, max_value=SILENT_MAX_S - 1))
def test_a_broker_that_is_always_as_slow_is_waited_for_after_a_few_fetches(slow_s: float) -> None:
    """Each of them leads to a new connection, on which it is asked the same again."""
    assert len(given_up(Overdue(), slow_s)) <= 4


def test_a_broker_that_was_slow_and_is_well_again_is_expected_to_answer_soon() -> None:
    overdue = Overdue()
    given_up(overdue, 15.0, 200.0)
    given_up(overdue, 0.0, 1.0)
    assert overdue.gives_up("a", SILENT_S, 1000.0)


def test_another_address_is_another_matter() -> None:
    overdue = Overdue()
    given_up(overdue, None)
    assert overdue.gives_up("b", SILENT_S, 1000.0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(min_value=0, max_value=60), st.booleans()), max_size=400))
def test_of_all_fetches_of_a_worker_ten_a_second_are_given_up_at_most(asked: list[tuple[str, float, bool]]) -> None:
    overdue, gone, now = Overdue(), list[float](), 0.0
    for address, late_s, answered in asked:
        now += 0.003
        if answered:
            overdue.answered(address, 0.0)
        if overdue.gives_up(address, late_s, now):
            gone.append(now)
    assert all(after - before >= SPACING_S for before, after in pairwise(gone))
