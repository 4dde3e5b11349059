"""JSON Schemas of everything on Kafka: `python -m topics.schemas [TOPIC]` prints them.

They are made of the types that Ringback itself reads and writes. What comes in may have further fields, which are
ignored; `facts` may be any object. Source: docs/contract.md.
"""

import argparse
import inspect
import json
from typing import Any

import msgspec

from topics.catalog import CATALOG

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(topic: str) -> dict[str, Any]:
    """The schema of a topic's values, by its name without prefix. Raises KeyError for one with values not of ours."""
    values = CATALOG[topic].values
    if not values:
        raise KeyError(topic)
    schemas, components = msgspec.json.schema_components(values, ref_template="#/$defs/{name}")
    one = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    return {"$schema": _DIALECT, "title": topic, **one, "$defs": _for_others(components)}


def _for_others(schema: Any) -> Any:
    """The same for any reader: patterns of ECMA-262, which has other signs for start and end, and plain prose."""
    if isinstance(schema, list):
        return [_for_others(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _for_others(value) for name, value in schema.items()}
    if isinstance(told.get("pattern"), str):
        told["pattern"] = told["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(told.get("description"), str):
        told["description"] = inspect.cleandoc(told["description"])
    return told


def main(arguments: list[str] | None = None) -> None:
    """Print the schema of one topic, or of all as one object. arguments: those of the command line when None."""
    parser = argparse.ArgumentParser(prog="python -m topics.schemas", description="Print JSON Schemas of the topics.")
    known = [topic.name.value for topic in CATALOG.values() if topic.values]
    parser.add_argument("topic", nargs="?", choices=known, help="a topic without prefix; all if none is given")
    given = parser.parse_args(arguments)
    schemas = schema_of(given.topic) if given.topic else {name: schema_of(name) for name in known}
    print(json.dumps(schemas, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
