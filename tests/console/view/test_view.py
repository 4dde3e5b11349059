"""What the view answers of single callbacks, contacts, dead letters and events, and what it lets go of."""

import json
import random
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.base.clock import SystemClock
from streams.console.view import database, overview, schema, stories
from streams.console.view.conditions import words
from streams.console.view.database import Database, Folder
from streams.console.view.memory import Line, fill
from streams.console.view.model import CallbackKey, CallbackRow, Filter, Order, Standing
from streams.console.view.pruning import TOLD, prune
from streams.console.view.record import Record, number_of, place_of
from streams.console.view.search import Search
from streams.console.view.view import View
from streams.console.view.writer import Batch, Position, apply
from tests.builders import Worker, cancelled, contact, returned, rule, scheduled, wrap_up
from tests.console.view.dumped import dump
from tests.console.view.world import World
from topics.names import TopicName
from topics.partitions import partition_for

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
KEY = CallbackKey("L", "c1", "k1")


def line(topic: str, offset: int, key: str, value: Any, *, partition: int = 0, ms: int = 1000, **headers: Any) -> Line:
    raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    return (
        topic,
        partition,
        offset,
        ms,
        key.encode(),
        raw,
        tuple((name, text.encode()) for name, text in headers.items()),
    )


def step(transition: str, offset: int, **changes: Any) -> Line:
    value = {
        "callback_id": "k1", "transition": transition, "occurred_at": "2026-11-23T14:30:00Z", "reasons": [],
        "facts": {}, "due_at": "2026-11-23T15:00:00Z", "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1",
        "origin": "agent", "cause": {"event_id": "e1", "topic": "callback-scheduled", "partition": 0, "offset": offset},
        **changes,
    }  # fmt: skip
    return line("callback-lifecycle", offset, "L|c1", value)


def listed(offset: int, *states: str) -> Line:
    entries = [
        {
            "callback_id": f"k{n}",
            "campaign_id": "P",
            "origin": "agent",
            "due_at": "2026-11-23T15:00:00Z",
            "state": state,
        }
        for n, state in enumerate(states, 1)
    ]
    return line("outstanding-callbacks", offset, "L|c1", {"callbacks": entries} if entries else None)


def played(*events: dict[str, Any], rules: tuple[Any, ...] = ()) -> list[Line]:
    """All lines of a worker that these events are sent to."""
    offsets: dict[str, int] = {}
    lines: list[Line] = []
    worker = Worker(rules=rules)
    records = [contact(time_zone="America/Chicago", numbers=[])]
    for topic, value in [("contacts", one) for one in records] + [
        ("wrap-up" if "wrap_up_code" in one else "callback-scheduled", one) for one in events
    ]:
        place = worker.core._offsets.get(topic, 0)
        said = worker.send(topic, value)
        lines.append(line(topic, place, "L|c1", value))
        for one in said.lines:
            headers = one.get("headers", {})
            ms = int(datetime.fromisoformat(one["at"]).timestamp() * 1000)
            lines.append(line(one["topic"], offsets.get(one["topic"], 0), one["key"], one["value"], ms=ms, **headers))
            offsets[one["topic"]] = offsets.get(one["topic"], 0) + 1
    return lines


def test_before_anything_is_written_there_is_nothing(tmp_path):
    view = View(tmp_path / "new")
    assert view.find(Filter(), NOW).rows == () and view.count(Filter(), NOW) == 0
    assert view.story(KEY) is None and view.callback(KEY) is None and view.state_row("L", "c1") is None
    assert view.now(NOW).outstanding == 0 and not view.is_caught_up() and view.dead_letter_groups() == ()


def test_a_database_of_another_version_is_built_anew_and_who_reads_follows(tmp_path):
    fill(tmp_path, [step("scheduled", 0)])
    view = View(tmp_path)
    assert view.count(Filter(), NOW) == 1
    file = Folder(tmp_path).current()
    assert file is not None
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    assert View(tmp_path).count(Filter(), NOW) == 0
    fill(tmp_path, [step("due", 1)])
    assert [row.standing for row in view.find(Filter(), NOW).rows] == [Standing.DUE]
    assert not file.exists()


