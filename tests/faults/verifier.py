"""What came of the events: a model of its own, that knows what was sent and reads what a read_committed reader gets.

It shares no code with the worker. A callback's life is replayed from the lifecycle and held against the commands, the
view, the attempts and what was sent. docs/contract.md is all that it goes by.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.faults.load import LIST, Event, Received, broken

COMMANDS = ("dial-preview", "dial-analysis")
OUTPUTS = (
    *COMMANDS, "callback-lifecycle", "placement-decided", "outstanding-callbacks", "contact-state", "dead-letter",
)  # fmt: skip
ENDS = {"completed", "cancelled", "expired", "blocked", "owner_expired", "not_dialed"}
STEPS = {
    None: {"scheduled"},
    "scheduled": {"due", "rescheduled", "cancelled", "completed"},
    "rescheduled": {"due", "rescheduled", "cancelled", "completed"},
    "due": {"presented", "dialing"},
    "presented": {"completed", "cancelled", "rescheduled"},
    "dialing": {"completed", "cancelled", "rescheduled"},
}
NO_STATE = ("rejected", "changed")
"""Transitions that leave a callback in its state."""
OUT = ("presented", "dialing")

Lives = dict[str, list[dict[str, Any]]]


@dataclass
class Sent:
    """What is known from outside. replayed: topic, partition and offset of refused events that were sent again."""

    events: Sequence[Event]
    received: Sequence[Received]
    replayed: set[tuple[str, int, int]] = field(default_factory=set)
    clock_faults: Sequence[tuple[datetime, datetime]] = ()
    """From and until when a worker's clock was wrong."""


class Read:
    """Everything that is on the output topics: (record, its value), by topic, in the order of each partition."""

    def __init__(self, records: Iterable[Any], prefix: str) -> None:
        self.records: dict[str, list[tuple[Any, dict[str, Any]]]] = defaultdict(list)
        for record in records:
            value = {}
            if record.value is not None:
                with suppress(json.JSONDecodeError):  # Of dead letters; elsewhere the lack of fields is noticed.
                    value = json.loads(record.value)
            self.records[record.topic.removeprefix(prefix)].append((record, value))

    def values(self, topic: str) -> list[dict[str, Any]]:
        """The values of a topic."""
        return [value for _, value in self.records[topic]]

    def commands(self) -> list[tuple[Any, dict[str, Any]]]:
        """Both topics of them."""
        return self.records["dial-preview"] + self.records["dial-analysis"]


@dataclass
class Verdict:
    """What is wrong, by kind: lost, repeated, early, out of order, lifecycle, view, attempts, dead letter."""

    wrong: list[tuple[str, str]] = field(default_factory=list)
    events: int = 0
    callbacks: int = 0
    commands: int = 0

    def add(self, kind: str, whats: Iterable[str]) -> None:
        """These things are wrong."""
        self.wrong += [(kind, what) for what in whats]

    def count(self, kind: str) -> int:
        """How many things of a kind."""
        return sum(1 for what, _ in self.wrong if what == kind)

    def lines(self) -> list[str]:
        """Each thing that is wrong."""
        return [f"{kind}: {what}" for kind, what in self.wrong]


def verify(sent: Sent, read: Read) -> Verdict:
    """Hold what was sent against what was read."""
    expected, lives = _expected(sent.events), _lives(read)
    verdict = Verdict(events=len(sent.events), callbacks=len(expected), commands=len(read.commands()))
    verdict.add("lost", (f"{callback} has no record at all" for callback in sorted(expected.keys() - lives.keys())))
    verdict.add("unknown", sorted(lives.keys() - expected.keys()))
    _judge_dead_letters(verdict, sent, read)
    for callback, life in lives.items():
        _judge_life(verdict, callback, expected.get(callback, set()), [record["transition"] for record in life])
    _judge_commands(verdict, lives, read)
    verdict.add("early", _early(sent, read))
    verdict.add("out of order", _out_of_order(read))
    _judge_answers(verdict, sent.events, read)
    _judge_state(verdict, sent.events, lives, read)
    return verdict


def rule_callback(contact: str, event_id: str) -> str:
    """The id that the contract gives to a rule's callback."""
    text = json.dumps([LIST, contact, event_id], separators=(",", ":"))
    return "r-" + hashlib.sha256(text.encode()).hexdigest()[:32]


def _expected(events: Iterable[Event]) -> dict[str, set[str]]:
    """What was asked for each callback that was scheduled."""
    asked: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.what == "wrap_up_cb":
            asked[rule_callback(event.contact, event.event_id)].add("scheduled")
        elif event.callback is not None:
            asked[event.callback].add(event.what + "_unheard" * event.unheard)
    return {callback: what for callback, what in asked.items() if "scheduled" in what}


def _lives(read: Read) -> Lives:
    lives: Lives = defaultdict(list)
    for value in read.values("callback-lifecycle"):
        if value["transition"] not in NO_STATE:
            lives[value["callback_id"]].append(value)
    return lives


def _judge_dead_letters(verdict: Verdict, sent: Sent, read: Read) -> None:
    """What was broken, once each; else only what was refused for the sake of a clock, and has been sent again."""
    expected = Counter(broken(event.event_id) for event in sent.events if event.what == "broken")
    found: Counter[bytes] = Counter()
    for record, value in read.records["dead-letter"]:
        header = {name: text.decode() for name, text in record.headers}
        place = [header[f"__connect.errors.{name}"] for name in ("topic", "partition", "offset")]
        is_replayed = (place[0], int(place[1]), int(place[2])) in sent.replayed
        if header["ringback.error"] == "undecodable":
            found[record.value] += 1
        elif header["ringback.error"] != "in_the_future" or not is_replayed:
            verdict.add("dead letter", [f"{value.get('event_id')}: {header['ringback.error']}"])
    verdict.add("lost", (f"the dead letter {payload!r}" for payload in expected - found))
    verdict.add("repeated", (f"the dead letter {payload!r}" for payload in found - expected))


