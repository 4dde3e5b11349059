"""The due index against the ways in which durable timers are known to fail."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.logic.partition.due_index import STALE_ENTRIES_MIN, DueIndex
from tests.builders import instant

NOON = instant("2026-11-23T12:00:00Z")
SECOND = timedelta(seconds=1)


def drained(index: DueIndex[bytes], until) -> list[bytes]:
    """The keys wanted by `until`, in order, each dropped as it is taken."""
    keys = []
    while (entry := index.first()) is not None and entry[0] <= until:
        index.drop(entry[2])
        keys.append(entry[2])
    return keys


def test_an_entry_put_behind_the_last_one_taken_is_still_found():
    index: DueIndex[bytes] = DueIndex()
    index.put(b"a", NOON, "k1")
    assert drained(index, NOON + SECOND) == [b"a"]
    index.put(b"b", NOON - 10 * SECOND, "k2")
    assert drained(index, NOON + SECOND) == [b"b"]


def test_a_moved_entry_is_found_at_its_new_instant_only():
    index: DueIndex[bytes] = DueIndex()
    index.put(b"a", NOON, "k1")
    index.put(b"a", NOON + 10 * SECOND, "k1")
    assert drained(index, NOON + 9 * SECOND) == []
    assert drained(index, NOON + 10 * SECOND) == [b"a"]
    assert drained(index, NOON + 20 * SECOND) == []


def test_a_dropped_entry_does_not_hide_the_one_behind_it():
    index: DueIndex[bytes] = DueIndex()
    index.put(b"a", NOON, "k1")
    index.put(b"b", NOON + SECOND, "k2")
    index.drop(b"a")
    assert index.first() == (NOON + SECOND, "k2", b"b")


def test_an_entry_that_goes_away_and_comes_back_is_there_once():
    index: DueIndex[bytes] = DueIndex()
    for _ in range(3):
        index.put(b"a", NOON, "k1")
        index.drop(b"a")
    index.put(b"a", NOON, "k1")
    assert drained(index, NOON) == [b"a"]
    assert len(index) == 0


def test_the_instant_itself_is_due_and_a_microsecond_before_is_not():
    index: DueIndex[bytes] = DueIndex()
    index.put(b"a", NOON, "k1")
    assert drained(index, NOON - timedelta(microseconds=1)) == []
    assert drained(index, NOON) == [b"a"]


def test_a_storm_in_one_second_comes_out_whole_and_in_the_order_of_ids():
    index: DueIndex[bytes] = DueIndex()
    for number in range(100_000):
        index.put(f"L|{number}".encode(), NOON, f"k{(number * 7919) % 100_000:06}")
    first_half = [index.first() for _ in range(1)]
    keys = drained(index, NOON)
    assert first_half[0] is not None and first_half[0][1] == "k000000"
    assert len(keys) == len(set(keys)) == 100_000
    assert keys[1] == b"L|" + str(pow(7919, -1, 100_000)).encode()


def test_a_key_that_moves_again_and_again_costs_no_memory_for_every_move():
    index: DueIndex[bytes] = DueIndex()
    for number in range(20 * STALE_ENTRIES_MIN):
        index.put(b"a", NOON + number * SECOND, "k1")
    assert len(index._heap) <= 2 + STALE_ENTRIES_MIN


KEYS = st.sampled_from([b"a", b"b", b"c", b"d"])
MOVES = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 20)))


@given(MOVES)
def test_first_is_always_the_earliest_standing_entry(moves):
    index: DueIndex[bytes] = DueIndex()
    model: dict[bytes, int] = {}
    for key, second in moves:
        if second is None:
            index.drop(key)
            model.pop(key, None)
        else:
            index.put(key, NOON + second * SECOND, "k")
            model[key] = second
        first = index.first()
        expected = min(((second, key) for key, second in model.items()), default=None)
        assert (first and ((first[0] - NOON) // SECOND, first[2])) == expected
        assert len(index) == len(model)


@given(MOVES, st.lists(st.integers(0, 25)))
def test_adjacent_windows_neither_overlap_nor_leave_a_gap(moves, steps):
    index: DueIndex[bytes] = DueIndex()
    standing = {}
    for key, second in moves:
        if second is not None:
            index.put(key, NOON + second * SECOND, "k")
            standing[key] = second
    taken = []
    for until in [*sorted(steps), 30]:
        taken += drained(index, NOON + until * SECOND)
    assert sorted(taken) == sorted(standing)
    assert [standing[key] for key in taken] == sorted(standing.values())
