"""A newcomer's tasks, each from the start page, in a real browser, on a real worker and a real Kafka."""

import asyncio
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from playwright.sync_api import expect

from streams.base.clock import SystemClock
from streams.dev.local import LocalWorker
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from tests.builders import campaign, contact, rule, rule_set, scheduled, wrap_up
from tests.console.web.browsers import chromium, needs_chromium
from tests.console.web.test_server import started
from tests.kafka.cluster import PARTITIONS, Cluster, contacts_read, feeder
from tests.kafka.conftest import cluster
from tests.waiting import GUARD_S
from topics.catalog import CATALOG
from topics.codec import contact_key
from topics.partitions import partition_for

__all__ = ["cluster"]
pytestmark = [pytest.mark.kafka, needs_chromium]
ZONE = ZoneInfo("America/New_York")
"""That of the browser."""
LISTED = "+12125550101"
PATIENCE_MS = GUARD_S * 1000


def hour_of(now: datetime) -> datetime:
    """A full hour in the browser's zone, within the day ahead and not while the test runs."""
    return (now + timedelta(hours=3)).astimezone(ZONE).replace(minute=0, second=0, microsecond=0)


CONTACTS = 6


async def feed(made: Cluster, worker: LocalWorker, now: datetime) -> None:
    """A campaign, a number on a list, callbacks of an agent who leaves, and what a wrong partitioner sent."""
    at, nine = f"{now:%Y-%m-%dT%H:%M:%SZ}", hour_of(now).astimezone(ZoneInfo("UTC"))
    again = rule(minutes=0)
    async with feeder(made) as feeding:

        async def send(topic: str, value: dict, key: str) -> None:
            await feeding.send(topic, msgspec.json.encode(value), key=key)

        await send("rule-sets", rule_set(again), "R")
        await send("campaigns", campaign(dialing_mode="power", rule_set_ids=["R"], dnc_list_ids=["D1"]), "P")
        await send("dnc-entries", {"dnc_list_id": "D1", "phone_number": LISTED}, f"D1|{LISTED}")
        for number in range(CONTACTS):
            mine = f"c{number}"
            dialed = [{"phone_number": f"+1212555010{number}", "column": "home", "type": "home", "callable": True}]
            await send("contacts", contact(mine, numbers=dialed), contact_key("L", mine))
        await feeding.flush()
        await contacts_read(made, worker, CONTACTS)
        told = {"occurred_at": at, "contact_id": "c1", "phone_number": LISTED, "wrap_up_code": "AGAIN"}
        await send("wrap-up", wrap_up("v1", **told), contact_key("L", "c1"))
        told = {"occurred_at": at, "contact_id": "c5", "phone_number": "+12125550105", "wrap_up_code": "AGAIN"}
        await send("wrap-up", wrap_up("v5", **told), contact_key("L", "c5"))
        for number in (2, 3, 4):
            due = {"occurred_at": at, "due_at": f"{nine:%Y-%m-%dT%H:%M:%SZ}", "contact_id": f"c{number}"}
            value = scheduled(f"k{number}", agent_id="a7", phone_number=f"+1212555010{number}", **due)
            await send("callback-scheduled", value, contact_key("L", f"c{number}"))
        await feeding.flush()
        lost = scheduled(
            "lost",
            contact_id="c0",
            phone_number="+12125550100",
            occurred_at=at,
            due_at=f"{nine:%Y-%m-%dT%H:%M:%SZ}",
            agent_id="a1",
        )
        key = contact_key("L", "c0").encode()
        wrong = (partition_for(key, PARTITIONS) + 1) % PARTITIONS
        await feeding.producer.send_and_wait(made.prefix + "callback-scheduled", msgspec.json.encode(lost), key, wrong)


