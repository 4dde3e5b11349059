"""What each version added to the contract, as a page: from the schemas that were kept of each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from topics.schema_values import Schema, Side, alternatives

Schemas = Mapping[str, Schema]
"""Of one version, by the names of messages."""

HEAD = """\
# What each version added to the contract

`make contract` writes this page from the schemas of each version.
What holds from one version to the next is [beside it](index.md#what-holds-from-version-to-version).
A record that a version wrote has the fields of that version: who reads older records finds newer fields missing.
"""


def fields_in(schema: Schema) -> dict[str, frozenset[str]]:
    """Every field by its path, as `attempt_limits.time_zone`, with the words that it may be; none if it is no word."""
    found: dict[str, frozenset[str]] = {}
    for path, words in _fields("", Side(schema, schema)):
        found[path] = found.get(path, frozenset()) | words
    return found


def _fields(above: str, side: Side) -> Iterator[tuple[str, frozenset[str]]]:
    for one in alternatives(side):
        for name, field in one.schema.get("properties", {}).items():
            path = f"{above}{name}"
            yield path, frozenset(_words(one.below(field)))
            yield from _fields(f"{path}.", one.below(field))
        if "items" in one.schema:
            yield from _fields(above, one.below(one.schema["items"]))


def _words(side: Side) -> Iterator[str]:
    for one in alternatives(side):
        yield from map(str, one.schema.get("enum", one.schema.get("x-extensible-enum", ())))
        if "items" in one.schema:
            yield from _words(one.below(one.schema["items"]))


def page(versions: Sequence[tuple[str, Schemas]]) -> str:
    """The page. versions: with their names, the oldest first; the first one has everything to begin with."""
    parts = [HEAD]
    for (_, before), (name, after) in pairwise(versions):
        parts += [f"## {name}\n", *_section(before, after)]
    return "\n".join(parts)


def _section(before: Schemas, after: Schemas) -> Iterator[str]:
    rows = [row for message in after if (row := _row(message, before.get(message), after[message]))]
    if not rows:
        yield "Nothing.\n"
        return
    yield "\n".join(["| message | new fields | new words |", "| --- | --- | --- |", *rows]) + "\n"


def _row(message: str, before: Schema | None, after: Schema) -> str:
    if before is None:
        return f"| `{message}` | all: the message is new | |"
    was, now = fields_in(before), fields_in(after)
    fields = [f"`{path}`" for path in now if path not in was]
    words = [f"`{path}`: {_listed(now[path] - was[path])}" for path in now if path in was and now[path] - was[path]]
    return f"| `{message}` | {', '.join(fields)} | {'; '.join(words)} |" if fields or words else ""


def _listed(words: frozenset[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))
