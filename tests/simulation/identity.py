"""Every record out is a CloudEvent: no two have one id, and what is written once more after a crash has its own.

`read`: what a `read_committed` reader sees, by topic without prefix.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from tests.simulation.log import Stored
from topics.catalog import CATALOG
from topics.topic import Direction

if TYPE_CHECKING:
    from tests.simulation.scenario import Simulation

Row = tuple[Stored, dict[str, Any]]
REQUIRED = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time")
BY_WORKERS = ("dnc-entries",)
"""A topic in that workers write, too."""


def identities(simulation: "Simulation", read: dict[str, list[Row]], prefix: str) -> Iterator[str]:
    """Everything that is wrong with them, one line each."""
    seen: Counter[str] = Counter()
    by_mark: dict[Any, set[str]] = defaultdict(set)
    for topic, rows in read.items():
        for record, value in rows:
            if not _is_output(topic, record):
                continue
            headers = dict(record.headers)
            yield from (f"headers: {topic} has no {name}" for name in REQUIRED if not headers.get(name))
            seen[headers["ce_id"].decode()] += 1
            if topic == "callback-lifecycle":
                by_mark[_mark(record, value)].add(headers["ce_id"].decode())
    yield from (f"headers: {id_} is of {count} records" for id_, count in seen.items() if count > 1)
    for tp, log in simulation.broker.logs.items():
        if tp.topic.removeprefix(prefix) != "callback-lifecycle":
            continue
        for record in log.records[: log.stable_end]:
            if record.is_committed or record.is_marker or record.value is None:
                continue
            id_, again = (
                dict(record.headers)["ce_id"].decode(),
                by_mark[_mark(record, msgspec.json.decode(record.value))],
            )
            if again and id_ not in again:
                yield f"headers: {id_} was aborted, and is {', '.join(sorted(again))} now"


def _is_output(topic: str, record: Stored) -> bool:
    if topic in BY_WORKERS:
        return "ce_id" in dict(record.headers)
    return topic in CATALOG and CATALOG[topic].direction is Direction.OUT


def _mark(record: Stored, value: dict[str, Any]) -> Any:
    """What makes a record of the lifecycle the same again, whenever it was decided."""
    same = {name: one for name, one in value.items() if name not in ("occurred_at", "facts")}
    facts = {name: one for name, one in value["facts"].items() if name in ("command_id", "presentation", "returns")}
    return record.key, msgspec.json.encode([same, facts], order="sorted")
