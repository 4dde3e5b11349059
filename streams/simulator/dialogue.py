"""The simulator's other output: a dialogue of what came in and what went out, one line each, to be read by people.

    2026-11-23 14:40:00 > wrap-up                L|c1  AGAIN, event_id w1, conversation_id v1, campaign_id P
    2026-11-23 14:50:00 < dial-preview           L|c1  k1, due_at 14:50:00Z, agent_id a7

Nothing is decided here, and every name is a field of docs/contract.md. A field is left out where the line says it
already, and, of a record that we write, where it is null or empty.
Source: docs/contract.md, section "A dialogue".
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from msgspec import Struct

from streams.simulator.lines import Line
from streams.simulator.simulate import Written
from topics.callback_events import CallbackScheduled
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, DEAD_LETTER_TOPIC
from topics.codec import BadEvent
from topics.commands import CONTRACT_VERSION, DialCommand
from topics.configuration import Campaign
from topics.events import PlacementRequested, WrapUp
from topics.records import CallbackLifecycle

END = "end"
TOPIC_WIDTH = 21  # Columns: as many as the longest name has.

LEADING: dict[type[Struct], tuple[str, ...]] = {
    Campaign: ("dialing_mode", "status"),
    WrapUp: ("wrap_up_code",),
    CallbackScheduled: ("type", "callback_id"),
    PlacementRequested: ("origin",),
    CallbackLifecycle: ("transition", "callback_id"),
    DialCommand: ("callback_id",),
}
"""Fields whose values stand first, without their names, as long as each one before is there; by the topic's type."""

HEADER_ERROR = "ringback.error"
HEADER_TOPIC = "__connect.errors.topic"
HEADER_MESSAGE = "__connect.errors.exception.message"
HEADER_CLASS = "__connect.errors.exception.class.name"
HEADER_PARTITION = "__connect.errors.partition"
HEADER_OFFSET = "__connect.errors.offset"

_PLAIN = re.compile(r"[A-Za-z0-9_+*./|:@#%&~^-]+")
_LITERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?Z)", re.ASCII)
_SHORT_INSTANT = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)


class _Number(NamedTuple):
    """A number as it stands in its record: 1.50 is not 1.5."""

    text: str


class _Object(list[tuple[str, Any]]):
    """The fields of an object in their order, also one that is there twice."""

    __slots__ = ()


_JSON = json.JSONDecoder(object_pairs_hook=_Object, parse_int=_Number, parse_float=_Number, parse_constant=_Number)


class _LatestEvent(NamedTuple):
    """The latest event in, and its offset."""

    line: Line
    offset: int


def dialogue(entries: Iterable[Line | Written], until: datetime | None = None) -> Iterator[str]:
    """The lines of a dialogue, without line ends; the last one says up to when nothing else happened.

    entries: lines and records in their order. until: up to when the clock ran; None: to the last of them.
    """
    latest: _LatestEvent | None = None
    offsets: Counter[str] = Counter()
    end = until
    for one in entries:
        if isinstance(one, Line):
            latest = _LatestEvent(one, offsets[one.topic])
            yield _line(one.at, ">", one.topic, one.key, _came(one))
        else:
            yield _line(one.at, "<", one.record.topic, one.record.key, _went(one, latest))
        end = until or one.at
        topic = one.topic if isinstance(one, Line) else one.record.topic
        if isinstance(one, Line) or topic in CONFIGURATION_TOPICS:
            offsets[topic] += 1
    if end is not None:
        yield f"{_moment(end)} {END}"


def _line(at: datetime, mark: str, topic: str, key: bytes | None, said: Iterable[str]) -> str:
    named = "(no key)" if key is None else _text(key.decode(errors="backslashreplace"))
    return f"{_moment(at)} {mark} {topic:<{TOPIC_WIDTH}}  {named}  {', '.join(said)}".rstrip()


def _came(line: Line) -> Iterator[str]:
    """An event on its way: every field but what its key and its instant say; of those, the ones that are not there."""
    fields = _fields(line.value)
    if isinstance(fields, str):
        yield fields
        return
    known = _said_by_the_key(line.topic, line.key)
    if any("occurred_at" in struct.__struct_fields__ for struct in CATALOG[line.topic].values):
        known["occurred_at"] = _json_instant(line.at)
    yield from _said(line.topic, [field for field in fields if field not in known.items()], _day(line.at))
    present = {name for name, _ in fields}
    yield from (f"(no {name})" for name in known if name not in present)