def test_a_file_that_is_no_database_is_replaced(tmp_path):
    (tmp_path / "view-x.sqlite").write_bytes(b"no database" * 1000)
    (tmp_path / "current").write_text("view-x.sqlite")
    fill(tmp_path, [step("scheduled", 0)])
    assert View(tmp_path).count(Filter(), NOW) == 1


def test_of_two_who_want_to_write_one_does(tmp_path):
    with Folder(tmp_path).writing() as first, Folder(tmp_path).writing() as second:
        assert (first, second) == (True, False)


def test_a_transaction_that_fails_leaves_nothing(tmp_path):
    database = Database(Folder(tmp_path))
    record = Record(TopicName(step("scheduled", 0)[0]), *step("scheduled", 0)[1:])
    with pytest.raises(sqlite3.IntegrityError):
        apply(database.connection, [record], [Position("callback-lifecycle", 0, 1, None)])  # type: ignore[arg-type]
    database.close()
    assert View(tmp_path).count(Filter(), NOW) == 0


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "x" * 5000])
def test_a_record_that_cannot_be_stored_is_left_out_and_the_others_are_not(tmp_path, text):
    strange = b'{"callback_id":"%s","contact_list_id":"L","contact_id":"c1"}' % text.encode()
    value = step("scheduled", 1, callback_id="BAD")[5]
    assert value is not None
    lines = [
        step("scheduled", 0),
        line("callback-lifecycle", 1, "L|c1", value.replace(b"BAD", text.encode())),
        line("placement-requested", 0, "L|c1", strange),
        step("due", 2),
    ]
    fill(tmp_path, lines)
    view = View(tmp_path)
    row = view.callback(KEY)
    assert row is not None and row.standing is Standing.DUE and view.is_caught_up()


def test_what_is_stored_of_a_batch_is_what_its_records_are_stored_to_one_by_one(tmp_path, monkeypatch):
    """One in the middle cannot be stored: the others are, once."""
    world = World(5, 60)
    bad = next(one for one in world.lines if one[0] == "callback-lifecycle")
    monkeypatch.setattr("streams.console.view.writer.Batch._move", _refusing(bad))
    fill(tmp_path / "together", world.lines, partitions=3)
    for one in world.lines:
        fill(tmp_path / "apart", [one], partitions=3)
    assert dump(tmp_path / "together") == dump(tmp_path / "apart")


def _refusing(bad: Line):
    move = Batch._move

    def refuse(self: Batch, row: Any) -> None:
        if row.number == number_of(TopicName(bad[0]), bad[1], bad[2]):
            raise ValueError("cannot be stored")
        move(self, row)

    return refuse


def test_a_tombstone_takes_a_contact_and_every_byte_of_its_record_away(tmp_path):
    record = contact(attributes={"name": "Erasmus Q."}, numbers=[])
    state = {"version": 3, "name": "Erasmus Q."}
    fill(tmp_path, [line("contacts", 0, "L|c1", record), line("contact-state", 0, "L|c1", state), step("scheduled", 0)])
    view = View(tmp_path)
    found, _ = view.contact("L", "c1")
    assert found == record and json.loads(view.state_row("L", "c1") or b"") == state
    view.close()
    fill(tmp_path, [line("contacts", 1, "L|c1", None), line("contact-state", 1, "L|c1", None)])
    assert view.contact("L", "c1")[0] is None and view.state_row("L", "c1") is None
    view.close()
    assert not any(b"Erasmus" in file.read_bytes() for file in tmp_path.iterdir())


def test_a_callback_whose_lifecycle_is_lost_is_shown_until_it_is_not_outstanding_any_more(tmp_path):
    fill(tmp_path, [listed(0, "scheduled", "waiting")])
    view = View(tmp_path)
    shown = {row.callback_id: row.standing for row in view.find(Filter(outstanding=True), NOW).rows}
    assert shown == {"k1": Standing.SCHEDULED, "k2": Standing.WAITING}
    fill(tmp_path, [listed(1, "presented")])
    assert [row.standing for row in view.find(Filter(), NOW).rows] == [Standing.PRESENTED]
    fill(tmp_path, [listed(2)])
    assert view.find(Filter(), NOW).rows == () and view.now(NOW).outstanding == 0


