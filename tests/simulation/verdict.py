"""What came of a simulation: what was sent held against what a read_committed reader gets, by a model of its own.

It shares no code with the worker. A callback's life is replayed from the lifecycle topic and held against the commands,
the view, the attempts and what was sent; the broker says who had taken which partition when, and what was stable then.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tests.simulation.ends import offsets, owners
from tests.simulation.erasing import CONTACT as ERASED
from tests.simulation.erasing import erased
from tests.simulation.holds import held
from tests.simulation.identity import identities
from tests.simulation.log import Stored
from tests.simulation.sender import PREFIX, Event
from tests.simulation.standing import attempts, view
from tests.simulation.story import NOBODYS

if TYPE_CHECKING:
    from tests.simulation.scenario import Simulation

ENDS = {"completed", "cancelled", "blocked", "not_dialed"}
CHANGES = {"rescheduled", "cancelled", "completed", "not_dialed"}
OUT = ("presented", "dialing")
STEPS = {
    None: {"scheduled"},
    "scheduled": {"due"} | CHANGES,
    "rescheduled": {"due"} | CHANGES,
    "due": {"presented", "dialing", "waiting", "blocked"},
    "waiting": {"dialing", "blocked", "presented"} | CHANGES,  # Presented: the contact came to belong to an agent.
    "presented": {"presented", "waiting"} | CHANGES,  # Another agent has it, or is to have it after a hold.
    "dialing": CHANGES,
    "completed": {"rescheduled"},
    "not_dialed": {"rescheduled"},
}
GOES = {"due", "waiting", *OUT}
ANSWERS = {"not_dialed", "rescheduled", "rejected"}
NO_STATE = {"rejected", "changed"}
"""Transitions that leave a callback in its state."""

ANSWERS_CANCELLED = {"callback_ended", "callback_unknown"}

Row = tuple[Stored, dict[str, Any]]
Lives = dict[str, list[Row]]


def judge(simulation: "Simulation") -> list[str]:
    """Everything that is wrong, one line each."""
    read = _read(simulation)
    events = [event for event in simulation.story.events if event.is_committed]
    lives: Lives = defaultdict(list)
    for record, value in read["callback-lifecycle"]:
        if value["transition"] not in NO_STATE:
            lives[value["callback_id"]].append((record, value))
    wrong = [f"dead letter: {record.headers}" for record, _ in read["dead-letter"]]
    wrong += _lives(lives)
    wrong += _causes(events, read)
    wrong += _returns(events, lives, read)
    wrong += held(simulation, read)
    wrong += _commands(lives, read)
    wrong += _order(read)
    wrong += _overtaken(simulation, events, lives, read)
    wrong += _placements(events, read)
    wrong += _do_not_call(events, read)
    wrong += attempts(events, read)
    wrong += view(lives, read, ENDS)
    wrong += erased(events, read)
    wrong += identities(simulation, read, PREFIX)
    wrong += offsets(simulation)
    wrong += owners(simulation)
    return wrong


def _read(simulation: "Simulation") -> dict[str, list[Row]]:
    """All there is, by topic without prefix; of each partition in its order."""
    read: dict[str, list[Row]] = defaultdict(list)
    for tp in sorted(simulation.broker.logs):
        log = simulation.broker.logs[tp]
        for record in log.records[: log.stable_end]:
            if record.is_committed and not record.is_marker:
                value = msgspec.json.decode(record.value) if record.value else {}
                read[tp.topic.removeprefix(PREFIX)].append((record, value))
    return read


def _lives(lives: Lives) -> Iterator[str]:
    for callback, life in lives.items():
        steps = [value["transition"] for _, value in life]
        for before, after in zip([None, *steps], steps, strict=False):
            if after not in STEPS.get(before, set()):
                yield f"lifecycle: {callback}: {after} after {before} in {steps}"
        if steps[-1] not in ENDS and steps[-1] not in OUT:
            yield f"lost: {callback} never went out: {steps}"


def _causes(events: Iterable[Event], read: dict[str, list[Row]]) -> Iterator[str]:
    """Every event leaves its mark, and no mark twice: but what goes again may go at the time that it had."""
    marks: Counter[tuple[str, str, str, int]] = Counter()
    moves: Counter[str] = Counter()
    for _, value in read["callback-lifecycle"]:
        event_id, step, callback = value["cause"].get("event_id"), value["transition"], value.get("callback_id") or ""
        moves[callback] += step == "rescheduled"
        if event_id is not None:
            marks[event_id, step, callback, moves[callback] * (step in GOES)] += 1
    yield from (f"repeated: {mark} {count} times" for mark, count in marks.items() if count > 1)
    marked = {event_id for event_id, *_ in marks}
    for event in events:
        is_change = event.what in ("scheduled", "rescheduled", "cancelled", "changed")
        if (is_change or event.what == "wrap-up CB") and event.event_id not in marked:
            yield f"lost: {event.what} {event.event_id} of {event.contact} left no mark"
    expected = {event.event_id for event in events}
    yield from (f"unknown: {event_id}" for event_id in marked - expected)


def _returns(events: Iterable[Event], lives: Lives, read: dict[str, list[Row]]) -> Iterator[str]:
    """Each is answered once: its callback ends or goes again, or it is rejected; a move may have answered it before."""
    answers = Counter(
        value["cause"].get("event_id") for _, value in read["callback-lifecycle"] if value["transition"] in ANSWERS
    )
    ids = {command["command_id"] for _, command in read["dial-preview"] + read["dial-analysis"]}
    moved = {event.callback for event in events if event.what == "rescheduled"}
    for event in events:
        if event.what == "returned" and event.contact != ERASED:
            count = answers[event.event_id]
            if count > 1 or (count == 0 and event.callback not in moved):
                yield f"{'repeated' if count else 'lost'}: {count} answers to {event.event_id}"
            if event.event_id.removeprefix("b-") not in ids:
                yield f"unknown: {event.event_id} gives back what is no command"
    for callback, life in lives.items():
        if any(value["transition"] == "not_dialed" and value["reasons"] != ["no_agent"] for _, value in life):
            yield f"lifecycle: {callback} was not dialed for another reason"


def _commands(lives: Lives, read: dict[str, list[Row]]) -> Iterator[str]:
    of_callback: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record, command in read["dial-preview"] + read["dial-analysis"]:
        of_callback[command["callback_id"]].append(command)
        due_ms = _instant(command["due_at"]).timestamp() * 1000
        if record.timestamp < due_ms:
            yield f"early: {command['callback_id']} by {due_ms - record.timestamp:.0f} ms"
    ids = Counter(command["command_id"] for commands in of_callback.values() for command in commands)
    yield from (f"repeated: command {name} {count} times" for name, count in ids.items() if count > 1)
    for callback in sorted(of_callback.keys() | lives.keys()):
        numbers = sorted(command["presentation"] for command in of_callback[callback])
        out = sum(value["transition"] in OUT for _, value in lives.get(callback, ()))
        if numbers != list(range(1, out + 1)):
            kind = "repeated" if len(numbers) > out else "lost"
            yield f"{kind}: presentations {numbers} of {callback}, {out} in its lifecycle"


def _order(read: dict[str, list[Row]]) -> Iterator[str]:
    """Of a contact's callbacks that were known, none goes out while another that was due before it still waits."""
    waiting: dict[str, dict[str, datetime]] = defaultdict(dict)
    for _, value in read["callback-lifecycle"]:
        contact, callback, step = value["contact_id"], value["callback_id"], value["transition"]
        if step in ("scheduled", "rescheduled"):
            waiting[contact][callback] = _instant(value["due_at"])
        elif step == "due":
            due = waiting[contact].pop(callback, None)
            for other, at in waiting[contact].items():
                if due is not None and at < due:
                    yield f"order: {callback} before {other}"
        elif step in ENDS:
            waiting[contact].pop(callback, None)


