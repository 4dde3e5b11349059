"""Search, pages and bulk at a million callbacks, in a browser: `pytest -m long -s` prints the figures."""

import asyncio
import json
import re
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from streams.dev.local import LocalWorker
from streams.importer.sending import send
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from tests.console.actions.test_hundred_thousand import transitions
from tests.console.web.browsers import chromium, needs_chromium
from tests.console.web.test_server import started
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, configure, configured, feeder
from topics.callback_events import CallbackScheduled, Owner, Source
from topics.catalog import CATALOG
from topics.codec import encode

pytestmark = [pytest.mark.kafka, pytest.mark.long, pytest.mark.timeout(2400), needs_chromium]

CALLBACKS, OF_A_LEAVER, GUARD_S = 1_000_000, 100_000, 900.0
NOW = datetime.now(UTC).replace(microsecond=0)
SEARCHES = ("k-777777", "x123456", "agent-12", "0142", "P", "k-99999", "agent-7", "x9", "nobody")
EACH = 10
PAGES = 30
PART = (
    """() => { const [one] = performance.getEntriesByType("navigation"); return one.responseEnd - one.requestStart }"""
)


def messages():
    """A tenth of them belong to an agent who leaves; the others to a hundred."""
    for number in range(CALLBACKS):
        event = CallbackScheduled(
            event_id=f"s-{number}", occurred_at=NOW, callback_id=f"k-{number}", source=Source.WIDGET, campaign_id="P",
            contact_list_id=LIST, contact_id=f"x{number}", phone_number=f"+1212555{number % 200:04d}",
            due_at=NOW + timedelta(days=3, seconds=number % 86_400), owner=Owner.PREFERRED,
            agent_id="leaver" if number % 10 == 0 else f"agent-{number % 100}",
        )  # fmt: skip
        yield f"{LIST}|x{number}".encode(), encode(event)


@pytest.fixture
def worker(kafka, prefix, tmp_path):
    """A worker that knows a million callbacks."""
    with Cluster(kafka.bootstrap, prefix, tmp_path) as made:
        topic_admin.create(Clients(made.settings()), PARTITIONS, 1, CATALOG)
        running = made.worker()
        running.wait_ready()
        took_s = asyncio.run(fill(made, running))
        print(f"\n{CALLBACKS:,} callbacks scheduled in {took_s:.0f} s")
        yield made


async def fill(made: Cluster, running: LocalWorker) -> float:
    began = time.monotonic()
    async with feeder(made) as feed:
        await configure(feed)
        await configured(made)
    topic = made.settings().topic("callback-scheduled")
    await send(Clients(made.settings()), topic, messages(), lambda _what, _count: None)
    while (
        sum(one["outstanding"] for one in (running.status() or {"partitions": {}})["partitions"].values()) < CALLBACKS
    ):
        assert time.monotonic() < began + GUARD_S
        await asyncio.sleep(1)
    return time.monotonic() - began


def until_read(page) -> float:
    """Wait until the console has read all there is."""
    began = time.monotonic()
    page.goto("/callbacks?q=nobody")
    expect(page.locator("body")).to_have_attribute("data-zone", "America/New_York")  # It has loaded itself again.
    while "The console is reading" in page.locator("body").inner_text():
        assert time.monotonic() < began + GUARD_S
        page.wait_for_timeout(1000)
        page.goto("/callbacks?q=nobody")
    return time.monotonic() - began


def answered_ms(page, path: str) -> float:
    """How long the console took for a page, as the browser saw it."""
    page.goto(path)
    return float(page.evaluate(PART))


def told(name: str, took: list[float]) -> None:
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, at most {max(took):.0f} ms")


def run_until(page, words: str) -> str:
    """The live part of the page of a run, when it says so."""
    expect(page.locator("main")).to_contain_text(re.compile(words), timeout=GUARD_S * 1000)
    return str(page.locator("main").inner_text())


def sent(text: str) -> int:
    (found,) = re.findall(r"([\d\u202f]+) of [\d\u202f]+ asked for", text)
    return int(found.replace("\u202f", ""))


def moved(made: Cluster) -> Counter[str]:
    # In a thread of its own: the browser's library has a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        return Counter(thread.submit(asyncio.run, transitions(made, "rescheduled")).result())


def test_a_million_is_searched_paged_and_a_hundred_thousand_of_them_moved_aborted_and_resumed_exactly(worker, tmp_path):
    given = ("--broker", worker.broker, "--prefix", worker.prefix, "--console-open-role", "operator")
    process, url = started(tmp_path, *given)
    try:
        with chromium() as browser, browser.page(url.rstrip("/")) as page:
            page.set_default_timeout(GUARD_S * 1000)
            print(f"the console has read all of it after {until_read(page):.0f} s")
            searched(page)
            paged(page)
            leavers(page, worker)
    finally:
        process.kill()


def searched(page) -> None:
    took = {
        words: [answered_ms(page, f"/callbacks?q={words}&outstanding=1") for _ in range(EACH)] for words in SEARCHES
    }
    told("search", [one for some in took.values() for one in some])
    page.goto("/callbacks?q=k-777777")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("x777777")
    page.goto("/callbacks?q=nobody")
    expect(page.locator("main")).to_contain_text("No callback matches.")


def paged(page) -> None:
    """Pages follow each other without one twice, and in the order of their due times."""
    took, seen = [], list[str]()
    path = "/callbacks?outstanding=1"
    for _ in range(PAGES):
        took.append(answered_ms(page, path))
        seen += page.locator("tbody th a").all_inner_texts()
        path = page.locator("a[rel=next]").get_attribute("href")
    told("pages", took)
    assert len(seen) == len(set(seen)) == PAGES * 50
    order = [int(one.removeprefix("k-")) % 86_400 for one in seen]
    assert order == sorted(order)


def leavers(page, made: Cluster) -> None:
    """All of one agent's are moved by a filter; half-way it is aborted, then resumed."""
    page.goto("/callbacks?agent=leaver&outstanding=1")
    page.click("text=Act on all that match")
    expect(page.locator("h1")).to_contain_text("100\u202f000 callbacks")
    page.check("input[value=move]")
    page.fill("#due_at", f"{NOW + timedelta(days=9):%Y-%m-%dT%H:%M}")
    page.fill("#why", "has left")
    page.click("text=Show what this would do")
    expect(page.locator("main")).to_contain_text("Nothing has been sent yet")
    page.click("text=Ask for it")
    run_until(page, r"(4|5)\d\u202f\d{3} of")
    page.click("text=Abort: ask for no more")
    text = run_until(page, r"Aborted: .*0 refused\.")
    half = sent(text)
    assert 0 < half < OF_A_LEAVER
    counted = moved(made)
    assert (len(counted), max(counted.values())) == (half, 1)
    print(f"aborted after {half:,} of {OF_A_LEAVER:,}: the topic has as many, each once")
    began = time.monotonic()
    page.click("text=Go on")
    run_until(page, r"Sent: .*100\u202f000 applied, 0 refused\.")
    print(f"the other {OF_A_LEAVER - half:,} applied and read back in {time.monotonic() - began:.0f} s")
    counted = moved(made)
    assert (len(counted), max(counted.values())) == (OF_A_LEAVER, 1)
    assert json.dumps(page.complaints) == "[]"
