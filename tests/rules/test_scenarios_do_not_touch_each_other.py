"""Played all at once, each scenario comes out as it does alone: so what is compared on Kafka is what the rules say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from streams.simulator.lines import Line
from streams.simulator.simulate import Written, simulate
from tests.rules.scenario import lines, merged, paths
from tests.same import comparable

UNTIL = datetime(2027, 5, 1, tzinfo=UTC)
PARTITIONS = 4
PATHS = [path for path in paths() if not path.stem.endswith("one-partition")]


def said(told: list[Line]) -> list[tuple[datetime, str, bytes | None, Any]]:
    return [_plain(written) for written in simulate(told, UNTIL, PARTITIONS)]


def _plain(written: Written) -> tuple[datetime, str, bytes | None, Any]:
    record = written.record
    return written.at, record.topic, record.key, comparable(record.value, record.headers)


@pytest.fixture(scope="module")
def together() -> list[tuple[datetime, str, bytes | None, Any]]:
    return said(merged())


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_scenario_says_the_same_among_the_others(path, together) -> None:
    told = lines(path)
    alone = said(told)
    own = {line.key for line in told} | {key for _, _, key, _ in alone}
    for key in own:
        assert [one for one in together if one[2] == key] == [one for one in alone if one[2] == key]