def test_what_was_changed_after_its_beginning_was_lost_stands_as_the_list_says_else_it_is_completed(tmp_path):
    after = {"facts": {"before": {"agent_id": "a1"}, "after": {"agent_id": "a2"}}}
    fill(tmp_path, [listed(0, "waiting"), step("changed", 7, **after)])
    view = View(tmp_path)
    (row,) = view.find(Filter(text="a2"), NOW).rows
    assert (row.standing, row.agent_id) == (Standing.WAITING, "a2")
    fill(tmp_path, [listed(1)])
    assert [row.standing for row in view.find(Filter(), NOW).rows] == [Standing.COMPLETED]


def test_a_rejection_changes_no_callback_and_may_be_all_that_is_known_of_one(tmp_path):
    refused = {"reasons": ["callback_unknown"], "due_at": None, "origin": None}
    fill(
        tmp_path,
        [step("scheduled", 0), step("rejected", 1, **refused), step("rejected", 2, callback_id="k9", **refused)],
    )
    rows = {row.callback_id: row for row in View(tmp_path).find(Filter(), NOW).rows}
    assert (rows["k1"].standing, rows["k1"].reasons) == (Standing.SCHEDULED, ())
    assert (rows["k9"].standing, rows["k9"].reasons, rows["k9"].due_at) == (
        Standing.REJECTED,
        ("callback_unknown",),
        None,
    )


def test_the_story_of_a_rules_callback_begins_with_its_wrap_up_and_goes_on_in_order(tmp_path):
    fill(tmp_path, played(wrap_up(wrap_up_code="AGAIN"), scheduled("k2", occurred_at="2026-11-23T15:30:00Z",
                          due_at="2026-11-23T16:00:00Z"), rules=(rule(),)))  # fmt: skip
    view = View(tmp_path)
    (row,) = view.find(Filter(text="r-"), NOW).rows
    assert row.last_four == "0101"
    story = view.story(row.key)
    assert story is not None and story.time_zone == "America/Chicago" and story.contact is not None
    assert [one.topic for one in story.told][:2] == ["wrap-up", "callback-lifecycle"]
    assert [one.at for one in story.told] == sorted(one.at for one in story.told)
    first = story.told[0]
    assert first.value is not None and first.raw is not None and json.loads(first.raw) == first.value


def test_what_events_led_to_is_found_applied_refused_or_dead(tmp_path):
    lines = played(
        scheduled(), cancelled(occurred_at="2026-11-23T14:35:00Z"),
        cancelled("nobody", occurred_at="2026-11-23T14:36:00Z"),
        returned(type="strange", occurred_at="2026-11-23T14:37:00Z"),
    )  # fmt: skip
    fill(tmp_path, lines)
    led = View(tmp_path).events_by(["s-k1", "c-k1", "c-nobody", "u-k1", "never"])
    assert {
        event: [(one.topic, (one.value or {}).get("transition")) for one in told] for event, told in led.items()
    } == {
        "s-k1": [("callback-lifecycle", "scheduled")],
        "c-k1": [("callback-lifecycle", "cancelled")],
        "c-nobody": [("callback-lifecycle", "rejected")],
        "u-k1": [("dead-letter", None)],
    }


def dead(offset: int, key: str, sent_to: int, code: str = "wrong_partition") -> Line:
    headers: dict[str, Any] = {
        "__connect.errors.topic": "some.prefix.wrap-up", "__connect.errors.partition": str(sent_to),
        "__connect.errors.offset": str(offset), "__connect.errors.exception.message": "$: belongs elsewhere",
        "ringback.error": code,
    }  # fmt: skip
    return line("dead-letter", offset, key, b"\x00any", partition=sent_to, **headers)


def test_dead_letters_are_grouped_by_cause_with_the_senders_partition_and_the_right_one(tmp_path):
    keys = [f"L|c{n}" for n in range(8)]
    fill(tmp_path, [dead(n, key, n % 3) for n, key in enumerate(keys)] + [dead(9, "L|x", 0, "invalid")], partitions=3)
    view = View(tmp_path)
    groups = {group.code: group for group in view.dead_letter_groups()}
    group = groups["wrong_partition"]
    assert (group.topic, group.count, group.message) == ("wrap-up", 8, "$: belongs elsewhere")
    right = [partition_for(key.encode(), 3) for key in keys]
    assert dict(group.belonging) == {number: right.count(number) for number in set(right)}
    assert dict(group.sent_to) == {0: 3, 1: 3, 2: 2}
    letters = view.dead_letters(code="wrong_partition")
    assert [letter.key for letter in letters] == [key.encode() for key in keys]
    assert [letter.right_partition for letter in letters] == right
    assert view.dead_letters(after=letters[5].number)[0] == letters[6] == view.dead_letter(letters[6].number)
    assert view.dead_letter(0) is None and view.dead_letter(4095) is None
    assert letters[0].number >= 1 and letters[0].value == b"\x00any"


