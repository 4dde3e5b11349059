"""What an earlier version wrote is read by this one, and says the same: every record of the scenarios of its day."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from topics.catalog import CATALOG, NEEDED_TOPICS
from topics.codec import BadEvent, decode, decode_cells, encode
from topics.topic import Direction

FILES = sorted((Path(__file__).parents[1] / "golden" / "topics").glob("records.*.jsonl.gz"))


def records(file: Path, way: str) -> list[dict[str, Any]]:
    """The records of a version. way: `in` for what it was sent, `out` for what it wrote."""
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    return [record for line in lines if (record := json.loads(line))["way"] == way]


def says(written: Any, given: Any) -> bool:
    """Whether everything that was given is said; more may be."""
    if isinstance(given, dict):
        return isinstance(written, dict) and all(
            name in written and says(written[name], value) for name, value in given.items()
        )
    return bool(written == given)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_record_that_a_version_wrote_is_read_and_says_the_same(file: Path) -> None:
    written = [one for one in records(file, "out") if one["value"] is not None and CATALOG[one["topic"]].values]
    assert len(written) > 1000
    for one in written:
        again = json.loads(encode(decode(one["topic"], one["value"].encode())))
        assert says(again, json.loads(one["value"])), one
    assert {one["topic"] for one in written} >= {
        name for name, topic in NEEDED_TOPICS.items() if topic.direction is Direction.OUT and topic.values
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_event_that_a_version_accepted_is_still_read(file: Path) -> None:
    dead = {(one["scenario"], one["value"]) for one in records(file, "out") if one["topic"] == "dead-letter"}
    accepted = [
        one for one in records(file, "in") if one["value"] is not None and (one["scenario"], one["value"]) not in dead
    ]
    assert len(accepted) > 1000
    for one in accepted:
        try:
            _, fault = decode_cells(one["topic"], one["value"].encode())
        except BadEvent as bad:
            fault = bad
        assert fault is None, f"{one['scenario']}: {fault}"