def _judge_life(verdict: Verdict, callback: str, asked: set[str], steps: list[str]) -> None:
    illegal = [
        f"{callback}: {after} after {before}"
        for before, after in zip([None, *steps], steps, strict=False)
        if after not in STEPS.get(before, set())
    ]
    verdict.add("lifecycle", illegal)
    went_out = bool(set(OUT) & set(steps))
    if "cancelled_unheard" in asked and went_out:
        verdict.add("lost", [f"the cancel of {callback}, which was dialed over: {steps}"])
    if {"cancelled", "cancelled_unheard"} & asked and steps[-1] not in ("cancelled", "completed"):
        verdict.add("lost", [f"the cancel of {callback}: {steps}"])
    if not {"cancelled", "cancelled_unheard", "wrap_up"} & asked and not went_out:
        verdict.add("lost", [f"{callback} did not go out: {steps}"])
    if steps[-1] not in ENDS:
        verdict.add("lifecycle", [f"{callback} has not ended: {steps}"])


def _judge_commands(verdict: Verdict, lives: Lives, read: Read) -> None:
    ids = Counter(command["command_id"] for _, command in read.commands())
    verdict.add("repeated", (f"command {name} {count} times" for name, count in ids.items() if count > 1))
    numbers: dict[str, list[int]] = defaultdict(list)
    for _, command in read.commands():
        numbers[command["callback_id"]].append(command["presentation"])
    for callback in sorted(numbers.keys() | lives.keys()):
        went_out = sum(record["transition"] in OUT for record in lives.get(callback, ()))
        given = sorted(numbers[callback])
        if given != list(range(1, went_out + 1)):
            kind = "repeated" if len(given) > went_out else "lost"
            verdict.add(kind, [f"{callback}: presentations {given}, {went_out} in its lifecycle"])


def _early(sent: Sent, read: Read) -> Iterator[str]:
    """By the worker's own clock always; by that of the machine while no worker's clock was wrong."""
    for record, command in read.commands():
        ahead_s = datetime.fromisoformat(command["due_at"]).timestamp() - record.timestamp / 1000
        if ahead_s > 0.001:  # The timestamp of a record is in whole milliseconds, cut off.
            yield f"{command['callback_id']} by {ahead_s:.3f} s, by the worker's clock"
    for got in sent.received:
        excused = any(begun <= got.at <= over for begun, over in sent.clock_faults)
        if got.at < got.due and not excused:
            yield f"command {got.command_id} by {got.due - got.at}"


def _out_of_order(read: Read) -> Iterator[str]:
    """Of a contact's callbacks that were known, none goes out while another that was due before it still waits."""
    waiting: dict[str, dict[str, datetime]] = defaultdict(dict)
    for record in read.values("callback-lifecycle"):
        contact, callback, step = record["contact_id"], record["callback_id"], record["transition"]
        if step in ("scheduled", "rescheduled"):
            waiting[contact][callback] = datetime.fromisoformat(record["due_at"])
        elif step in ENDS:
            waiting[contact].pop(callback, None)
        elif step == "due":
            due = waiting[contact].pop(callback, datetime.fromisoformat(record["due_at"]))
            yield from (f"{callback} before {other}" for other, at in waiting[contact].items() if at < due)
    for topic, transition in zip(COMMANDS, OUT, strict=True):
        told = [value for value in read.values("callback-lifecycle") if value["transition"] == transition]
        commanded, said = _of_contacts(read.values(topic)), _of_contacts(told)
        for contact in sorted(commanded.keys() | said.keys()):
            if commanded[contact] != said[contact]:
                yield f"the commands of {contact} on {topic} differ from its lifecycle"


def _of_contacts(values: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    callbacks: dict[str, list[str]] = defaultdict(list)
    for value in values:
        callbacks[value["contact_id"]].append(value["callback_id"])
    return callbacks


def _judge_answers(verdict: Verdict, events: Iterable[Event], read: Read) -> None:
    asked = Counter(event.event_id for event in events if event.what == "asked")
    answered = Counter(value["request_id"] for value in read.values("placement-decided"))
    verdict.add("lost", (f"the answer to {name}" for name in asked - answered))
    verdict.add("repeated", (f"the answer to {name}" for name in answered - asked))


def _judge_state(verdict: Verdict, events: Iterable[Event], lives: Lives, read: Read) -> None:
    attempts = Counter(event.contact for event in events if event.what.startswith("wrap_up"))
    rows = {value["contact_id"]: value for value in read.values("contact-state") if "contact_id" in value}
    for contact, count in attempts.items():
        counted = rows.get(contact, {}).get("attempts_total")
        if counted != count:
            verdict.add("attempts", [f"{contact}: {counted} instead of {count}"])
    latest = {record.key: value for record, value in read.records["outstanding-callbacks"]}
    shown = {callback["callback_id"] for value in latest.values() for callback in value.get("callbacks", ())}
    outstanding = {callback for callback, life in lives.items() if life[-1]["transition"] not in ENDS}
    verdict.add("view", (f"differs in {callback}" for callback in sorted(shown ^ outstanding)))