REPLAYED = ("ringback.replay.topic", "ringback.replay.partition", "ringback.replay.offset")


def test_a_dead_letter_that_was_sent_anew_from_anywhere_says_when(tmp_path):
    said: Any = dict(zip(REPLAYED, ("some.prefix.wrap-up", "1", "1"), strict=True))
    odd: Any = dict(zip(REPLAYED, ("x", "one", "\u00b2"), strict=True))
    again, strange = line("wrap-up", 40, "L|c1", b"{}", partition=2, **said), line("contacts", 41, "L|c2", b"{}", **odd)
    fill(tmp_path, [*(dead(n, f"L|c{n}", n % 3) for n in range(3)), again, strange], partitions=3)
    view = View(tmp_path)
    assert [letter.replayed_at is not None for letter in view.dead_letters()] == [False, True, False]
    (group,) = view.dead_letter_groups()
    assert (group.count, group.replayed) == (3, 1)


def test_a_dead_letter_of_what_was_sent_anew_is_no_replay_itself(tmp_path):
    headers: Any = {"ringback.error": "invalid", **dict(zip(REPLAYED, ("p.wrap-up", "0", "0"), strict=True))}
    refused_again = line("dead-letter", 7, "L|c0", b"x", **headers)
    fill(tmp_path, [dead(0, "L|c0", 0), refused_again], partitions=3)
    assert [letter.replayed_at for letter in View(tmp_path).dead_letters()] == [None, None]


def test_configuration_has_the_latest_of_each_key_and_every_recycle_and_unreadable_ones_too(tmp_path):
    lines = [
        line("campaigns", 0, "P", {"campaign_id": "P", "name": "old"}), line("campaigns", 1, "Q", {"campaign_id": "Q"}),
        line("campaigns", 2, "P", {"campaign_id": "P", "name": "new"}), line("campaigns", 3, "Q", None),
        line("rule-sets", 0, "R", b"no json"), line("campaign-recycle", 0, "P", {"event_id": "1"}),
        line("campaign-recycle", 1, "P", {"event_id": "2"}),
        line("dnc-entries", 0, "D|+12125550101", {"dnc_list_id": "D"}), line("dnc-entries", 1, "E|+12125550101", b"?"),
        line("dnc-entries", 2, "D|+12125550102", {}), line("dnc-entries", 3, "D|+12125550102", None),
    ]  # fmt: skip
    fill(tmp_path, lines)
    view = View(tmp_path)
    told = [(one.topic, one.offset, one.key, one.value) for one in view.configuration()]
    assert told == [
        ("campaigns", 2, "P", {"campaign_id": "P", "name": "new"}), ("rule-sets", 0, "R", {}),
        ("campaign-recycle", 0, "P", {"event_id": "1"}), ("campaign-recycle", 1, "P", {"event_id": "2"}),
    ]  # fmt: skip
    assert view.configuration()[1].raw == b"no json"
    assert [one.key for one in view.dnc_entries(["+12125550101", "+12125550102"])] == [
        "D|+12125550101",
        "E|+12125550101",
    ]
    assert view.campaigns() == ("P",)


def test_words_in_quotes_are_one_word():
    assert words(' a  "queue two" b "" ') == ("a", "queue two", "b")


def test_places_are_numbers_and_back():
    for topic in (TopicName.WRAP_UP, TopicName.CONTACT_STATE):
        for partition, offset in ((0, 0), (7, 12345), (9999, 2**44 - 1)):
            assert place_of(number_of(topic, partition, offset)) == (topic, partition, offset)
            assert number_of(topic, partition, offset) < 2**63


