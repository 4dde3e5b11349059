"""Plays raw records to an adapter, as its runner does, and keeps what comes of each: `python -m tests.adapters.play`
writes the golden files again, which are read before they are committed.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from streams.adapters.known import ADAPTERS
from streams.adapters.seam import Raw, Routed, Skip, Terms
from streams.engine.adapting.table import Table
from topics.codec import BadEvent

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2027, 3, 9, 20, 0, tzinfo=UTC)
Json = dict[str, Any]


class Play:
    """One partition of each topic. told: in the order of things, what became of what."""

    def __init__(self, name: str, terms: Terms | None = None) -> None:
        self.adapter = ADAPTERS[name](terms or Terms())
        self.table = Table(self.adapter)
        self.now, self.offset = NOW, 0
        self.told: list[Json] = []

    def hear(self, value: Json | bytes | None) -> list[Json]:
        """One record; returns what became of it."""
        before = len(self.told)
        encoded = json.dumps(value).encode() if isinstance(value, dict) else value
        raw = Raw(f"{self.adapter.name}-events", 0, self.offset, None, encoded, _ms(NOW))
        self.offset += 1
        try:
            routed = self.adapter.route(raw)
            if isinstance(routed, Routed):
                self._take(self.adapter.step(msgspec.structs.replace(raw, value=routed.value), self.table, self.now))
            else:
                self._skipped([routed])
        except BadEvent as bad:
            self._dead(raw, bad)
        return self.told[before:]

    def wait(self, **delta: float) -> list[Json]:
        """So long nothing comes; returns what is given up."""
        before = len(self.told)
        self.now += timedelta(**delta)
        for key, row in self.table.due(_ms(self.now), 1000):
            self._take(self.adapter.expire(key, row, _ms(self.now)))
        return self.told[before:]

    def values(self, topic: str) -> list[Json]:
        """The values of the records of a topic."""
        return [one["value"] for one in self.told if one.get("topic") == topic]

    def codes(self) -> list[str]:
        """Of the dead letters."""
        return [one["dead_letter"] for one in self.told if "dead_letter" in one]

    def skips(self) -> list[str]:
        """Why records were skipped."""
        return [one["skipped"] for one in self.told if "skipped" in one]

    def _take(self, done: Any) -> None:
        for out in done.outs:
            value = None if out.value is None else json.loads(out.value)
            self.told.append({"topic": str(out.topic), "key": out.key, "value": value})
        for letter in done.letters:
            self._dead(letter.raw, letter.bad)
        self._skipped(done.skipped)
        for key, row in done.writes.items():
            self.table.put(key, row)
        if done.waiting and not done.outs:
            self.told.append({"waits": done.waiting})

    def _dead(self, raw: Raw, bad: BadEvent) -> None:
        self.told.append({"dead_letter": str(bad.code), "path": bad.path, "message": bad.message, "offset": raw.offset})

    def _skipped(self, why: Iterable[Skip]) -> None:
        self.told += [{"skipped": str(one)} for one in why]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def played(golden: Json) -> list[Json]:
    """What becomes of the records of a golden file, step by step; a step may be a wait in hours."""
    given = golden.get("terms", {})
    attributes = frozenset(given.pop("attributes", ())) if (given := dict(given)) else frozenset()
    play = Play(golden["adapter"], Terms(attributes=attributes, **given))
    steps = []
    for step in golden["steps"]:
        if "wait_hours" in step:
            steps.append({"wait_hours": step["wait_hours"], "then": play.wait(hours=step["wait_hours"])})
        else:
            steps.append({"raw": step["raw"], "then": play.hear(step["raw"])})
    return steps


def main() -> None:
    """Write what comes of each golden file into it."""
    for path in sorted(GOLDEN.glob("*.json")):
        golden = json.loads(path.read_text("utf-8"))
        golden["steps"] = played(golden)
        path.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