def _went(written: Written, latest: _LatestEvent | None) -> Iterator[str]:
    """A record of ours: every field that is not null, not empty, and not known by its key, its instant or its event."""
    record = written.record
    if record.topic == DEAD_LETTER_TOPIC:
        yield from _dead_letter(written, latest)
        return
    fields = _fields(record.value)
    if isinstance(fields, str):
        yield fields
        return
    known: dict[str, Any] = {**_said_by_the_key(record.topic, record.key), "occurred_at": _json_instant(written.at)}
    known["contract_version"] = _Number(str(CONTRACT_VERSION))  # The same in all.
    left = (field for field in fields if field[1] not in (None, []) and field not in known.items())
    entries = _Object((name, _cause(value, latest) if name == "cause" else value) for name, value in left)
    yield from _said(record.topic, _without_nulls(entries), _day(written.at))
    yield from _named(((name, value.decode()) for name, value in record.headers), "")


def _dead_letter(written: Written, latest: _LatestEvent | None) -> Iterator[str]:
    """The error; the event and its place only where it is not the one of the line above, untouched."""
    record = written.record
    headers = {name: value.decode(errors="backslashreplace") for name, value in record.headers}
    error = headers.pop(HEADER_ERROR, "")
    yield _text(error)
    yield _text(headers.pop(HEADER_MESSAGE, "").removeprefix(f"{error}: "))
    if headers.get(HEADER_CLASS) == BadEvent.__name__:
        del headers[HEADER_CLASS]
    place = (headers.get(HEADER_TOPIC), headers.get(HEADER_OFFSET), record.key, record.value)
    if latest is not None and place == (latest.line.topic, str(latest.offset), latest.line.key, latest.line.value):
        for name in (HEADER_TOPIC, HEADER_PARTITION, HEADER_OFFSET):
            headers.pop(name, None)
        yield from _named(headers.items(), "")
    else:
        yield from _named(headers.items(), "")
        fields = _fields(record.value)
        yield fields if isinstance(fields, str) else _value(fields, "")


def _cause(cause: Any, latest: _LatestEvent | None) -> Any:
    """The event behind a record, None if it is the one in the line above; for a timer, without the partition."""
    if not isinstance(cause, _Object):
        return cause
    given = dict(cause)
    if given.get("topic") is None:
        return _Object(field for field in cause if field[0] != "partition")
    event = "" if latest is None else _fields(latest.line.value)
    event_id = None if isinstance(event, str) else dict(event).get("event_id")
    place = (given.get("topic"), given.get("offset"), given.get("event_id"))
    return None if latest and place == (latest.line.topic, _Number(str(latest.offset)), event_id) else cause


def _said_by_the_key(topic: str, key: bytes | None) -> dict[str, str]:
    """The ids that make up the key of a record."""
    names = CATALOG[topic].key.split("|")
    ids = [] if key is None else key.decode(errors="backslashreplace").split("|", len(names) - 1)
    return dict(zip(names, ids, strict=True)) if len(ids) == len(names) else {}


def _fields(value: bytes | None) -> _Object | str:
    """The fields of a value; what is no object, as it stands."""
    if value is None:
        return "(tombstone)"
    text = value.decode(errors="backslashreplace")
    try:
        found = _JSON.decode(text)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, _Object) else f"= {_printable(text)}"


def _said(topic: str, fields: Iterable[tuple[str, Any]], day: str) -> Iterator[str]:
    """The leading fields without their names, then the others with them."""
    rest = _Object(fields)
    for name in (name for kind in CATALOG[topic].values for name in LEADING.get(kind, ())):
        leading = [value for known, value in rest if known == name and type(value) is str]
        if len(leading) != 1:
            break
        yield _text(leading[0], day)
        rest = _Object(field for field in rest if field[0] != name)
    yield from _named(rest, day)


def _named(fields: Iterable[tuple[str, Any]], day: str) -> Iterator[str]:
    return (f"{_text(name)} {_value(value, day)}" for name, value in fields)


def _value(value: Any, day: str) -> str:
    match value:
        case _Object():
            return f"({', '.join(_named(value, day))})"
        case list():
            return f"[{', '.join(_value(item, day) for item in value)}]"
        case _Number():
            return value.text
        case str():
            return _text(value, day)
        case _:
            return json.dumps(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, _Object):
        return _Object((name, _without_nulls(inner)) for name, inner in value if inner is not None)
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _text(text: str, day: str = "") -> str:
    """A text: an instant of this day by its time, a word as it stands, all else in quotes, so that none reads alike."""
    instant = _INSTANT.fullmatch(text)
    if instant and instant[1] == day:
        return instant[2]
    is_plain = _PLAIN.fullmatch(text) and not _LITERAL.fullmatch(text) and not _SHORT_INSTANT.fullmatch(text)
    return text if is_plain else _printable(json.dumps(text, ensure_ascii=False))


def _printable(text: str) -> str:
    """The same with JSON's escapes for whatever would not be seen, or would break the line."""
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _json_instant(at: datetime) -> str:
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _day(at: datetime) -> str:
    return _moment(at)[:10]
