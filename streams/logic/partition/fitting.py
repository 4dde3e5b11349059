"""What is written always fits: a record that is larger than its topic takes is cut, and says so.

Rows, commands and views are small by what they are made of; dead letters and facts are as large as somebody else makes
them. Source: docs/contract.md, sections "Dead letters" and "callback-lifecycle";
docs/decisions/0027-what-is-written-always-fits.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from streams.logic.contact.exchange import Damage, Headers, Record
from topics.catalog import CATALOG
from topics.check_facts import Facts
from topics.codec import encode
from topics.records import CallbackLifecycle, PlacementDecided

SizeLimits = Mapping[str, int]
"""Bytes that a batch may take on each topic, by name without prefix: Kafka's `max.message.bytes`."""

CATALOG_LIMITS: SizeLimits = {topic.name: int(topic.config()["max.message.bytes"]) for topic in CATALOG.values()}
"""As the catalog has it."""

# What Kafka adds, at most: to a batch, to a record and to a header of it.
_BATCH_BYTES = 61
_RECORD_BYTES = 36
_HEADER_BYTES = 10

KEY_KEPT = 4096
"""Bytes of the key that a cut dead letter keeps: more than any key of ours has."""

HEADERS_KEPT = 8192
"""Bytes of the original's headers that a cut dead letter keeps, as whole headers, from the first one on."""

KEPT = ((1000, 16384), (100, 4096), (10, 512), (1, 64))
"""Items of a list or an object, and characters of a text, that cut facts keep: the first pair with which they fit."""

PATHS_NAMED_MAX = 8
"""Parts that a cut names."""

EVENT_BYTES = 2048
"""Space for the headers of a CloudEvent: the subject may be an id of 256 characters with 4 bytes each."""

_NOTE_BYTES = 400
"""Space for the headers that say what was cut."""


def size_of(record: Record) -> int:
    """Bytes that a batch of this record alone takes, at most."""
    size = _BATCH_BYTES + _RECORD_BYTES + len(record.key or b"") + len(record.value or b"")
    if record.event is not None:
        size += EVENT_BYTES
    return size + _bytes_of(record.headers) if record.headers else size


def portions(records: Iterable[Record], limits: int) -> Iterator[list[Record]]:
    """The records in their order, as many at once as a batch of so many bytes takes; at least one."""
    portion: list[Record] = []
    left = limits
    for record in records:
        size = size_of(record)
        if portion and size > left:
            yield portion
            portion, left = [], limits
        portion.append(record)
        left -= size
    if portion:
        yield portion


def fitting_letter(letter: Record, own: Headers, damage: Damage | None, limits: SizeLimits) -> Record:
    """A dead letter that fits, with its `own` headers last.

    letter: with the key, value and headers of the original. damage: what was not there to begin with. The value gives
    way first; a long key and long headers only in a letter that is cut.
    """
    cut_before = damage is not None and damage.value_bytes is not None
    whole = _with(letter, letter.headers, own)
    if not cut_before and size_of(whole) <= limits[letter.topic]:
        return whole
    key, headers = letter.key, letter.headers
    notes: list[tuple[str, bytes]] = []
    if key is not None and len(key) > KEY_KEPT:
        notes += _note("key", len(key), _digest(key))
        key = key[:KEY_KEPT]
    if _bytes_of(headers) > HEADERS_KEPT:
        notes.append(("ringback.headers.count", str(len(headers)).encode()))
        headers = _first(headers)
    bare = Record(letter.topic, key, None, headers, letter.timestamp_ms, letter.event)
    left = max(0, limits[letter.topic] - size_of(_with(bare, headers, (*own, *notes))) - _NOTE_BYTES)
    value = letter.value
    if value is not None and (cut_before or len(value) > left):
        stated = (damage.value_bytes, damage.value_sha256) if damage and cut_before else (len(value), _digest(value))
        notes += _note("value", *stated)
        value = value[:left]
    parts = ",".join(name.split(".")[1] for name, _ in notes if name.endswith((".bytes", ".count")))
    marks = (*own, ("ringback.cut", parts.encode()), *notes)
    return _with(Record(letter.topic, key, value, (), letter.timestamp_ms, letter.event), headers, marks)


def fitting_value(
    topic: str, key: bytes | None, value: CallbackLifecycle[Facts] | PlacementDecided[Facts], limits: SizeLimits
) -> bytes:
    """The value, encoded, with as many of its facts as fit; `cut` among the facts says which are not whole."""
    encoded = encode(value)
    space = limits[topic] - EVENT_BYTES - _BATCH_BYTES - _RECORD_BYTES - len(key or b"")
    if len(encoded) <= space:
        return encoded
    whole: dict[str, Any] = to_builtins(value.facts)
    for items, characters in KEPT:
        paths: list[str] = []
        facts = {name: _shortened(fact, items, characters, name, paths) for name, fact in whole.items()}
        facts["cut"] = {"bytes": len(encoded), "parts": paths[:PATHS_NAMED_MAX]}
        shorter = encode(replace(value, facts=facts))
        if len(shorter) <= space:
            return shorter
    return encode(replace(value, facts={"cut": {"bytes": len(encoded), "parts": ["facts"]}}))


def _shortened(fact: Any, items: int, characters: int, path: str, paths: list[str]) -> Any:
    """The fact with the first of what it has too much of; `paths` learns where something was left out."""
    short: Any
    match fact:
        case str():
            is_long, short = len(fact) > characters, fact[:characters]
        case Mapping():
            is_long, kept = len(fact) > items, list(fact.items())[:items]
            short = {name: _shortened(one, items, characters, f"{path}.{name}", paths) for name, one in kept}
        case list() | tuple():
            is_long = len(fact) > items
            short = [_shortened(one, items, characters, f"{path}[]", paths) for one in fact[:items]]
        case _:
            return fact
    if is_long and path not in paths:
        paths.append(path)
    return short


def _with(record: Record, headers: Headers, own: Iterable[tuple[str, bytes]]) -> Record:
    return Record(record.topic, record.key, record.value, (*headers, *own), record.timestamp_ms, record.event)


def _note(part: str, size: int | None, digest: str | None) -> list[tuple[str, bytes]]:
    notes = [(f"ringback.{part}.bytes", str(size).encode())]
    return notes if digest is None else [*notes, (f"ringback.{part}.sha256", digest.encode())]


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def _bytes_of(headers: Headers) -> int:
    return sum(_HEADER_BYTES + len(name.encode()) + len(value or b"") for name, value in headers)


def _first(headers: Headers) -> Headers:
    kept, left = [], HEADERS_KEPT
    for name, value in headers:
        left -= _bytes_of(((name, value),))
        if left < 0:
            break
        kept.append((name, value))
    return tuple(kept)