@pytest.fixture
def page(cluster: Cluster, tmp_path):
    """The start page of a console beside a worker, in a browser."""
    topic_admin.create(Clients(cluster.settings()), PARTITIONS, 1, CATALOG)
    worker = cluster.worker()
    worker.wait_ready()
    now = SystemClock().now()
    asyncio.run(feed(cluster, worker, now))
    given = ("--broker", cluster.broker, "--prefix", cluster.prefix, "--console-open-role", "admin")
    process, url = started(tmp_path, *given)
    try:
        with chromium() as browser, browser.page(url.rstrip("/")) as found:
            found.set_default_timeout(PATIENCE_MS)
            expect.set_options(timeout=PATIENCE_MS)
            found.hour = f"{hour_of(now):%H}:00"
            yield found
    finally:
        process.kill()


def until_shown(page, path: str, text: str) -> None:
    """Load a page until it shows a text: what was written is read within a moment."""
    for _ in range(int(GUARD_S * 2)):
        page.goto(path)
        if text in page.locator("main").inner_text():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{path} never shows {text}: {page.locator('main').inner_text()[:500]}")


def test_five_tasks_of_a_newcomer(page):
    until_shown(page, "/dead-letters", "wrong partition")
    until_shown(page, "/callbacks?agent=a7&outstanding=1", "k4")
    until_shown(page, "/callbacks?contact=c1", "blocked")
    until_shown(page, "/callbacks?contact=c5", "dialing")

    # Why was contact c1 not called?
    page.goto("/")
    page.fill("#box", "c1")
    page.press("#box", "Enter")
    page.click("tbody th a")
    expect(page.locator("h1.sentence")).to_contain_text("Not dialed")
    expect(page.locator("h1.sentence")).to_contain_text("Do Not Call list D1")

    # Who is called at nine, or at another full hour?
    page.goto("/")
    expect(page.locator("body")).to_have_attribute("data-zone", "America/New_York")
    page.click("#ahead-table summary")
    page.click(f"#ahead th a:has-text('{page.hour}')")
    expect(page.locator("main")).to_contain_text("3 callbacks")

    # Agent a7 has left: a2 is to have the callbacks.
    page.goto("/")
    page.fill("#box", "a7")
    page.press("#box", "Enter")
    page.click("text=Act on all that match")
    page.check("input[value=reassign]")
    page.fill("#agent_id", "a2")
    page.fill("#why", "a7 has left")
    page.click("text=Show what this would do")
    expect(page.locator("h1")).to_contain_text("3 callbacks")
    page.click("text=Ask for it")
    expect(page.locator("main")).to_contain_text("3 applied, 0 refused.")
    until_shown(page, "/callbacks?agent=a2", "3 callbacks")

    # A sender's partitioner was wrong: what it sent is to be accepted after all.
    page.goto("/")
    page.click("nav >> text=Dead letters")
    page.click("tbody th a")
    page.click("text=Replay all that were not yet")
    page.click("text=Ask for it")
    expect(page.locator("main")).to_contain_text("1 applied, 0 refused.")
    until_shown(page, "/callbacks?agent=a1", "lost")

    # What would it do to call back after an hour instead of at once, in campaign P?
    page.goto("/")
    page.click("nav >> text=Campaigns")
    page.click("tbody th a:has-text('P')")
    page.click("section[aria-label='Rule set R'] >> text=What if it were different?")
    page.fill("input[value='0']", "60")
    page.click("text=Show what would be different")
    expect(page.locator(".verdict")).to_contain_text("0 calls won, 0 lost, 1 moved")

    # And put into force.
    page.fill("#why", "too soon")
    page.click("text=Make this change now")
    page.click("text=Ask for it")
    expect(page.locator("main")).to_contain_text("1 of 1 written")
    until_shown(page, "/campaign?id=P", "60 min later")
    until_shown(page, "/callbacks?agent=a1", "lost")

    # A line for a terminal is on each page.
    shown = page.locator("pre code").last.inner_text()
    assert re.match(r"ringback callbacks list --agent a1", shown)