def _after(lines: list[Line], cuts: dict[tuple[str, int], int]) -> list[Line]:
    return [one for one in lines if one[2] >= cuts.get(one[:2], 0)]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_let_go_of_leaves_what_is_left_as_if_it_had_never_been_read(tmp_path, seed):
    """But for what a callback was last seen with: its agent, digits and reasons stay while it is there."""
    world, chance = World(seed, 200), random.Random(seed)
    cuts = {place: chance.randrange(lines[-1][2] + 2) for place, lines in world.in_order().items() if place[0] in TOLD}
    fill(tmp_path / "whole", world.lines, partitions=3)
    kept = Database(Folder(tmp_path / "whole"))
    assert prune(kept.connection, cuts) > 0
    kept.close()
    fill(tmp_path / "rest", _after(world.lines, cuts), partitions=3)
    whole, rest = View(tmp_path / "whole"), View(tmp_path / "rest")
    assert _outline(whole) == _outline(rest)
    assert whole.now(NOW).by == rest.now(NOW).by and whole.day_ahead(NOW) == rest.day_ahead(NOW)
    for row in rest.each(Filter(), NOW):
        story, fresh = whole.story(row.key), rest.story(row.key)
        assert story is not None and fresh is not None and story.told == fresh.told


def _outline(view: View) -> dict[CallbackKey, Any]:
    def standing(row: CallbackRow) -> Standing:
        # Of one that was changed after its end, and of whose end nothing is left, it is not known how it ended.
        return row.standing if row.is_outstanding or row.standing is Standing.REJECTED else Standing.COMPLETED

    rows = view.each(Filter(), NOW)
    return {row.key: (standing(row), row.due_at, row.campaign_id, row.changed_at, row.origin) for row in rows}


class Explained:
    """A connection that says how it looks for what it is asked."""

    def __init__(self, connection: sqlite3.Connection, part: str = "SELECT") -> None:
        self._connection, self._part = connection, part
        self.plans: list[str] = []

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if self._part in sql:
            plan = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            self.plans += [row[3] for row in plan]
        return self._connection.execute(sql, parameters)

    def set_progress_handler(self, *given: Any) -> None: ...


@pytest.fixture
def connection(tmp_path):
    fill(tmp_path, [step("scheduled", 0)])
    file = Folder(tmp_path).current()
    assert file is not None
    connection = database.reading(file)
    yield connection
    connection.close()


def test_many_are_looked_for_in_the_order_of_an_index_and_not_sorted(connection, monkeypatch):
    explained = Explained(connection, "ORDER BY")
    search = Search(explained, SystemClock().monotonic)  # type: ignore[arg-type]
    monkeypatch.setattr("streams.console.view.search.FEW", 0)
    monkeypatch.setattr("streams.console.view.search.LOOKING_S", 60)
    for by in (Filter(), Filter(campaign_id="P"), Filter(contact_list_id="L"), Filter(text="c", outstanding=True)):
        for order in Order:
            if not (by.contact_list_id and order is Order.CHANGED):
                search.page(by, NOW, order, "5.5", 50, None)
    plans = explained.plans
    assert plans and not [plan for plan in plans if "TEMP B-TREE" in plan or plan == "SCAN callback"]


def test_what_is_asked_of_one_callback_or_contact_is_looked_up(connection):
    explained: Any = Explained(connection)
    stories.story(explained, KEY)
    stories.callbacks(explained, "k1")
    stories.contact_told(explained, "L", "c1")
    stories.state_row(explained, "L", "c1")
    stories.events_by(explained, ["e1"])
    overview.dnc_entries(explained, ["+12125550101"])
    assert explained.plans and not [plan for plan in explained.plans if plan.startswith("SCAN")]
    of_callback = [plan for plan in explained.plans if plan.startswith("SEARCH callback")]
    assert all("sqlite_autoindex_callback_1" in plan or "callback_id (" in plan for plan in of_callback)


def test_a_page_that_no_page_led_to_is_the_first(tmp_path):
    fill(tmp_path, [step("scheduled", 0)])
    view = View(tmp_path)
    for after in ("", "x", "1", "9" * 40 + ".1", "..", "1.2.3"):
        assert len(view.find(Filter(), NOW + timedelta(days=1), after=after).rows) <= 1
