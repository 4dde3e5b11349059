"""Of a random history, the contact that is erased while things go wrong, and comes back; and what came of it.

It is drawn apart from the rest, so that histories without it stay as they were. What is of before comes late or again,
and after the erasure nobody hears of it.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from tests.simulation.log import Stored
from tests.simulation.sender import LIST, Event, Sender

CONTACT = "c90"
OF_BEFORE, COMES_BACK = ("k-before-1", "k-before-2"), "k-after"
NUMBER = "+12125551090"
HOW_OFTEN = 0.35

Row = tuple[Stored, dict[str, Any]]


class Erasing:
    """The life of that contact. sender: of the history; until: when that ends."""

    def __init__(self, sender: Sender, random: Random, until: float) -> None:
        self._sender, self._random = sender, random
        self.is_planned = random.random() < HOW_OFTEN
        if self.is_planned:
            self._plan(until)

    def _plan(self, until: float) -> None:
        random, at = self._random, self._sender._at
        begins, asked = 0.2, random.uniform(1.5, until - 3)
        at(begins, self._record)
        # That they leave a mark is not asked: where the first record is not committed, the repeat is of before.
        first, second = (Event("before", f"s-{name}", CONTACT, name) for name in OF_BEFORE)
        for event in (first, second):
            at(random.uniform(begins, asked - 0.5), self._schedule, event, random.uniform(0, 8))
        erased = Event("erased", "x-erased", CONTACT)
        at(asked, self._erase, erased)
        if random.random() < 0.5:
            at(asked + random.uniform(0.1, 3), self._again, erased)
        for event in (first, second):
            at(asked + random.uniform(0.1, 6), self._again, event)
        at(asked + random.uniform(0.1, 6), self._late, asked)
        at(asked + random.uniform(0.1, 6), self._wrap_up, OF_BEFORE[0])
        at(asked + random.uniform(0.01, 0.4), self._tombstone)
        if random.random() < 0.6:
            back = asked + random.uniform(0.5, 2.5)
            at(back, self._record)
            at(back + 0.01, self._schedule, Event("scheduled", "s-after", CONTACT, COMES_BACK), random.uniform(0, 5))

    def _record(self) -> None:
        value = {"contact_list_id": LIST, "contact_id": CONTACT, "callable": True, "numbers": [], "attributes": {}}
        self._sender._send(Event("contact", CONTACT, CONTACT), "contacts", value)

    def _tombstone(self) -> None:
        event = Event("contact", f"{CONTACT}-gone", CONTACT)
        self._sender._put(event, "contacts", self._sender._content(f"{LIST}|{CONTACT}", None))

    def _schedule(self, event: Event, ahead_s: float, before: float = 0.0) -> None:
        sender = self._sender
        event.occurred_at = sender._now() - timedelta(seconds=before)
        event.due = event.occurred_at + timedelta(milliseconds=int(ahead_s * 1000))
        more = {"type": "scheduled", "source": "widget", "phone_number": NUMBER, "due_at": event.due.isoformat()}
        sender._send(event, "callback-scheduled", self._common(event) | more)

    def _erase(self, event: Event) -> None:
        event.occurred_at = self._sender._now()
        value = {"type": "erased", "event_id": event.event_id, "occurred_at": event.occurred_at.isoformat()}
        self._sender._send(event, "callback-scheduled", value | {"contact_list_id": LIST, "contact_id": CONTACT})

    def _again(self, event: Event) -> None:
        self._sender._repeat(event)

    def _late(self, asked: float) -> None:
        """One that is heard of only now."""
        before = self._sender._loop.time() - asked + 0.1
        self._schedule(Event("late", "s-late", CONTACT, "k-late"), before + 1, before)

    def _wrap_up(self, callback: str) -> None:
        event = Event("late", "w-late", CONTACT, callback, self._sender._now())
        more = {"conversation_id": "v-late", "phone_number": NUMBER, "wrap_up_code": "CB"}
        self._sender._send(event, "wrap-up", self._common(event) | more)

    def _common(self, event: Event) -> dict[str, Any]:
        return {
            "event_id": event.event_id, "occurred_at": event.occurred_at.isoformat(), "callback_id": event.callback,
            "campaign_id": "P", "contact_list_id": LIST, "contact_id": event.contact,
        }  # fmt: skip


def erased(events: Sequence[Event], read: dict[str, list[Row]]) -> Iterator[str]:
    """What is wrong about the contact that was erased: once, whole, and for good."""
    erasures = [event for event in events if event.what == "erased"]
    if not erasures:
        return
    (erasure,) = erasures
    ends = [value["callback_id"] for _, value in read["callback-lifecycle"] if value["reasons"] == ["erased"]]
    if len(set(ends)) != len(ends):
        yield f"erased: more than once, {ends}"
    key = f"{LIST}|{CONTACT}".encode()
    marks = [record for record, _ in read["contact-state"] if (record.key or b"").startswith(b"ringback.erased.")]
    if len(marks) != 1:
        yield f"erased: {len(marks)} times remembered"
        return
    gone = marks[0]
    rows = sorted((record for record, _ in read["contact-state"] if record.key == key), key=lambda one: one.offset)
    rows = [record for record in rows if record.transaction >= gone.transaction]
    if not rows or any(name in _callbacks_of(record) for record in rows for name in OF_BEFORE):
        yield "erased: its row was not removed"
        return
    back = [event for event in events if event.event_id == "s-after" and event.first.offset > erasure.first.offset]
    records = [event for event in events if event.event_id == CONTACT]
    if rows[-1].value is not None and not back and len(records) == 1:
        yield "erased: it has a row again"
    for topic in ("callback-lifecycle", "dial-preview", "dial-analysis"):
        for record, value in read[topic]:
            is_its = value.get("contact_id") == CONTACT and value["callback_id"] != COMES_BACK
            if is_its and record.transaction > gone.transaction:
                yield f"erased: {topic} tells of {value['callback_id']} afterwards"
    went_out = [value for _, value in read["dial-preview"] if value["callback_id"] == COMES_BACK]
    if back and not went_out and COMES_BACK not in ends:
        yield "erased: what came back never went out"


def _callbacks_of(row: Stored) -> set[str]:
    """The callbacks that a row has, outstanding or ended."""
    value = json.loads(row.value) if row.value else {}
    return {one["callback_id"] for name in ("callbacks", "ended") for one in value.get(name, ())}
