"""The simulator's lines of input: events on their way, one JSON object each, as instants, topics, keys and bytes.

Source: docs/contract.md, section "The simulator's lines".
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams.logic.contact.exchange import Headers
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN
from topics.fields import Instant
from topics.nesting import NESTING_MAX, refuse_deep

AT_MAX = datetime(9900, 1, 1, tzinfo=UTC)
"""Lines from here on are refused: what is reckoned from their instants has to fit into the calendar, too."""

AT_MIN = datetime(2, 1, 1, tzinfo=UTC)
"""Lines before it are refused, for the same reason."""

_LINE = msgspec.json.Decoder(dict[str, msgspec.Raw])


class MalformedLine(Exception):
    """A line that is no event on its way: not what the simulator reads. The message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event: the topic it arrives on, when, key and value, byte for byte, and headers; a tombstone has no value."""

    topic: str
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def read_lines(paths: Sequence[str]) -> Iterator[Line]:
    """The lines of these files, `-` being standard input. Raises MalformedLine, also when `at` goes back."""
    before = None
    for path in paths:
        with ExitStack() as stack:
            name = "standard input" if path == "-" else path
            try:
                file = sys.stdin.buffer if path == "-" else stack.enter_context(open(path, "rb"))
            except OSError as error:
                raise MalformedLine(f"{name}: {error.strerror}") from None
            for number, text in enumerate(file, start=1):
                if text.strip():
                    line = parse_line(text, f"{name}:{number}")
                    if before is not None and line.at < before:
                        raise MalformedLine(f"{name}:{number}: `at` is before the `at` of an earlier line")
                    before = line.at
                    yield line


def parse_line(text: bytes, place: str) -> Line:
    """One line of input. place: how to name it. Raises MalformedLine if it cannot be an event on its way."""
    line = _fields(text, place)
    topic = _plain(line.get("topic"))
    if topic not in (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS):
        raise MalformedLine(f"{place}: `topic` is none of the topics that are read")
    if "value" not in line:
        raise MalformedLine(f"{place}: there is no `value`")
    value = None if bytes(line["value"]) == b"null" else bytes(line["value"])
    key = _plain(line.get("key"))
    if not (key is None or isinstance(key, str)):
        raise MalformedLine(f"{place}: `key` is not a string")
    if key is None and value is None:
        raise MalformedLine(f"{place}: a tombstone needs a `key`")
    key = _default_key(topic, _plain(line["value"])) if key is None else key
    at = instant(_plain(line.get("at")), f"{place}: `at`")
    if at >= AT_MAX:
        raise MalformedLine(f"{place}: `at` is too late to reckon from, the year 9899 is the last")
    if at < AT_MIN:
        raise MalformedLine(f"{place}: `at` is too early to reckon from, the year 2 is the first")
    return Line(topic, at, None if key is None else key.encode(), value, _headers(_plain(line.get("headers")), place))


def _fields(text: bytes, place: str) -> dict[str, msgspec.Raw]:
    """The fields of a line, each as it stands there: a value must reach the core, and the dead letters, untouched."""
    try:
        # Fields are skipped, not decoded, so their encoding would not be looked at.
        text.decode()
        refuse_deep(text, NESTING_MAX + 1)  # The line is one around the value.
        return _LINE.decode(text)
    except msgspec.ValidationError:
        raise MalformedLine(f"{place}: not a JSON object") from None
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise MalformedLine(f"{place}: not JSON: {error}") from None


def _plain(field: msgspec.Raw | None) -> Any:
    """What a field holds; None if it is not there, or is a number too large for anything."""
    try:
        return None if field is None else msgspec.json.decode(field)
    except msgspec.ValidationError:
        return None


def _headers(headers: Any, place: str) -> Headers:
    if headers is None:
        return ()
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise MalformedLine(f"{place}: `headers` is not an object of strings")
    return tuple((name, value.encode()) for name, value in headers.items())


def _default_key(topic: str, value: Any) -> str | None:
    """The key that the value's ids make; None if they are not there, which the event is then refused for."""
    names = CATALOG[topic].key.split("|")
    ids = [value[name] for name in names if isinstance(value, dict) and isinstance(value.get(name), str)]
    return "|".join(ids) if len(ids) == len(names) else None


def instant(text: object, name: str) -> datetime:
    """An instant from outside. name: what to call it. Raises MalformedLine if it is none."""
    try:
        return msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise MalformedLine(f"{name} is not an RFC 3339 instant with a zone") from None
