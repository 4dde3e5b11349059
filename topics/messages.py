"""Every message on Kafka by its name, with the JSON Schema of its value.

A topic with several kinds of value has a message for each: `callback-scheduled.returned`. Of what comes in, a schema
says what is accepted; further fields are ignored. Of what goes out, it says what is written: every field is there, and
the words of `x-extensible-enum` are those of today, to which later versions may add. Source: docs/contract/index.md.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from topics.audit import ActionKind, AuditStep
from topics.catalog import CATALOG
from topics.cloud_events import schema_urn
from topics.records import Reason, Transition
from topics.topic import Direction, Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"

MAY_GROW: tuple[type[StrEnum], ...] = (Transition, Reason, ActionKind, AuditStep)
"""Words that a version may add to in what goes out, so that a reader has to bear with others."""

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One kind of value on one topic."""

    name: str
    topic: Topic
    value: type[Struct]

    @property
    def is_input(self) -> bool:
        """Whether others send it; Do Not Call entries are sent by us as well."""
        return self.topic.direction is Direction.IN


def _messages() -> Iterator[Message]:
    for topic in CATALOG.values():
        for value in topic.values:
            tag = value.__struct_config__.tag
            name = topic.name.value if len(topic.values) == 1 else f"{topic.name.value}.{tag}"
            yield Message(name=name, topic=topic, value=value)


MESSAGES: dict[str, Message] = {message.name: message for message in _messages()}
"""By name, in the order of the catalog."""


def schema_of_message(message: Message) -> Schema:
    """The schema of its value, complete in itself."""
    (reference,), components = msgspec.json.schema_components((message.value,), ref_template=REFERENCE)
    definitions: dict[str, Schema] = {name: for_others(one) for name, one in sorted(components.items())}
    if not message.is_input:
        definitions = {name: _as_written(one) for name, one in definitions.items()}
    root = definitions.pop(reference["$ref"].rpartition("/")[2])
    head = {"$schema": DIALECT, "$id": schema_urn(message.name), "title": message.name}
    body = {name: one for name, one in root.items() if name != "title"}
    return head | body | ({"$defs": definitions} if definitions else {})


_NONE = re.compile(r"\bNone\b")


def for_others(schema: Any) -> Any:
    """The same for any reader: patterns of ECMA-262, which has other signs for start and end, and prose without Python.

    Without `discriminator`, which is a word of OpenAPI, and another one in AsyncAPI.
    """
    if isinstance(schema, list):
        return [for_others(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: for_others(value) for name, value in schema.items() if not _is_discriminator(name, value)}
    if isinstance(told.get("pattern"), str):
        told["pattern"] = told["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(told.get("description"), str):
        told["description"] = _NONE.sub("null", inspect.cleandoc(told["description"]))
    return told


def _is_discriminator(name: str, value: Any) -> bool:
    return name == "discriminator" and isinstance(value, dict) and "propertyName" in value


_GROWING = {one.__name__ for one in MAY_GROW}


def _as_written(schema: Schema) -> Schema:
    """A definition as records have it: no field is left out, so none has a default."""
    if "enum" in schema and schema.get("title") in _GROWING:
        words = schema["enum"]
        return {name: one for name, one in schema.items() if name != "enum"} | {
            "type": "string",
            "x-extensible-enum": words,
        }
    if "properties" not in schema:
        return schema
    fields = {name: _written_field(one) for name, one in schema["properties"].items()}
    return schema | {"properties": fields, "required": list(fields)}


def _written_field(field: Schema) -> Schema:
    """Of a field that may be anything, such as facts, an object is what is written."""
    return {name: one for name, one in field.items() if name != "default"} or {"type": "object"}
