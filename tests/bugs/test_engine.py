"""The engine around the timers: it sleeps, wakes, drains, restores. Bugs 4, 8, 9, 13, 14 of docs/bugs-and-tests.md."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from streams.base.clock import SystemClock
from streams.base.settings import make
from streams.engine.engines import Engines
from streams.engine.outside import Outside
from streams.engine.partition_engine import PartitionEngine
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.partition import Partition
from streams.storage.disk_store import DiskStore
from streams.storage.local_copy import Source
from streams.storage.store import MemoryStore
from streams.worker import http
from streams.worker.health import Health
from tests.builders import Json, cancelled, key_of, scheduled
from tests.edge.single_engine import NOW, PREFIX, Broker, ManualClock, begun, configuration
from tests.waiting import until

HERE = Source("cluster-1", "ringback.contact-state", 0, 0, 10**6)
DUE = NOW + timedelta(minutes=30)


def due_at(at: datetime, name: str, **changes: object) -> Json:
    """A callback of a contact of its own that is due at this instant."""
    contact, conversation = f"c-{name}", f"v-{name}"
    return scheduled(name, contact_id=contact, conversation_id=conversation, due_at=at.isoformat(), **changes)


def dialed(broker: Broker) -> list[str]:
    return [command["callback_id"] for command in broker.values("dial-preview")]


def rows_of(*events: Json) -> dict[bytes, bytes]:
    """The table once these have been taken in."""
    core = Partition(0, 1, configuration(), {})
    core.ready(NOW)
    for offset, event in enumerate(events):
        core.apply(Arrived("callback-scheduled", 0, offset, key_of(event), orjson.dumps(event), 0), NOW)
    return dict(core.table)


def memory(rows: dict[bytes, bytes]) -> MemoryStore:
    store = MemoryStore()
    store.rows.update(rows)
    return store


async def test_an_engine_that_sleeps_until_a_later_timer_wakes_for_an_earlier_one_that_arrives() -> None:
    """It would sleep for a minute otherwise."""
    broker = Broker()
    async with begun(broker, clock=SystemClock()) as single:
        await single.send("callback-scheduled", [real("late", timedelta(hours=1))])
        await single.idle()
        await single.send("callback-scheduled", [real("soon", timedelta(milliseconds=200))])
        await until(lambda: dialed(broker) == ["soon"])


async def test_an_engine_whose_next_timer_was_called_off_wakes_for_the_one_behind_it() -> None:
    broker = Broker()
    async with begun(broker, clock=SystemClock()) as single:
        soon = real("off", timedelta(milliseconds=200))
        await single.send("callback-scheduled", [soon, real("next", timedelta(milliseconds=400))])
        await single.send("callback-scheduled", [cancelled("off", contact_id="c-off", occurred_at=soon["occurred_at"])])
        await until(lambda: dialed(broker) == ["next"])


def real(name: str, ahead: timedelta) -> Json:
    now = datetime.now(UTC)
    return due_at(now + ahead, name, occurred_at=now.isoformat())


async def test_a_second_with_thousands_of_timers_that_is_cut_off_in_the_middle_goes_on_where_it_was(
    tmp_path: Path,
) -> None:
    """The broker refuses a transaction of the drain, which ends the worker; another one begins with what is on disk."""
    names = [f"k{number:04}" for number in range(1000)]
    before, after = Broker(), Broker()
    store = DiskStore(tmp_path / "contacts-0", HERE)
    async with begun(before, store, fire_batch_max=100) as single:
        await single.send("callback-scheduled", [due_at(DUE, name) for name in names])
        await single.idle()
        before.refuses = len(before.transactions) + 5
        single.clock.at = DUE
        single.engine.wake()
        await until(lambda: single.broken)
    assert 0 < len(dialed(before)) <= 400
    async with begun(after, DiskStore(tmp_path / "contacts-0", HERE), ManualClock(DUE)) as single:
        await until(lambda: len(dialed(before) + dialed(after)) >= len(names))
        await single.idle()
    assert dialed(before) + dialed(after) == names, "each once, and in order"


async def test_a_stampede_is_let_out_oldest_first_and_in_portions_between_which_events_are_answered() -> None:
    """As after a rebalance: everything is overdue at once."""
    overdue = [due_at(NOW + timedelta(seconds=number % 600), f"k{number:04}") for number in range(1000)]
    broker = Broker()
    async with begun(broker, memory(rows_of(*overdue)), ManualClock(DUE), fire_batch_max=100) as single:
        await single.send("callback-scheduled", [due_at(DUE + timedelta(days=1), "new")])
        await until(lambda: len(dialed(broker)) >= len(overdue))
    commands = broker.values("dial-preview")
    instants = [(datetime.fromisoformat(one["due_at"]), one["callback_id"]) for one in commands]
    assert instants == sorted(instants) and len(set(instants)) == len(overdue)
    assert (
        max(sum(one.topic == "dial-preview" for one in transaction.records) for transaction in broker.transactions)
        <= 100
    )
    answered = next(at for at, transaction in enumerate(broker.transactions) if transaction.offsets)
    assert answered < len(broker.transactions) - 1, "the event did not wait for the last of them"


async def test_after_half_an_hour_with_nothing_to_do_a_timer_and_an_event_are_dealt_with_at_once() -> None:
    """On a clock that goes on by a minute whenever the engine waits: as if it slept for as long as it may."""
    broker, clock = Broker(), ManualClock(step=timedelta(minutes=1))
    async with begun(broker, clock=clock) as single:
        await single.send("callback-scheduled", [due_at(DUE + timedelta(seconds=30), "idle")])
        await until(lambda: dialed(broker))
        fired = next(
            transaction
            for transaction in broker.transactions
            if any(one.topic == "dial-preview" for one in transaction.records)
        )
        late_s = fired.timestamp_ms / 1000 - (DUE + timedelta(seconds=30)).timestamp()
        assert 0 <= late_s <= 60 and len(broker.transactions) == 2, "nothing was done meanwhile"
        clock.step = timedelta()
        at = clock.at
        await single.send("callback-scheduled", [due_at(at + timedelta(days=1), "event")])
        await single.idle()
        assert [one["callback_id"] for one in broker.values("callback-lifecycle")][-1] == "event" and clock.at == at


async def test_a_partition_that_reads_a_large_table_lets_the_timers_of_another_one_fire_meanwhile() -> None:
    rows = rows_of(*(due_at(DUE, f"k{number}") for number in range(500)))
    large = Partition(0, 1, configuration(), rows)
    broker = Broker()
    async with begun(broker, memory(rows_of(due_at(NOW, "due")))) as single:
        for _ in large.ready_in_steps(NOW, rows_per_step=10):
            await asyncio.sleep(0)
            if dialed(broker):
                break
        assert dialed(broker) == ["due"] and large.census.outstanding < 500, "long before the other one was through"
        await single.idle()


async def test_pages_are_answered_while_the_loop_does_nothing_else_than_work() -> None:
    """They are read from threads, ask no engine to stop, and take what a transaction left behind last."""
    broker = Broker()
    async with begun(broker, memory(rows_of(due_at(DUE, "k1"), due_at(DUE, "k2")))) as single:
        await single.idle()
        async with pages_of(single.engine) as port:
            # The loop stands still here until all are answered: nothing of it is needed.
            assert json.loads(get(port, "/livez"))["status"] == "live"
            assert json.loads(get(port, "/readyz"))["status"] == "ready"
            (status,) = json.loads(get(port, "/status"))["partitions"].values()
            assert status["outstanding"] == 2 and status["next_timer"].startswith("2026-11-23T15:00:00")
            assert "ringback_transactions_total" in get(port, "/metrics")


async def test_pages_that_are_read_without_a_break_hold_up_no_timer() -> None:
    broker = Broker()
    overdue = [due_at(NOW, f"k{number:04}") for number in range(2000)]
    ended = threading.Event()
    async with (
        begun(broker, memory(rows_of(*overdue)), ManualClock(DUE), fire_batch_max=50) as single,
        pages_of(single.engine) as port,
    ):
        reading = asyncio.gather(
            *(asyncio.to_thread(read_until, ended, port, page) for page in ("/status", "/metrics"))
        )
        await until(lambda: len(dialed(broker)) >= len(overdue))
        ended.set()
        assert all(count > 0 for count in await reading)
    assert dialed(broker) == sorted(dialed(broker)) and len(dialed(broker)) == len(overdue)


@asynccontextmanager
async def pages_of(engine: PartitionEngine) -> AsyncIterator[int]:
    """The port of the pages of a worker that holds this engine."""
    engines = Engines(make(), [PREFIX + "wrap-up"], 1, Outside.of(make(), SystemClock()), lambda what, error: None)
    engines.held.engines[0] = engine
    engines._assignment.assigned([0], 1, _nobody, _nobody)
    engines._waits.clear()
    with http.serve("127.0.0.1", 0, Health(list, [engines.status.obstacles]), engines.status.page) as server:
        yield server.port
    engines.held.engines.clear()  # Whoever has begun the engine gives it up.
    await engines.close()


def _nobody(*_: object) -> Any:
    raise AssertionError("nobody asks the group")


def get(port: int, page: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def read_until(ended: threading.Event, port: int, page: str) -> int:
    """How many times it was answered."""
    count = 0
    while not ended.is_set():
        get(port, page)
        count += 1
    return count