def _overtaken(
    simulation: "Simulation", events: list[Event], lives: Lives, read: dict[str, list[Row]]
) -> Iterator[str]:  # fmt: skip
    """What was called off before a worker took the partition is not dialed by it."""
    cancels = {event.callback: event.first for event in events if event.what == "cancelled"}
    for record, command in read["dial-preview"] + read["dial-analysis"]:
        cancel = cancels.get(command["callback_id"])
        if cancel is not None and cancel.stable_at <= simulation.broker.taken_at(record):
            yield f"overtaken: {command['callback_id']} was called off before its partition was taken over"
    ids = {event.event_id for event in events if event.what in ("cancelled", "recycle", "erased")}
    for callback, life in lives.items():
        for _, value in life:
            if value["transition"] == "cancelled" and value["cause"].get("event_id") not in ids | {None}:
                yield f"unknown: {callback} was cancelled by {value['cause']}"


def _placements(events: list[Event], read: dict[str, list[Row]]) -> Iterator[str]:
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, value in read["placement-decided"]:
        answers[value["request_id"]].append(value)
    cancels = {event.callback: event.first for event in events if event.what == "cancelled"}
    scheduled = {event.callback: event.first for event in events if event.what == "scheduled"}
    for event in events:
        if event.what != "placement" or event.contact == ERASED:
            continue
        answered, asked = answers[event.event_id], sum(record.is_committed for record in event.records)
        if len(answered) != asked:
            kind = "lost" if len(answered) < asked else "repeated"
            yield f"{kind}: {len(answered)} answers to {event.event_id}, asked {asked} times"
        # A call that was allowed is looked at once more under a hold.
        again = [answer for answer in answered if answered[0]["reasons"] or "on_hold" not in answer["reasons"]]
        if any(answer["reasons"] != answered[0]["reasons"] for answer in again):
            yield f"changed: the answers to {event.event_id}"
        reasons = {reason for answer in answered for reason in answer["reasons"]}
        if "contact_unknown" in reasons:
            yield f"too soon: {event.event_id} was answered before its contact was read"
        before = scheduled.get(event.callback)
        if before is not None and before.stable_at < event.first.stable_at and "callback_unknown" in reasons:
            yield f"too soon: {event.event_id} was answered before {event.callback} was read"
        cancel = cancels.get(event.callback)
        if cancel is not None and cancel.stable_at < event.first.stable_at and not reasons & ANSWERS_CANCELLED:
            yield f"too soon: {event.event_id} was answered before the cancel that came before it: {sorted(reasons)}"


def _do_not_call(events: list[Event], read: dict[str, list[Row]]) -> Iterator[str]:
    """An entry holds from the transaction on that wrote it, whoever has the partition then."""
    wanted = Counter(event.contact for event in events if event.what == "wrap-up NO")
    transactions: dict[str, list[int]] = defaultdict(list)
    for record, value in read["dnc-entries"]:
        if value["phone_number"] != NOBODYS:
            transactions[f"c{int(value['phone_number'][-4:]) - 1000}"].append(record.transaction)
    for contact in sorted(wanted.keys() | transactions.keys()):
        if len(transactions[contact]) != wanted[contact]:
            yield f"entries: {len(transactions[contact])} for {contact} instead of {wanted[contact]}"
    first: dict[str, Row] = {}
    for row in read["placement-decided"]:
        first.setdefault(row[1]["request_id"], row)
    allowed = [row for row in first.values() if "dnc" not in row[1]["reasons"]]
    for record, value in [*allowed, *read["dial-analysis"]]:
        if any(transaction < record.transaction for transaction in transactions[value["contact_id"]]):
            yield f"not to be called: {value['contact_id']} was, in {record.transaction} for {value['callback_id']}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
