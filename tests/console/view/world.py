"""A morning of random events as a worker answers them: all that would then stand on the topics."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.console.view.memory import Line
from streams.simulator.lines import Line as Sent
from streams.simulator.simulate import VirtualWorker
from tests.builders import (
    campaign,
    cancelled,
    changed,
    clear,
    contact,
    hold,
    recycle,
    rescheduled,
    returned,
    rule,
    rule_set,
    scheduled,
    wrap_up,
)
from topics.catalog import CATALOG
from topics.partitions import partition_for

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
END = BEGIN + timedelta(hours=12)
CAMPAIGNS = ("P", "Q", "Winter")
AGENTS = ("a1", "a2", "Agent-7")


def text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class World:
    """Plays random events on a worker with `partitions` partitions; `lines` is all that was read and written."""

    def __init__(self, seed: int, events: int, partitions: int = 3, contacts: int = 6) -> None:
        self.partitions = partitions
        self.lines: list[Line] = []
        self._chance = random.Random(seed)
        self._contacts = contacts
        self._worker = VirtualWorker(partitions)
        self._offsets: Counter[tuple[str, int]] = Counter()
        self._at = BEGIN
        self._callbacks: list[tuple[str, str, str]] = []
        self._number = 0
        for name in CAMPAIGNS:
            mode = self._chance.choice(("power", "preview"))
            self._send("campaigns", campaign(name, rule_set_ids=["R"], dialing_mode=mode, on_returned="again"))
        self._send("rule-sets", rule_set(rule(minutes=20)))
        for number in range(contacts):
            self._send("contacts", self._record(number))
        for _ in range(events):
            self._step()
        self._take(self._worker.advance(END))
        self._states()

    def in_order(self) -> dict[tuple[str, int], list[Line]]:
        """The lines of each partition of each topic."""
        found: dict[tuple[str, int], list[Line]] = {}
        for line in self.lines:
            found.setdefault(line[:2], []).append(line)
        return found

    def _step(self) -> None:
        self._at += timedelta(seconds=self._chance.randrange(0, 400))
        self._number += 1
        some = (
            self._schedule, self._schedule, self._wrap_up, self._wrap_up, self._move, self._change, self._cancel,
            self._return, self._contact, self._configure, self._strange,
        )  # fmt: skip
        self._chance.choice(some)()

    def _who(self) -> dict[str, str]:
        number = self._chance.randrange(self._contacts)
        return {"contact_list_id": "L" if number % 2 else "M", "contact_id": f"c{number}"}

    def _which(self) -> dict[str, Any]:
        """A callback that was scheduled, or one that nobody knows."""
        if not self._callbacks or self._chance.random() < 0.1:
            return {"callback_id": "nobody", **self._who()}
        list_id, contact_id, callback_id = self._chance.choice(self._callbacks)
        return {"callback_id": callback_id, "contact_list_id": list_id, "contact_id": contact_id}

    def _usual(self) -> dict[str, Any]:
        campaign_id = self._chance.choice(CAMPAIGNS)
        return {"event_id": f"e{self._number}", "occurred_at": text(self._at), "campaign_id": campaign_id}

    def _fields(self) -> dict[str, Any]:
        given = {
            "phone_number": f"+1212555{self._chance.randrange(100, 200):04d}",
            "agent_id": self._chance.choice(AGENTS),
            "queue_id": self._chance.choice(("Q1", "queue two")),
        }
        return {name: value for name, value in given.items() if self._chance.random() < 0.6}

    def _schedule(self) -> None:
        who, callback_id = self._who(), f"k{self._number % 40}"
        due = self._at + timedelta(minutes=self._chance.choice((-5, 3, 30, 90, 60 * 24 * 40)))
        fields = {"phone_number": "+12125550101", **self._fields()}
        event = scheduled(callback_id, **{**who, **self._usual(), **fields}, due_at=text(due))
        self._callbacks.append((who["contact_list_id"], who["contact_id"], callback_id))
        self._send("callback-scheduled", event)

    def _wrap_up(self) -> None:
        again = self._chance.random() < 0.6
        named = self._which() if self._chance.random() < 0.5 else self._who()
        fields = {"phone_number": f"+1212555{self._chance.randrange(100, 200):04d}"}
        code = "AGAIN" if again else "DONE"
        self._send("wrap-up", wrap_up(f"v{self._number}", **{**self._usual(), **named, **fields}, wrap_up_code=code))

    def _move(self) -> None:
        due = text(self._at + timedelta(minutes=self._chance.choice((2, 45, 300))))
        self._send(
            "callback-scheduled", rescheduled(**{**self._which(), **self._usual(), **self._fields()}, due_at=due)
        )

    def _change(self) -> None:
        fields = self._fields() or {"agent_id": "a1"}
        self._send("callback-scheduled", changed(**{**self._which(), **self._usual(), **fields}))

    def _cancel(self) -> None:
        self._send("callback-scheduled", cancelled(**{**self._which(), **self._usual()}, actor="s1"))

    def _return(self) -> None:
        event = returned(**{**self._which(), **self._usual()})
        self._send("callback-scheduled", event)

    def _contact(self) -> None:
        number = self._chance.randrange(self._contacts)
        if self._chance.random() < 0.3:
            self._send("contacts", None, f"{'L' if number % 2 else 'M'}|c{number}")
        else:
            self._send("contacts", self._record(number))

    def _record(self, number: int) -> dict[str, Any]:
        numbers = [{"column": "home", "type": "HOME", "phone_number": "+12125550101", "callable": True}]
        where = {"contact_list_id": "L" if number % 2 else "M", "time_zone": "America/New_York"}
        return contact(f"c{number}", **where, numbers=numbers, attributes={"n": str(self._number)})

    def _configure(self) -> None:
        chance = self._chance.random()
        name = self._chance.choice(CAMPAIGNS)
        if chance < 0.3:
            self._send("campaigns", campaign(name, status=self._chance.choice(("on", "off")), rule_set_ids=["R"]))
        elif chance < 0.5:
            self._send("campaign-recycle", recycle(f"e{self._number}", occurred_at=text(self._at), campaign_id=name))
        elif chance < 0.6:
            self._send("contact-list-cleared", clear(f"e{self._number}", occurred_at=text(self._at)))
        elif chance < 0.7:
            self._send("holds", hold(campaign_id=name))
        elif chance < 0.8:
            self._send("holds", None, "h1")
        else:
            entry = {"dnc_list_id": "D1", "phone_number": "+12125550101"}
            self._send("dnc-entries", entry if chance < 0.9 else None, "D1|+12125550101")

    def _strange(self) -> None:
        """What a worker refuses, and what no program of ours writes."""
        kind = self._chance.randrange(6)
        if kind == 0:
            self._send_raw("wrap-up", b"L|c1", b"no json")
        elif kind == 1:
            self._send_raw("callback-scheduled", b"L|c1", b'{"type":"strange","event_id":"x"}')
        elif kind == 2:
            self._send_raw("campaigns", b"Broken", b'{"campaign_id":')
        elif kind == 3:
            topic = self._chance.choice(("callback-lifecycle", "outstanding-callbacks", "dial-preview", "dead-letter"))
            value = self._chance.choice((b"\xff\xfe", b"[]", b"{}", b'{"callbacks":7,"transition":[]}', b"1e999", None))
            key = self._chance.choice((b"L|stranger", b"\xff", b"", None))
            self._note(topic, self._chance.randrange(self.partitions), self._at, key, value, ())
        elif kind == 4:
            record = {
                **self._usual(),
                **self._which(),
                "transition": "teleported",
                "due_at": text(self._at),
                "cause": {},
            }
            contact_key = f"{record['contact_list_id']}|stranger"
            value = json.dumps({**record, "contact_id": "stranger", "reasons": ["new_reason"], "facts": 7}).encode()
            self._note("callback-lifecycle", 0, self._at, contact_key.encode(), value, ())
        else:
            self._send_raw("contacts", b"M|c0", b'{"contact_list_id":"M","contact_id":"c0","numbers":"none"}')

    def _send(self, topic: str, value: dict[str, Any] | None, key: str | None = None) -> None:
        if key is None and value is not None:
            fields = CATALOG[topic].key.split("|")
            key = "|".join(str(value[name]) for name in fields)
        self._send_raw(topic, (key or "").encode(), None if value is None else json.dumps(value).encode())

    def _send_raw(self, topic: str, key: bytes, value: bytes | None) -> None:
        number = partition_for(key, CATALOG[topic].partition_count(self.partitions))
        # The worker counts the offsets of a topic over all its partitions: they are those of the lines, too.
        self._note(topic, number, self._at, key, value, (), self._worker._offsets.get(topic, 0))
        self._take(self._worker.arrive(Sent(topic, self._at, key, value)))

    def _take(self, written: Iterator[Any]) -> None:
        for one in written:
            record = one.record
            number = partition_for(record.key or b"", CATALOG[record.topic].partition_count(self.partitions))
            self._note(record.topic, number, one.at, record.key, record.value, record.headers)

    def _note(
        self, topic: str, number: int, at: datetime, key: bytes | None, value: bytes | None, headers: Any,
        offset: int | None = None,
    ) -> None:  # fmt: skip
        offset = self._offsets[topic, number] if offset is None else offset
        self._offsets[topic, number] = offset + 1
        self.lines.append((topic, number, offset, int(at.timestamp() * 1000), key, value, tuple(headers)))

    def _states(self) -> None:
        for partition in self._worker.partitions:
            for key, row in sorted(partition.table.items()):
                raw = key if isinstance(key, bytes) else key.encode()
                self._note("contact-state", partition.number, END, raw, row, ())


def shuffled(world: World, seed: int) -> list[Line]:
    """All lines, those of each partition in their order, and the partitions in no order, as a reader may meet them."""
    chance = random.Random(seed)
    waiting = [list(reversed(lines)) for lines in world.in_order().values()]
    met: list[Line] = []
    while waiting:
        lines = chance.choice(waiting)
        met += [lines.pop() for _ in range(min(len(lines), chance.randrange(1, 30)))]
        waiting = [lines for lines in waiting if lines]
    return met


def in_batches(lines: Sequence[Line], seed: int) -> Iterator[list[Line]]:
    """The same lines, in pieces of any size."""
    chance, rest = random.Random(seed), list(lines)
    while rest:
        size = chance.choice((1, 3, 20, 500))
        yield rest[:size]
        rest = rest[size:]
