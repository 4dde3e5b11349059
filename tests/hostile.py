"""Ten thousand records that nobody should send: good ones spoiled in every way that comes to mind, always the same.

Good values of all input topics share a few contacts, campaigns, rule sets and lists, so that what is accepted of the
spoiled configuration is also used by what is accepted of the spoiled events.
"""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN

COUNT = 10_000
GOLDEN = Path(__file__).parent / "golden"
AT = "2026-11-23T16:00:00Z"
MEGABYTE = 1_000_000
HUGE_EVERY = 500
"""A payload of a megabyte is one in so many: more would only test the memory of the test."""

IDS: dict[str, list[Any]] = {
    "campaign_id": ["P", "Q"],
    "contact_list_id": ["L"],
    "contact_id": ["c1", "c2", "c3"],
    "rule_set_id": ["R"],
    "rule_set_ids": [["R"], ["R", "R"]],
    "dnc_list_id": ["D"],
    "dnc_list_ids": [["D"]],
    "callable_time_set_id": ["T"],
    "hold_id": ["h1", "h2"],
    "callback_id": ["k1", "k2", None],
    "phone_number": ["+12125550101", "+13105550101"],
    "occurred_at": ["2026-11-23T15:00:00Z", "2026-11-23T15:59:59.999999Z", "2026-11-23T10:30:00-05:00"],
    "due_at": ["2026-11-23T16:00:01Z", "2026-11-23T16:30:00Z"],
}

INSTANTS = [
    "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T15:00:00", "2026-11-23", "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-12:00", "10000-01-01T00:00:00Z", "2026-11-23T15:00:00+99:99",
    "0001-01-01T00:00:00+14:00", "2026-11-23T15:00:60Z", "yesterday", "1795446000", "2026-11-23t15:00:00z",
    "2026-11-23T15:00:00.123456789012Z", "-2026-11-23T15:00:00Z",
    "2026-10-01T00:00:00Z", "2020-01-01T00:00:00Z", "2026-12-24T00:00:00Z", "2031-01-01T00:00:00Z",
]  # fmt: skip
ZONES = ["Mars/Olympus", "../../etc/passwd", "America", "", "\x00", "UTC\x00", "Etc/GMT+99", "utc", "Z" * 99]
TEXTS = [
    "", " ", "\x00", "\u202e", "\ud7ff", "|", "L|c1", "'; drop table contacts", "%s%n%x", "${jndi:ldap://x}", "(a+)+",
    "\U0001f4de" * 50, "NaN", "1e999999", "-0", "9" * 200, "0x10", "+1", "P1D", "P99999D", "PT99999999M", "P", "PT",
    ",", ",,,", "a,b,c", "null", "true", "+12125550101,+13105550101", "x" * 257, "24:00", "99:99",
]  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 2**64, 10**400, 0.5, 1e308, -1e-308, [], {}, [[]], [None],
    {"": {}}, {"type": "unknown"}, *INSTANTS, *ZONES, *TEXTS,
]  # fmt: skip


class Hostile(NamedTuple):
    """A record; partition None: where its key belongs, or 0 without one."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


STOPPING = "holds"
"""The topic of which a record that cannot be read stops everything, so that nothing good goes on."""

TOPICS = tuple(topic for topic in (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS) if topic != STOPPING)


def hostile(count: int = COUNT, seed: int = 1, topics: Sequence[str] = TOPICS) -> Iterator[Hostile]:
    """The records, the same for the same seed and topics."""
    chance = random.Random(seed)
    good = _good()
    for number in range(count):
        topic = chance.choice(topics)
        value = _with_ids(chance, chance.choice(good[topic]))
        if number % HUGE_EVERY == 0:
            value = _huge(chance, value)
        for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
            value = _spoiled(chance, value)
        yield _record(chance, topic, value)


def _good() -> dict[str, list[Any]]:
    """The golden values of each input topic; those of other versions would not be accepted to begin with."""
    return {
        topic: [json.loads(path.read_bytes()) for path in sorted(GOLDEN.glob(f"{topic}.*.v1.json"))]
        for topic in (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS)
    }


def _with_ids(chance: random.Random, value: Any) -> Any:
    if isinstance(value, list):
        return [_with_ids(chance, item) for item in value]
    if not isinstance(value, dict):
        return value
    same = {name: chance.choice(IDS[name]) if name in IDS else _with_ids(chance, item) for name, item in value.items()}
    for name in ("event_id", "conversation_id", "request_id"):
        if name in same:
            same[name] = f"{name}-{chance.randrange(3000)}"
    return same


def _huge(chance: random.Random, value: Any) -> Any:
    name = chance.choice(list(value))
    return {**value, name: "x" * (MEGABYTE - 2000)}


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value, from the outside in: what holds it, and its name or number there."""
    found: list[tuple[Any, Any]] = []
    open_now = [(value, _names(value))]
    while open_now:
        holder, names = open_now[-1]
        for name in names:
            found.append((holder, name))
            if not _is_odd(holder[name]):
                open_now.append((holder[name], _names(holder[name])))
                break
        else:
            open_now.pop()
    return found


def _names(value: Any) -> Iterator[Any]:
    return iter(value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ())


def _spoiled(chance: random.Random, value: Any) -> Any:
    """The value with one place changed, removed, doubled or renamed."""
    copy = json.loads(json.dumps(value)) if not _is_odd(value) else value
    places = _places(copy)
    if not places:
        return chance.choice(ODD)
    parent, name = chance.choice(places)
    match chance.randrange(6):
        case 0 if isinstance(parent, dict):
            del parent[name]
        case 1 if isinstance(parent, dict):
            parent[str(name) + "x"] = parent.pop(name)
        case 2:
            parent[name] = [parent[name]] * (2 if _length(parent[name]) > 1000 else chance.choice([2, 300]))
        case 3:
            parent[name] = _nested(chance.choice([10, 300]))
        case _:
            parent[name] = chance.choice(ODD)
    return copy


def _length(value: Any) -> int:
    """Length of a value as JSON."""
    return len(json.dumps(value))


def _is_odd(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _record(chance: random.Random, topic: str, value: Any) -> Hostile:
    key, text = _key(topic, value), _text(value)[:MEGABYTE]
    match chance.randrange(40):
        case 0:
            return Hostile(topic, None, text)
        case 1:
            return Hostile(topic, key + b"x", text)
        case 2:
            return Hostile(topic, b"\xff\xfe", text)
        case 3:
            return Hostile(topic, key, None)
        case 4:
            return Hostile(topic, key, text[: chance.randrange(len(text) + 1)])
        case 5:
            return Hostile(topic, key, text.replace(b'"', b"\xff", 1))
        case 6:
            return Hostile(topic, key, b"\xef\xbb\xbf" + text)
        case 7 if len(text) < 1000:
            return Hostile(topic, key, text[:-1] + b"," + text[1:])  # Every name twice.
        case 8 if CATALOG[topic].partitions is None:
            return Hostile(topic, key, text, chance.randrange(4))
        case 9:
            return Hostile(topic, key, b"[" * 100_000)
        case 10:
            return Hostile(topic, key, bytes(chance.randrange(256) for _ in range(50)))
    return Hostile(topic, key, text)


def _text(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _key(topic: str, value: Any) -> bytes:
    names = CATALOG[topic].key.split("|")
    parts = [value.get(name) if isinstance(value, dict) else None for name in names]
    return "|".join(part if isinstance(part, str) else "?" for part in parts).encode("utf-8", "surrogatepass")[:5000]
