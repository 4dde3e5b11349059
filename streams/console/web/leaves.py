"""The fields of a JSON value as a form has them: a text, number, or yes or no is changed without writing JSON. Pure.

Source: RFC 6901 for how a place within a value is named.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class NotFitting(ValueError):
    """A text that is no value of the kind that stood there; the message names the place."""


class Leaf(NamedTuple):
    """One field. pointer: where it stands; label: the same for people; text: what it is; kind: of its value."""

    pointer: str
    label: str
    text: str
    kind: type


def leaves(value: Any, pointer: str = "", label: str = "") -> Iterator[Leaf]:
    """All fields that have one value, in their order."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from leaves(one, f"{pointer}/{_escaped(name)}", f"{label}, {_said(name)}" if label else _said(name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, f"{pointer}/{number}", f"{label} {number + 1}")
    else:
        yield Leaf(pointer, label or "Value", _text(value), type(value))


def with_changes(value: Any, texts: Mapping[str, str]) -> Any:
    """The value with other fields. texts: by pointer; those that are as they were change nothing. Raises NotFitting."""
    found = json.loads(json.dumps(value))
    for leaf in leaves(value):
        text = texts.get(leaf.pointer)
        if text is not None and text != leaf.text:
            _set(found, leaf.pointer, _typed(leaf, text))
    return found


def _set(value: Any, pointer: str, new: Any) -> None:
    *path, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in path:
        value = value[int(part) if isinstance(value, list) else part]
    value[int(last) if isinstance(value, list) else last] = new


def _typed(leaf: Leaf, text: str) -> Any:
    """A text as a value of the kind that stood there; what had no value takes any JSON, or a text."""
    if leaf.kind is str:
        return text
    try:
        found = json.loads(text)
    except ValueError:
        if leaf.kind is type(None):
            return text
        found = None
    if leaf.kind is type(None):
        return found
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if isinstance(found, bool) if leaf.kind is bool else is_number:
        return found
    raise NotFitting(f"{leaf.label} has to be {'yes or no (true or false)' if leaf.kind is bool else 'a number'}.")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _said(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
