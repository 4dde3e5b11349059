"""Which kinds of values a JSON Schema is about: its references followed, its alternatives taken apart."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]

ANYTHING: Schema = {}
_PROSE = ("title", "description", "default", "examples", "$schema", "$id", "$defs")


class Side(NamedTuple):
    """A schema, and the whole that its references point into."""

    schema: Schema
    whole: Schema

    def below(self, schema: Schema) -> "Side":
        """A part of it."""
        return Side(resolved(schema, self.whole), self.whole)


class Kind(NamedTuple):
    """What a value is: its type in JSON, and the word by which an object of one kind is told from another."""

    type: str
    tag: str | None = None

    @classmethod
    def of(cls, side: Side) -> "Kind":
        """The kind of a schema without alternatives."""
        schema = side.schema
        if "type" not in schema:
            words = schema.get("enum", schema.get("x-extensible-enum", ()))
            return cls(_type_of(words[0]) if words else "anything")
        # Of `type` alone, which tells events, conditions and actions apart.
        tag = resolved(schema.get("properties", {}).get("type", {}), side.whole)
        words = tag.get("enum", (tag["const"],) if "const" in tag else ())
        return cls(schema["type"], str(words[0]) if len(words) == 1 else None)

    @property
    def is_object(self) -> bool:
        """Whether it has fields."""
        return self.type == "object"

    def __str__(self) -> str:
        return self.type if self.tag is None else f"{self.type} of type {self.tag}"


def alternatives(side: Side) -> list[Side]:
    """The schemas of which a value fits one, each without alternatives, references and prose."""
    schema = resolved(side.schema, side.whole)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return [found for one in schema[name] for found in alternatives(side.below(one))]
    plain = {name: one for name, one in schema.items() if name not in _PROSE}
    types = plain.get("type")
    if isinstance(types, list):
        return [Side(plain | {"type": one}, side.whole) for one in types]
    return [Side(plain, side.whole)]


def like(one: Side, other: Side) -> bool:
    """Whether values of the one could be values of the other by their kind alone."""
    mine, its = Kind.of(one), Kind.of(other)
    numbers = mine.type == "integer" and its.type == "number"
    return mine == its or numbers or (mine.is_object and its.is_object and None in (mine.tag, its.tag))


def resolved(schema: Schema, whole: Schema) -> Schema:
    """The schema that a reference leads to; itself if it is none."""
    while "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _type_of(word: object) -> str:
    if isinstance(word, bool):
        return "boolean"
    if isinstance(word, int):
        return "integer"
    return "null" if word is None else "string"
