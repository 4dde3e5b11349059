"""How fast the view of the console is filled, found in, and read again from Kafka."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from streams.base.settings import Settings, make
from streams.console.view.database import Database, Folder
from streams.console.view.model import Filter, Order, Page, Standing
from streams.console.view.reader import RECORDS_MAX, Reader
from streams.console.view.record import Record
from streams.console.view.view import View
from streams.console.view.writer import Position, apply
from streams.dev.bench.console_history import Life, life, records
from streams.dev.bench.report import Result, spread_values
from streams.dev.bench.rig import CLOCK, Say
from streams.dev.broker import EmbeddedKafka
from streams.dev.figures import milliseconds, percentile
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from topics.commands import Origin

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PARTITIONS = 12
SAMPLES = 4
"""Callbacks from which questions are made."""
FEED_AT_ONCE = 5_000
RIGHT = "Right: every page and count had what was asked for, and what was read again from Kafka is whole."
SAID_EVERY = 1_000_000

Question = tuple[str, Filter]


def run(callbacks: int, rebuilt: int, say: Say) -> Result:
    """Measure. It is wrong when a page has what was not asked for, a count differs, or a rebuilt view is not whole."""
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as folder:
        count, took_s, index_s = fill(Path(folder) / "large", callbacks, say)
        size = sum(file.stat().st_size for file in (Path(folder) / "large").iterdir())
        say("Asking")
        times, wrong = ask(View(Path(folder) / "large"), callbacks)
        events, rebuild_s, lost = _rebuild(Path(folder), rebuilt, say)
    kinds = {kind: percentile(found, 0.95) for kind, found in times.items()}
    everything = [one for found in times.values() for one in found]
    slowest = sorted(kinds, key=lambda kind: -kinds[kind])[:5]
    figures = [
        ("callbacks in the view", f"{callbacks:,}"),
        ("records taken in, without a Kafka", f"{count:,}; {count / took_s:,.0f} per second"),
        ("indexes made", f"{index_s:.1f} s"),
        ("size on disk", f"{size / 1e9:.2f} GB"),
        ("pages asked for", f"{len(everything):,}, of {len(kinds)} kinds"),
        ("a page of 50, p50, p95, max", ", ".join(milliseconds(percentile(everything, p)) for p in (0.5, 0.95, 1.0))),
        ("the slowest kinds, p95", ", ".join(f"{kind} {milliseconds(kinds[kind])}" for kind in slowest)),
        ("callbacks read again from Kafka", f"{rebuilt:,}"),
        ("records read again", f"{events:,}; {events / rebuild_s:,.0f} per second"),
    ]
    values = {
        "callbacks": callbacks, "taken_in_per_s": count / took_s, "index_s": index_s, "bytes": size,
        **spread_values("page_", everything), "page_p95_ms": 1000 * percentile(everything, 0.95),
        "rebuild_per_s": events / rebuild_s,
    }  # fmt: skip
    return Result(figures, [*wrong, *lost], RIGHT, values)


def fill(folder: Path, callbacks: int, say: Say) -> tuple[int, float, float]:
    """A view of so many callbacks: how many records they have, and the seconds that these and the indexes took."""
    database, offsets = Database(Folder(folder)), Counter[tuple[str, int]]()
    messages, count, took_s = records(callbacks, PARTITIONS, NOW), 0, 0.0
    while some := list(islice(messages, RECORDS_MAX)):
        batch = []
        for one in some:
            place = (one.topic, one.partition)
            batch.append(Record(*place, offsets[place], one.timestamp_ms, one.key, one.value))
            offsets[place] += 1
        began = CLOCK.monotonic()
        apply(database.connection, batch)
        took_s += CLOCK.monotonic() - began
        count += len(batch)
        if count % SAID_EVERY < RECORDS_MAX:
            say(f"{count:,} records")
    apply(database.connection, (), [Position(*place, end, end) for place, end in offsets.items()])
    began = CLOCK.monotonic()
    database.index()
    database.close()
    return count, took_s, CLOCK.monotonic() - began


def ask(view: View, callbacks: int) -> tuple[dict[str, list[float]], list[str]]:
    """How long each kind of page took, and what was wrong: first pages, the ones after them, and deep ones."""
    times: dict[str, list[float]] = {}
    wrong: list[str] = []
    for number in range(SAMPLES):
        one = life(callbacks * number // SAMPLES, callbacks, NOW)
        for kind, by in questions(one):
            found = times.setdefault(kind, [])
            for order in Order:
                page, took_s = _page(view, by, order, None)
                if not page.rows and kind in _ALWAYS:
                    wrong.append(f"{kind} found nothing")
                found += [
                    took_s,
                    *(_page(view, by, order, after)[1] for after in (page.after, _deep(one, order)) if after),
                ]
    for standing, by in (("outstanding", Filter(outstanding=True)), ("all", Filter())):
        if view.count(by, NOW) != sum(1 for _ in view.each(by, NOW)):
            wrong.append(f"the count of {standing} differs")
    if view.count(Filter(), NOW) != callbacks:
        wrong.append(f"{view.count(Filter(), NOW):,} callbacks are there")
    return times, wrong


def _page(view: View, by: Filter, order: Order, after: str | None) -> tuple[Page, float]:
    began = CLOCK.monotonic()
    page = view.find(by, NOW, order=order, after=after)
    return page, CLOCK.monotonic() - began


_ALWAYS = ("everything", "callback id", "contact id", "campaign", "begins callback id", "agent in the box")


def _deep(one: Life, order: Order) -> str:
    """A place in the middle of the list."""
    at = one.due_at if order is Order.DUE else one.due_at - timedelta(minutes=1)
    return f"{int(at.timestamp() * 1_000_000)}.{one.number}"


def questions(one: Life) -> Iterator[Question]:
    """Every filter, the box with each kind of word, and some of them together."""
    yield from _filters(one)
    yield from _together(one)
    yield from _words(one)


def _filters(one: Life) -> Iterator[Question]:
    yield "everything", Filter()
    yield "outstanding", Filter(outstanding=True)
    yield "overdue", Filter(overdue=True)
    yield "campaign", Filter(campaign_id=one.campaign_id)
    yield "contact list", Filter(contact_list_id=one.contact_list_id)
    yield "contact", Filter(contact_list_id=one.contact_list_id, contact_id=one.contact_id)
    yield "agent", Filter(agent_id=one.agent_id)
    yield "queue", Filter(queue_id=one.queue_id)
    yield "standing", Filter(standings=(Standing.BLOCKED,))
    yield "reason", Filter(reasons=("dnc",))
    yield "origin", Filter(origins=(Origin.AGENT,))
    day = one.due_at + timedelta(hours=24)
    yield "due in a day", Filter(due_from=one.due_at, due_until=day)
    yield "due in an hour", Filter(due_from=one.due_at, due_until=one.due_at + timedelta(hours=1))


def _together(one: Life) -> Iterator[Question]:
    ended, day = (Standing.BLOCKED, Standing.EXPIRED), one.due_at + timedelta(hours=24)
    yield "campaign outstanding", Filter(campaign_id=one.campaign_id, outstanding=True)
    yield "queue outstanding", Filter(queue_id=one.queue_id, outstanding=True)
    yield "standings of a campaign", Filter(standings=ended, campaign_id=one.campaign_id)
    yield "reason of a campaign", Filter(reasons=("dnc",), campaign_id=one.campaign_id)
    yield "reason of an agent", Filter(reasons=("no_outcome",), agent_id=one.agent_id)
    yield "origin of a queue", Filter(origins=(Origin.RULE,), queue_id=one.queue_id)
    yield "due in a day, of a campaign", Filter(due_from=one.due_at, due_until=day, campaign_id=one.campaign_id)


def _words(one: Life) -> Iterator[Question]:
    yield "callback id", Filter(text=one.callback_id)
    yield "contact id", Filter(text=one.contact_id)
    yield "begins callback id", Filter(text=one.callback_id[:4])
    yield "begins longer", Filter(text=one.callback_id[:7])
    yield "begins contact id", Filter(text=one.contact_id[:3])
    yield "begins contact id longer", Filter(text=one.contact_id[:5])
    yield "one letter", Filter(text="c")
    yield "campaign in the box", Filter(text=one.campaign_id)
    yield "agent in the box", Filter(text=one.agent_id)
    yield "begins agent", Filter(text=one.agent_id[:8])
    yield "queue in the box", Filter(text=one.queue_id)
    yield "last four", Filter(text=one.phone_number[-4:])
    yield "reason in the box", Filter(text="contact_attempt_limit")
    yield "begins a reason", Filter(text="out")
    yield "two words", Filter(text=f"{one.campaign_id} {one.agent_id}")
    yield "two broad words", Filter(text=f"{one.campaign_id} desk")
    yield "words that nothing has", Filter(text=f"{one.campaign_id} zzz")
    yield "box and filter", Filter(text=one.queue_id, campaign_id=one.campaign_id, outstanding=True)
    yield "nothing", Filter(text="zzz")


def _rebuild(folder: Path, callbacks: int, say: Say) -> tuple[int, float, list[str]]:
    """Records that a reader takes from a Kafka, the seconds that it takes, and what is wrong."""
    say("Starting Kafka")
    with EmbeddedKafka(say=say) as kafka:
        settings = make(broker=kafka.bootstrap)
        topic_admin.create(Clients(settings), PARTITIONS)
        say(f"Writing the records of {callbacks:,} callbacks")
        count = asyncio.run(_feed(settings, callbacks))
        say("Reading them")
        began = CLOCK.monotonic()
        asyncio.run(Reader(settings, folder / "rebuilt").catch_up())
        took_s = CLOCK.monotonic() - began
    found = View(folder / "rebuilt").count(Filter(), NOW)
    return count, took_s, [] if found == callbacks else [f"{found:,} of {callbacks:,} callbacks were read again"]


async def _feed(settings: Settings, callbacks: int) -> int:
    producer = Clients(settings).producer(linger_ms=20, max_batch_size=256 * 1024)
    await producer.start()
    count = 0
    try:
        messages = records(callbacks, PARTITIONS, NOW)
        while some := list(islice(messages, FEED_AT_ONCE)):
            count += len(some)
            await asyncio.gather(*[
                await producer.send(
                    settings.topic(one.topic), one.value, key=one.key, partition=one.partition,
                    timestamp_ms=one.timestamp_ms,
                )
                for one in some
            ])  # fmt: skip
    finally:
        await producer.stop()
    return count
