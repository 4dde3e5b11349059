"""The view says what a plain reading of all records says, in whatever order topics are met, and its pages are whole."""

import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from streams.console.view.memory import fill
from streams.console.view.model import OUTSTANDING, CallbackRow, Filter, Order, Standing
from streams.console.view.view import View
from streams.logic.contact.rows import decode_contact
from tests.console.view.dumped import dump
from tests.console.view.naive import Naive, matches
from tests.console.view.world import AGENTS, BEGIN, CAMPAIGNS, END, World, in_batches, shuffled
from topics.commands import Origin

NOW = BEGIN + timedelta(hours=6)
SEEDS = range(6)


@pytest.fixture(scope="module", params=SEEDS)
def world(request):
    return World(request.param, 250)


@pytest.fixture(scope="module")
def view(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("view")
    fill(folder, world.lines, partitions=world.partitions)
    return View(folder)


def everything(view: View, by: Filter = Filter(), now: datetime = NOW) -> list[CallbackRow]:  # noqa: B008
    return list(view.each(by, now))


def bare(row: CallbackRow) -> CallbackRow:
    return msgspec.structs.replace(row, agent_id=None, queue_id=None, owner=None, last_four="")


def test_each_callback_stands_as_its_records_say(world, view):
    expected = Naive(world.lines).rows
    assert {row.key: bare(row) for row in everything(view)} == expected
    assert len(expected) > 30


def test_an_outstanding_callback_has_the_agent_owner_and_number_that_the_worker_has(world, view):
    compared = 0
    for partition in world._worker.partitions:
        for key, raw in partition.table.items():
            list_id, _, contact_id = (key.decode() if isinstance(key, bytes) else key).partition("|")
            if not contact_id:  # The partition's own row.
                continue
            _, rows = view.contact(list_id, contact_id)
            shown = {row.callback_id: row for row in rows}
            for true in decode_contact(raw).callbacks:
                row = shown[true.callback_id]
                assert (row.agent_id, row.owner or "anyone") == (true.agent_id, true.owner), true
                assert row.last_four in (true.phone_number[-4:], ""), true
                assert row.last_four or row.standing is Standing.SCHEDULED
                assert row.due_at == true.due_at and row.standing == true.status
                compared += 1
    assert compared > 3


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_topics_are_met_makes_no_difference(world, tmp_path, seed):
    fill(tmp_path / "plain", world.lines, partitions=world.partitions)
    for batch in in_batches(shuffled(world, seed), seed):
        fill(tmp_path / "shuffled", batch, partitions=world.partitions)
    assert dump(tmp_path / "shuffled") == dump(tmp_path / "plain")


words = some.sampled_from(
    (
        "k1",
        "K2",
        "r-",
        "c",
        "c3",
        "p",
        "Win",
        "a",
        "agent-7",
        "queue",
        "Q1",
        "0101",
        "0150",
        "dnc",
        "campaign",
        "no",
        "zzz",
    )
)
filters = some.builds(
    Filter,
    text=some.lists(words, max_size=2).map(" ".join),
    campaign_id=some.sampled_from((None, None, *CAMPAIGNS)),
    contact_list_id=some.sampled_from((None, None, None, "L", "M")),
    contact_id=some.sampled_from((None, None, None, "c1", "C1")),
    agent_id=some.sampled_from((None, None, None, *AGENTS)),
    queue_id=some.sampled_from((None, None, None, "queue two")),
    standings=some.lists(some.sampled_from(Standing), max_size=2, unique=True).map(tuple),
    reasons=some.sampled_from(((), (), ("callback_unknown",), ("dnc", "superseded"), ("new_reason",))),
    origins=some.sampled_from(((), (), (Origin.AGENT,), (Origin.RULE,))),
    due_from=some.sampled_from((None, None, BEGIN + timedelta(hours=1))),
    due_until=some.sampled_from((None, None, BEGIN + timedelta(hours=4))),
    outstanding=some.booleans(),
    overdue=some.sampled_from((False, False, True)),
)


@pytest.fixture(scope="module")
def large():
    with tempfile.TemporaryDirectory() as folder:
        world = World(99, 1200, contacts=40)
        fill(Path(folder), world.lines, partitions=world.partitions)
        view = View(Path(folder))
        yield view, everything(view)
        view.close()


@settings(max_examples=150)
@given(
    by=filters,
    order=some.sampled_from(Order),
    limit=some.sampled_from((1, 3, 50)),
    few=some.sampled_from((0, 5, 10**6)),
    looking=some.sampled_from((-1, 60)),
)
def test_pages_have_all_that_is_meant_once_and_in_order(large, by, order, limit, few, looking):
    """Whether few are looked up and sorted, or many are looked for in their order, the pages are the same."""
    view, rows = large
    expected = [row.key for row in rows if matches(row, by, NOW)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("streams.console.view.search.FEW", few)
        patched.setattr("streams.console.view.search.COUNTING_S", 60)
        patched.setattr("streams.console.view.search.LOOKING_S", looking)
        patched.setattr("streams.console.view.search._STEPS", 1)
        found: list[CallbackRow] = []
        after = None
        while True:
            page = view.find(by, NOW, order=order, after=after, limit=limit)
            found += page.rows
            if (after := page.after) is None:
                break
        assert page.total == view.count(by, NOW) == len(expected)
        assert Counter(view.counts(by, NOW)) == Counter(row.campaign_id for row in rows if matches(row, by, NOW))
        assert sorted(row.key for row in view.each(by, NOW)) == sorted(expected)
    assert sorted(row.key for row in found) == sorted(expected)
    if order is Order.DUE:
        dues = [row.due_at or datetime.max.replace(tzinfo=END.tzinfo) for row in found]
        assert dues == sorted(dues)
    else:
        changes = [row.changed_at for row in found]
        assert changes == sorted(changes, reverse=True)


def test_a_count_beside_a_page_ends_where_it_may(large):
    view, rows = large
    page = view.find(Filter(text="c"), NOW, limit=5, count_max=7)
    assert (page.total, page.total_is_at_least) == (7, True)
    assert view.find(Filter(text="c"), NOW, limit=5, count_max=None).total is None
    assert len(rows) > 200


def test_what_is_outstanding_is_counted_by_standing_campaign_origin_and_quarter(large):
    view, rows = large
    outstanding = [row for row in rows if row.standing in OUTSTANDING]
    now = view.now(NOW)
    assert now.outstanding == len(outstanding) > 10
    by = Counter((row.standing, row.campaign_id, str(row.origin)) for row in outstanding)
    assert {one[:3]: one[3] for one in now.by} == dict(by)
    overdue = [row.due_at for row in outstanding if row.due_at is not None and row.due_at < NOW]
    assert (now.overdue, now.oldest_overdue_at) == (len(overdue), min(overdue, default=None))
    quarters = view.day_ahead(BEGIN + timedelta(minutes=7))
    assert len(quarters) == 96 and quarters[0].begins_at == BEGIN
    for quarter in quarters:
        ends = quarter.begins_at + timedelta(minutes=15)
        due = [row for row in outstanding if row.due_at is not None and quarter.begins_at <= row.due_at < ends]
        assert quarter.due == len(due) and dict(quarter.by_campaign) == Counter(row.campaign_id for row in due)
    assert sum(quarter.due for quarter in view.day_ahead(BEGIN, campaign_id="P")) <= sum(one.due for one in quarters)
