"""JSON Schemas of everything on Kafka: `python -m topics.schemas [TOPIC]` prints them.

They are made of the types that Ringback itself reads and writes, and say what it reads: of what goes out, records of
earlier versions too. docs/contract/schemas has one for each message, which says of what goes out what is written now.
What comes in may have further fields, which are ignored; `facts` may be any object. Source: docs/contract.md.
"""

import argparse
import json
from typing import Any

import msgspec

from topics.catalog import CATALOG
from topics.messages import DIALECT, REFERENCE, for_others


def schema_of(topic: str) -> dict[str, Any]:
    """The schema of a topic's values, by its name without prefix. Raises KeyError for one with values not of ours."""
    values = CATALOG[topic].values
    if not values:
        raise KeyError(topic)
    schemas, components = msgspec.json.schema_components(values, ref_template=REFERENCE)
    one = schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}
    return {"$schema": DIALECT, "title": topic, **one, "$defs": for_others(components)}


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
