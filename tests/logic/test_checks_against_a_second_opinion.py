"""Nothing is dialed and no placement allowed while a check fails, by a model that shares no code with the program."""

from collections import Counter
from datetime import timedelta
from functools import cache

import pytest

from streams.logic.contact.rows import decode_contact
from tests.builders import Json
from tests.oracle.histories import Teller
from tests.oracle.lives import ENDS, REOPENED
from tests.oracle.reasons import ORDER
from tests.oracle.watch import Watch

SEEDS = range(400)
BATCH = 20
CONTACT_EVENTS = ("wrap-up", "callback-scheduled", "placement-requested")
STATES = {"rescheduled": "scheduled"}
WAYS = [
    "allowed", "dialing", "presented", "blocked", "moved", "switched", "repeated", "decided anew", "held", "waiting",
    "moved for outside_callable_time", "moved for too_soon", "moved for in_call", "missed", "another window",
    "answered in a window", "changed", "presented anew", "not_dialed", "due again", "return superseded",
    "return callback_ended", "return callback_unknown", "return too_far_ahead", "return due_before_scheduled",
    "step", "ladder ended", "kept", "replaced", "called off", "history",
]  # fmt: skip
RARE_WAYS = ["let go", "no other day", "left open by a return"]


@cache
def lived(seed: int) -> Watch:
    """A history, and two weeks after it."""
    watch = Watch()
    teller = Teller(seed)
    for told in teller.history():
        watch.send(told)
    watch.run_to(teller.now + timedelta(days=14))
    return watch


@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_commands_and_answers_name_exactly_the_checks_that_fail(first: int) -> None:
    for seed in range(first, first + BATCH):
        lived(seed)


def test_the_histories_reach_every_reason_and_every_way_out() -> None:
    seen: Counter[str] = sum((lived(seed).seen for seed in SEEDS), Counter())
    assert [reason for reason in ORDER if not seen[reason]] == []
    assert [what for what in WAYS if seen[what] < 10] == []
    assert [what for what in RARE_WAYS if not seen[what]] == []


def rebuilt(lifecycle: list[Json]) -> dict[tuple[str, str], Json]:
    """Every callback, from the lifecycle alone."""
    callbacks: dict[tuple[str, str], Json] = {}
    for record in lifecycle:
        if record["transition"] != "rejected":
            known = callbacks.setdefault((record["contact_id"], record["callback_id"]), {"presentation": 0})
            if record["transition"] != "changed":  # It is no state.
                known["state"] = STATES.get(record["transition"], record["transition"])
            known["presentation"] = record["facts"].get("presentation", known["presentation"])
            known |= {name: record[name] for name in ("campaign_id", "origin", "due_at")}
    return callbacks


def view(callbacks: dict[tuple[str, str], Json], contact_id: str) -> list[Json]:
    """What the view must show of a contact."""
    shown = [
        {"callback_id": name, **{field: one[field] for field in ("campaign_id", "origin", "due_at", "state")}}
        for (of, name), one in callbacks.items()
        if of == contact_id and one["state"] not in ENDS
    ]
    return sorted(shown, key=lambda one: (one["due_at"], one["callback_id"]))


@pytest.mark.parametrize("seed", SEEDS[::8])
def test_the_lifecycle_alone_rebuilds_every_callback_and_the_view(seed: int) -> None:
    """At each view, and at the end against what the worker has in its rows."""
    watch = lived(seed)
    lifecycle: list[Json] = []
    for line in watch.said.lines:
        if line["topic"] == "callback-lifecycle":
            lifecycle.append(line["value"])
        elif line["topic"] == "outstanding-callbacks":
            contact_id = line["key"].split("|")[1]
            assert (line["value"] or {"callbacks": []})["callbacks"] == view(rebuilt(lifecycle), contact_id)
    told = {
        name: (one["campaign_id"], one["origin"], one["due_at"], one["state"], one["presentation"])
        for name, one in rebuilt(lifecycle).items()
        if one["state"] not in ENDS
    }
    kept = {
        (contact.contact_id, one.callback_id): (
            one.campaign_id, one.origin, one.due_at.isoformat().replace("+00:00", "Z"), one.status, one.presentation,
        )
        for key, row in watch.worker.core.partitions[0].table.items() if b"|" in key
        for contact in [decode_contact(row)]
        for one in contact.callbacks
    }  # fmt: skip
    assert kept == told


@pytest.mark.parametrize("seed", SEEDS[::8])
def test_a_callback_has_one_end_or_is_outstanding(seed: int) -> None:
    """Only a completed one, or one that was not dialed, goes on, when a reschedule of its own call reopens it."""
    ended: dict[tuple[str, str], str] = {}
    for record in lived(seed).said.lifecycle:
        if record["transition"] == "rejected":
            continue
        name = (record["contact_id"], record["callback_id"])
        if name in ended:
            assert ended.pop(name) in REOPENED and record["facts"]["reopened"] is True
        if record["transition"] in ENDS:
            ended[name] = record["transition"]


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_more_histories_name_exactly_the_checks_that_fail() -> None:
    for seed in range(len(SEEDS), 12_000):
        lived.__wrapped__(seed)


@pytest.mark.parametrize("seed", SEEDS[::16])
def test_a_restart_anywhere_changes_nothing_in_what_follows(seed: int) -> None:
    watch, teller = Watch(), Teller(seed)
    for told in teller.history():
        watch.send(told)
        watch.worker.restart()
    watch.run_to(teller.now + timedelta(days=14))
    assert watch.said.lines == lived(seed).said.lines


@pytest.mark.parametrize("seed", SEEDS[::16])
def test_a_redelivered_event_says_nothing(seed: int) -> None:
    """But for one that was refused, which is refused again: it changed nothing."""
    watch, teller = Watch(), Teller(seed)
    for told in teller.history():
        before = len(watch.said.lines)
        watch.send(told)
        refused = any(line["topic"] == "dead-letter" for line in watch.said.lines[before:])
        watch.run_to(told.at)  # What it has made due goes out first.
        if told.topic in CONTACT_EVENTS and not refused:
            assert watch.worker.send(told.topic, told.value, told.at.isoformat(), told.key).lines == []
