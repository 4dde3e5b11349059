"""The benchmark's judgement is about what was read, never about how fast."""

from datetime import UTC, datetime, timedelta

from streams.dev.bench.verdict import Command, mistakes

DUE = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EXPECTED = {"k1": DUE, "k2": DUE + SECOND}


def command(callback_id: str, offset: int, *, late: timedelta = timedelta(), topic: str = "dial-preview") -> Command:
    due_at = EXPECTED.get(callback_id, DUE)
    return Command(callback_id, due_at, due_at + late, topic, 0, offset)


def test_each_once_in_order_and_not_early_is_right_however_late():
    assert mistakes(EXPECTED, [command("k1", 3, late=timedelta(hours=1)), command("k2", 4)]) == []


def test_what_is_missing_repeated_or_unexpected_is_named():
    commands = [command("k1", 1), command("k1", 2), command("k3", 3)]
    assert mistakes(EXPECTED, commands) == [
        "1 commands missing, the first for k2",
        "1 commands repeated, the first for k1",
        "1 commands unexpected, the first for k3",
    ]


def test_a_millisecond_early_is_early():
    early = command("k2", 2, late=timedelta(milliseconds=-1))
    assert mistakes(EXPECTED, [command("k1", 1), early]) == ["1 commands early, the first for k2"]


def test_order_is_judged_by_offset_within_topic_and_partition():
    assert mistakes(EXPECTED, [command("k2", 1), command("k1", 2)]) == ["1 commands out of order, the first for k1"]
    assert mistakes(EXPECTED, [command("k1", 2), command("k2", 1, topic="dial-analysis")]) == []


def test_a_command_that_names_another_due_time_is_wrong():
    moved = command("k2", 2)._replace(due_at=DUE + 2 * SECOND, written_at=DUE + 2 * SECOND)
    assert mistakes(EXPECTED, [command("k1", 1), moved]) == ["1 commands not due when expected, the first for k2"]
