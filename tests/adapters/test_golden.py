"""What each envelope becomes, field by field: the files in `golden` are read by people before they are committed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.adapters.genesys import shapes
from streams.adapters.genesys.envelopes import Kind
from streams.adapters.seam import Skip
from streams.adapters.vicidial.adapter import STATES, CallbackRow
from tests.adapters.play import GOLDEN, played
from topics.codec import ErrorCode

FILES = sorted(GOLDEN.glob("*.json"))
PRIVATE = ("sister", "Ann Lee", "private")


def steps(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["steps"]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_becomes_of_records_is_what_the_golden_file_says(path: Path) -> None:
    """`python -m tests.adapters.play` writes them again."""
    assert played(json.loads(path.read_text("utf-8"))) == steps(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_note_and_no_name_is_in_what_is_written(path: Path) -> None:
    written = json.dumps([step["then"] for step in steps(path)])
    assert [word for word in PRIVATE if word in written] == []


def keys_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from keys_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from keys_in(one)


def given(name: str) -> set[str]:
    return {
        key for path in FILES if path.stem.startswith(name) for key in keys_in([one.get("raw") for one in steps(path)])
    }


@pytest.mark.parametrize(
    "shape",
    [
        one
        for one in vars(shapes).values()
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one is not msgspec.Struct
    ],
    ids=lambda shape: shape.__name__,
)
def test_every_field_that_is_read_of_genesys_is_in_a_golden_file(shape: type[msgspec.Struct]) -> None:
    names = {field.encode_name for field in msgspec.structs.fields(shape)}
    assert names - given("genesys") == set()


def test_every_field_that_is_read_of_vicidial_is_in_a_golden_file() -> None:
    assert {field.encode_name for field in msgspec.structs.fields(CallbackRow)} - given("vicidial") == set()
    assert set(STATES) - {"INACTIVE"} <= {
        value for path in FILES for step in steps(path) for value in words(step.get("raw"))
    }


def words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from words(one)


def test_every_kind_of_event_that_is_used_every_reason_to_skip_and_every_code_is_in_a_golden_file() -> None:
    types = {step["raw"].get("detail-type", "") for path in FILES for step in steps(path) if "raw" in step}
    ends = (
        *("outbound", "acw", "wrapup", "attributes", "user.start", "user.end", "postContact"),
        *("conversations.callbacks", "campaigns.{id}", "contactlists.{id}", "attemptlimits.{id}"),
        *("wrapupcodemappings.{id}", "rulesets.{id}", "callabletimesets.{id}", "contacts", "phonenumbers"),
    )
    assert len(ends) == len(Kind) and all(any(one.endswith(end) for one in types) for end in ends)
    told = [one for path in FILES for step in steps(path) for one in step["then"]]
    assert {one["skipped"] for one in told if "skipped" in one} == set(Skip)
    codes = {one["dead_letter"] for one in told if "dead_letter" in one}
    assert codes <= set(ErrorCode) and codes >= {"no_partner", "not_e164", "unsupported", "contact_list_unknown"}
