"""JSON Schemas of the topics: every golden example fits the schema of its topic, and what is spoiled does not."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from topics.catalog import CATALOG
from topics.schemas import main, schema_of

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.json"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.name)
def test_a_golden_example_fits_the_schema_of_its_topic(file: Path) -> None:
    schema = schema_of(file.name.split(".")[0])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(file.read_bytes()), schema)


def test_a_value_without_a_required_field_or_of_another_type_does_not_fit() -> None:
    hold: dict[str, Any] = {"hold_id": "h", "reason": "r"}
    jsonschema.validate(hold, schema_of("holds"))
    for bad in ({"hold_id": "h"}, {**hold, "reason": 7}, {**hold, "hold_id": ""}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema_of("holds"))


def _all(value: Any, name: str) -> list[str]:
    """Every text under this name, at any depth."""
    if isinstance(value, list):
        return [found for one in value for found in _all(one, name)]
    if not isinstance(value, dict):
        return []
    here = [value[name]] if isinstance(value.get(name), str) else []
    return here + [found for one in value.values() for found in _all(one, name)]


@pytest.mark.parametrize("topic", [topic.name.value for topic in CATALOG.values() if topic.values])
def test_a_schema_can_be_read_outside_of_python(topic: str) -> None:
    schema = schema_of(topic)
    # JSON Schema reads patterns as ECMA-262 does. That has no \A and no \Z; many readers stop at them.
    assert [pattern for pattern in _all(schema, "pattern") if "\\A" in pattern or "\\Z" in pattern] == []
    assert [prose for prose in _all(schema, "description") if "\n " in prose] == []


def test_a_pattern_is_held_against_the_whole_text() -> None:
    entry = {"dnc_list_id": "D", "phone_number": "+12125550101"}
    jsonschema.validate(entry, schema_of("dnc-entries"))
    for number in ("12125550101", "x+12125550101", "+12125550101x"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**entry, "phone_number": number}, schema_of("dnc-entries"))


def test_the_command_prints_all_topics_or_one(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert set(json.loads(capsys.readouterr().out)) == {topic.name for topic in CATALOG.values() if topic.values}
    main(["holds"])
    assert json.loads(capsys.readouterr().out) == schema_of("holds")
