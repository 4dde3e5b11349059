"""Whether the contract still keeps what an earlier version promised: pure, on JSON Schemas of `topics.messages`.

Of what comes in, everything that was accepted still is: a schema may only grow wider. Of what goes out, a reader of the
earlier version reads everything that is written now: a schema may only grow narrower, but for fields that are added and
words that may be. No field goes away either way: a sender's would be lost without a word.
Source: docs/contract/index.md; docs/decisions/0065-contract-files.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from topics.schema_values import ANYTHING, Kind, Schema, Side, alternatives, like

_LEAST = frozenset({"minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"})
_MOST = frozenset({"maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"})
_SHAPES = frozenset({"pattern", "format", "multipleOf", "uniqueItems", "const"})


class Break(StrEnum):
    """What no longer holds."""

    MESSAGE = "message removed"
    FIELD = "field removed"
    REQUIRED = "field required"
    OPTIONAL = "field no longer always there"
    KIND = "kind of value"
    WORDS = "words"
    BOUND = "bound"
    PATTERN = "pattern"
    CHANNEL = "channel"


class Finding(NamedTuple):
    """One thing that an earlier version promised and that no longer holds. path: in the value, as `$.rules[].order`."""

    message: str
    path: str
    what: Break
    why: str

    def __str__(self) -> str:
        return f"{self.message} {self.path}: {self.what}: {self.why}"


def breaks(message: str, old: Schema, new: Schema, *, is_input: bool) -> list[Finding]:
    """What of the old schema of a message the new one does not keep."""
    found = _Comparison(message, is_input).compare("$", Side(old, old), Side(new, new))
    return sorted(set(found))


def broken_by(old: Mapping[str, Schema], new: Mapping[str, Schema], inputs: Iterable[str]) -> list[Finding]:
    """The same of all messages of a version, by their names. inputs: the names of those that come in."""
    found: list[Finding] = []
    known = frozenset(inputs)
    for name, schema in old.items():
        if name not in new:
            found.append(Finding(name, "$", Break.MESSAGE, "it is not there any more"))
        else:
            found += breaks(name, schema, new[name], is_input=name in known)
    return found


def channels_broken_by(old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]) -> list[Finding]:
    """What of the topics of a version is another now: whether they are there, direction, key and how they are kept."""
    found = []
    for name, was in old.items():
        for what, value in was.items():
            now = new.get(name, {}).get(what)
            if now != value:
                found.append(Finding(name, what, Break.CHANNEL, f"it was {value}, and is {now}"))
    return found


class _Comparison:
    def __init__(self, message: str, is_input: bool) -> None:
        self._message, self._is_input = message, is_input

    def compare(self, path: str, old: Side, new: Side) -> Iterator[Finding]:
        """What the new side does not keep of the old one."""
        # Every value of the narrower one has to fit the wider one.
        narrow, wide = (old, new) if self._is_input else (new, old)
        wider = alternatives(wide)
        for one in alternatives(narrow):
            if any(other.schema == ANYTHING for other in wider):
                continue
            fitting = [other for other in wider if like(one, other)]
            if not fitting:
                yield self._found(path, Break.KIND, f"{Kind.of(one)} {self._beyond}")
                continue
            # Of several that are alike, such as two texts, one has to take it whole.
            tries = [list(self._one(path, *self._in_order(one, other))) for other in fitting]
            yield from min(tries, key=len)
        yield from self._gone(path, alternatives(old), alternatives(new))

    def _in_order(self, narrow: Side, wide: Side) -> tuple[Side, Side]:
        return (narrow, wide) if self._is_input else (wide, narrow)

    def _gone(self, path: str, old: list[Side], new: list[Side]) -> Iterator[Finding]:
        """Of what goes out, a kind of object that is not written any more goes unnoticed above."""
        for one in old:
            if Kind.of(one).is_object and not any(like(one, other) for other in new):
                yield self._found(path, Break.KIND, f"{Kind.of(one)} is not there any more")

    def _one(self, path: str, old: Side, new: Side) -> Iterator[Finding]:
        narrow, wide = (old, new) if self._is_input else (new, old)
        yield from self._words(path, old.schema, new.schema)
        yield from self._bounds(path, narrow.schema, wide.schema)
        if "items" in old.schema and "items" in new.schema:
            yield from self.compare(f"{path}[]", old.below(old.schema["items"]), new.below(new.schema["items"]))
        elif "items" in wide.schema:
            yield self._found(path, Break.KIND, "its items are of fewer kinds")
        if Kind.of(old).is_object:
            yield from self._fields(path, old, new)

    def _words(self, path: str, old: Schema, new: Schema) -> Iterator[Finding]:
        narrow, wide = (old, new) if self._is_input else (new, old)
        allowed, used = wide.get("enum"), narrow.get("enum", narrow.get("x-extensible-enum"))
        if "enum" in old and "enum" not in new and not self._is_input:
            yield self._found(path, Break.WORDS, "they were a closed set, and more may be written now")
        elif allowed is not None and used is None:
            yield self._found(path, Break.WORDS, "only some are accepted now")
        elif allowed is not None and (more := sorted(set(used) - set(allowed))):
            yield self._found(path, Break.WORDS, f"{', '.join(map(str, more))} {self._beyond}")
        lost = set(old.get("x-extensible-enum", ())) - set(new.get("x-extensible-enum", new.get("enum", ())))
        if lost:
            yield self._found(path, Break.WORDS, f"{', '.join(sorted(lost))} went away")

    @property
    def _beyond(self) -> str:
        return "is no longer accepted" if self._is_input else "is new to readers"

    def _bounds(self, path: str, narrow: Schema, wide: Schema) -> Iterator[Finding]:
        if "enum" in narrow:
            if words := [str(word) for word in narrow["enum"] if not _is_within(str(word), wide)]:
                yield self._found(path, Break.BOUND, f"{', '.join(words)} {self._beyond}")
            return
        for name in sorted((_LEAST | _MOST) & set(wide)):
            if _goes_beyond(name, narrow.get(name), wide[name]):
                yield self._found(path, Break.BOUND, f"{name} is {wide[name]} for one, and not for the other")
        for name in sorted(_SHAPES & set(wide)):
            if narrow.get(name) != wide[name]:
                yield self._found(path, Break.PATTERN, f"{name} is another")

    def _fields(self, path: str, old: Side, new: Side) -> Iterator[Finding]:
        was, now = old.schema.get("properties", {}), new.schema.get("properties", {})
        for name, field in was.items():
            below = f"{path}.{name}"
            if name not in now:
                yield self._found(below, Break.FIELD, "it is not there any more")
            else:
                yield from self.compare(below, old.below(field), new.below(now[name]))
        before, after = set(old.schema.get("required", ())), set(new.schema.get("required", ()))
        if self._is_input:
            for name in sorted(after - before):
                yield self._found(f"{path}.{name}", Break.REQUIRED, "it may not be left out any more")
        else:
            for name in sorted((before - after) & set(now)):
                yield self._found(f"{path}.{name}", Break.OPTIONAL, "readers rely on it")
        yield from self._others(path, old, new)

    def _others(self, path: str, old: Side, new: Side) -> Iterator[Finding]:
        """Of objects with fields of any name, such as attributes: what the values are."""
        was, now = (side.schema.get("additionalProperties", True) for side in (old, new))
        narrow, wide = (was, now) if self._is_input else (now, was)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from self.compare(f"{path}.*", old.below(was), new.below(now))
        elif wide is not True and narrow != wide:
            yield self._found(f"{path}.*", Break.KIND, "fields of other names have fewer kinds of values")

    def _found(self, path: str, what: Break, why: str) -> Finding:
        return Finding(self._message, path, what, why)


def _is_within(word: str, wide: Schema) -> bool:
    """Whether a word keeps the bounds of a text."""
    least, most = wide.get("minLength", 0), wide.get("maxLength", len(word))
    return least <= len(word) <= most and re.search(wide.get("pattern", ""), word) is not None


def _goes_beyond(name: str, bound: float | None, limit: float) -> bool:
    """Whether values within a bound, None for any, may be beyond the limit of this name."""
    return bound is None or (bound < limit if name in _LEAST else bound > limit)
