"""What the scenarios of all rules lead to, for tests that hold records against the page and the types."""

import json
from datetime import timedelta
from functools import cache
from typing import Any

from streams.simulator.simulate import simulate
from tests.rules import scenario
from topics.catalog import CATALOG
from topics.names import TopicName


@cache
def written() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Topic and value of every record that the scenarios lead to, when the clock runs on until callbacks have ended."""
    found = []
    for path in scenario.paths():
        told = scenario.lines(path)
        for one in simulate(told, told[-1].at + timedelta(days=10), 4):
            if CATALOG[one.record.topic].values and one.record.value is not None:
                found.append((one.record.topic, json.loads(one.record.value)))
    return tuple(found)


def lifecycle_records() -> list[dict[str, Any]]:
    return [value for topic, value in written() if topic == TopicName.CALLBACK_LIFECYCLE]


def answers() -> list[dict[str, Any]]:
    return [value for topic, value in written() if topic == TopicName.PLACEMENT_DECIDED]
