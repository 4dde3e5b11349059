"""What was refused, sent anew: changed where asked, tried first as a worker would read it, to the partition of its key.

Key, value and headers are byte for byte those of the dead letter, but for what is changed; the headers that say why it
was refused are taken off, and others say where it came from. Source: docs/contract.md, section "Dead letters".
"""

import json
from collections.abc import Mapping
from datetime import datetime
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

import msgspec
from msgspec import Struct

from streams.console.actions.model import Letter, NotAllowed, place_of
from streams.console.view.model import DeadLetter
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.intake import read_event
from topics import replayed
from topics.catalog import CATALOG, CONTACT_TOPICS_IN
from topics.codec import BadEvent, ErrorCode, decode_cells, value_key
from topics.framing import unframed, why_wrong_key
from topics.partitions import partition_for
from topics.topic import Direction

TAKEN_OFF = ("__connect.errors.", "ringback.error", replayed.PREFIX)
FIRST_OWN = "__connect.errors.topic"
CUT = "ringback.cut"
_JSON = json.JSONDecoder()


class Edit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is changed before it is sent anew. value, key: in place of what was there, as bytes.

    fields: of the JSON object, by their names, each with its new value; other bytes stay as they are.
    key_of_value: the key becomes the one that the value must have.
    """

    value: bytes | None = None
    key: bytes | None = None
    fields: Mapping[str, Any] = {}
    key_of_value: bool = False

    def words(self) -> dict[str, str]:
        """Which parts are changed; no value is told."""
        parts = {"value": self.value is not None, "key": self.key is not None or self.key_of_value}
        named = [name for name, is_changed in parts.items() if is_changed]
        return {"changed": ",".join([*named, *sorted(self.fields)])} if named or self.fields else {}


class Tried(Struct, frozen=True, kw_only=True):
    """A dead letter as it would be sent, and what a worker would find wrong with it; None if nothing."""

    dead: DeadLetter
    letter: Letter | None
    wrong: str | None = None


def tried(dead: DeadLetter, edit: Edit, partitions: int, prefix: str, now: datetime) -> Tried:
    """Prepare a dead letter to be sent anew, and read it as a worker would.

    partitions: of contact topics. What depends on other records, as a campaign that is unknown, only a worker can say.
    """
    name = dead.topic.removeprefix(prefix)
    if why := _never(dead, name):
        return Tried(dead=dead, letter=None, wrong=why)
    try:
        value = _edited(dead.value, edit)
        key = edit.key if edit.key is not None else dead.key
        if edit.key_of_value and value is not None:
            key = value_key(name, decode_cells(name, value)[0]).encode()
        letter = _letter(dead, name, key, value, partitions, prefix)
        _read(name, letter, partitions, now)
    except NotAllowed as error:
        return Tried(dead=dead, letter=None, wrong=str(error))
    except BadEvent as bad:
        return Tried(dead=dead, letter=None, wrong=str(bad))
    return Tried(dead=dead, letter=letter)


def origin(dead: DeadLetter, prefix: str) -> str:
    """Where the original of a dead letter stands, by the full name of its topic."""
    return place_of(prefix + dead.topic.removeprefix(prefix), dead.partition, dead.offset)


def _never(dead: DeadLetter, name: str) -> str | None:
    topic = CATALOG.get(name)
    if topic is None or topic.direction is not Direction.IN:
        return "it was on a topic that is not read by workers"
    if any(header == CUT for header, _ in dead.headers):
        return "it is cut: fetch the original from its topic and offset"
    if dead.key is None and dead.value is None:
        return "it has neither key nor value"
    return None


def _letter(
    dead: DeadLetter, name: str, key: bytes | None, value: bytes | None, partitions: int, prefix: str
) -> Letter:
    trail = {
        replayed.TOPIC: prefix + name,
        replayed.PARTITION: dead.partition,
        replayed.OFFSET: dead.offset,
        replayed.ERROR: dead.code,
    }
    kept = [(header, text) for header, text in _of_original(dead.headers) if not header.startswith(TAKEN_OFF)]
    count = CATALOG[name].partition_count(partitions)
    return Letter(
        topic=prefix + name,
        partition=partition_for(key, count) if key is not None and count > 1 else 0,
        key=key,
        value=value,
        headers=(*kept, *((header, str(said).encode()) for header, said in trail.items())),
        from_topic=prefix + name,
        from_partition=dead.partition,
        from_offset=dead.offset,
        event_id=_event_id(value),
    )


def _of_original(headers: tuple[tuple[str, bytes], ...]) -> tuple[tuple[str, bytes], ...]:
    """The headers before those that a worker has put last: the original may have some of the same names."""
    ends = [at for at, (header, _) in enumerate(headers) if header == FIRST_OWN]
    return headers[: ends[-1]] if ends else headers


def _read(name: str, letter: Letter, partitions: int, now: datetime) -> None:
    """Raise BadEvent for what a worker would refuse whatever else it knows."""
    if name in CONTACT_TOPICS_IN:
        at_ms = int(now.timestamp() * 1000)
        arrived = Arrived(name, letter.partition, 0, letter.key, letter.value, at_ms)
        cells = read_event(arrived, partitions=partitions, key_is_known=False, now=now).bad_event
    else:
        cells = _read_configuration(name, letter)
    if cells is not None:
        raise cells


def _read_configuration(name: str, letter: Letter) -> BadEvent | None:
    if letter.value is None:
        return None
    value, cells = decode_cells(name, letter.value)
    if value_key(name, value).encode() != letter.key:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", why_wrong_key(letter.key))
    return cells


def _event_id(value: bytes | None) -> str | None:
    try:
        found = msgspec.json.decode(unframed(value or b"null"), type=dict[str, Any] | None)
    except msgspec.DecodeError:
        return None
    event_id = (found or {}).get("event_id")
    return event_id if isinstance(event_id, str) else None


def _edited(value: bytes | None, edit: Edit) -> bytes | None:
    value = value if edit.value is None else edit.value
    for name, new in edit.fields.items():
        value = with_field(value or b"", name, new)
    return value


def with_field(value: bytes, name: str, new: object) -> bytes:
    """A JSON object with another value in one of its fields; all other bytes are as they were, those before it too.

    One that it lacks comes last. Raises NotAllowed for what is no JSON object.
    """
    written = msgspec.json.encode(new).decode()
    try:
        text = unframed(value).decode()
        json.loads(text)
        begin, end = _span(text, name)
    except (ValueError, IndexError, StopIteration):
        raise NotAllowed("its value is no JSON object, so no field of it can be changed") from None
    if begin < 0:
        comma = "" if text[:end].rstrip().endswith("{") else ","
        written = f"{comma}{json.dumps(name, ensure_ascii=False)}:{written}"
        begin = end
    return value[: len(value) - len(unframed(value))] + (text[:begin] + written + text[end:]).encode()


def _span(text: str, name: str) -> tuple[int, int]:
    """Where the value of a field stands; -1 and the place of the closing brace when it is not there."""
    at = _after(text, _skip(text, 0), "{")
    found = -1, -1
    while text[at] != "}":
        key, at = scanstring(text, _after(text, at, '"'))
        begin = _skip(text, _after(text, _skip(text, at), ":"))
        _, end = _JSON.raw_decode(text, begin)
        # Of a name that is there twice, the last counts.
        found = (begin, end) if key == name else found
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found if found[0] >= 0 else (-1, at)


def _after(text: str, at: int, sign: str) -> int:
    if text[at] != sign:
        raise ValueError(sign)
    return _skip(text, at + 1) if sign != '"' else at + 1


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
