"""A contact that was erased is gone from the view, in whatever order topics are read, also when it is made anew."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.console.actions.model import Action, Letter, Meant, Run, RunState
from streams.console.actions.store import RunStore
from streams.console.view.database import Database, Folder
from streams.console.view.memory import Line, fill
from streams.console.view.model import Filter
from streams.console.view.pruning import prune
from streams.console.view.view import View
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived, Outcome
from streams.logic.partition.partition import Partition
from tests.builders import Json, campaign, contact, instant, key_of, rule, rule_set, scheduled, wrap_up
from tests.logic.test_erasure import asked, erased
from topics.audit import ActedVia, ActionKind

DAY = "2026-11-23T"
SECRET, OTHER = "c1-secret", "c2-other"
NOW = instant(f"{DAY}16:00:00Z")


class Log:
    """One partition, and all that stands on the topics because of it."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._offsets: Counter[str] = Counter()
        self._configuration = Configuration()
        now = instant(f"{DAY}08:00:00Z")
        for topic, key, value in (
            ("campaigns", "P", campaign(rule_set_ids=["R"])),
            ("rule-sets", "R", rule_set(rule())),
        ):
            record = self._append(topic, key.encode(), orjson.dumps(value), now)
            self._configuration.apply(record, now)
        self.partition = Partition(0, 1, self._configuration, {})
        self.partition.ready(now)
        self.partition.configure(now)

    def send(self, topic: str, value: Json | None, at: str, key: str | None = None) -> None:
        """One event that arrives at an instant, after whatever was due before."""
        now = instant(at)
        self.advance(now)
        name = key.encode() if key is not None else key_of(value or {})
        arrived = self._append(topic, name, None if value is None else orjson.dumps(value), now)
        self._take(self.partition.apply(arrived, now), now)

    def advance(self, now: datetime) -> None:
        while (at := self.partition.next_at()) is not None and at <= now:
            outcome = self.partition.fire(at)
            assert outcome is not None
            self._take(outcome, at)

    def _take(self, outcome: Outcome, now: datetime) -> None:
        for one in outcome.records:
            self._append(one.topic, one.key, one.value, now, one.headers)
        for key, row in outcome.writes.items():
            self._append("contact-state", key, row, now)

    def _append(self, topic: str, key: bytes | None, value: bytes | None, now: datetime, headers: Any = ()) -> Arrived:
        offset = self._offsets[topic]
        self._offsets[topic] += 1
        stamp = int(now.timestamp() * 1000)
        self.lines.append((topic, 0, offset, stamp, key, value, headers))
        return Arrived(topic, 0, offset, key, value, stamp)


def about(contact_id: str, **changes: Any) -> Json:
    return {"contact_id": contact_id, "phone_number": "+12125550177", **changes}


@pytest.fixture
def log() -> Log:
    """Two contacts with records, callbacks, a presentation, attempts, an answer and dead letters each."""
    log, at_1434 = Log(), {"occurred_at": f"{DAY}14:34:00Z"}
    for number, name in enumerate((SECRET, OTHER)):
        log.send("contacts", contact(name, attributes={"name": f"name of {name}"}), f"{DAY}09:00:00Z")
        log.send("wrap-up", wrap_up(f"v{number}", **about(name)), f"{DAY}14:30:00Z")
        log.send("wrap-up", wrap_up(f"u{number}", **about(name, campaign_id="nobody's")), f"{DAY}14:31:00Z")
        log.send("callback-scheduled", scheduled("k1", **about(name, notes=f"notes of {name}")), f"{DAY}14:32:00Z")
        later = scheduled("k2", **about(name, due_at=f"{DAY}19:00:00Z"))
        log.send("callback-scheduled", later, f"{DAY}14:33:00Z")
        log.send(
            "placement-requested", asked(f"q{number}", **about(name, callback_id="k2", **at_1434)), f"{DAY}14:34:00Z"
        )
        log.send("placement-requested", asked(f"p{number}", **about(name)), f"{DAY}14:34:00Z")
    log.advance(instant(f"{DAY}15:01:00Z"))
    return log


def erase(log: Log) -> None:
    log.send("callback-scheduled", erased(contact_id=SECRET), f"{DAY}15:05:00Z")
    log.send("contacts", None, f"{DAY}15:05:01Z", key=f"L|{SECRET}")


def shown(folder: Path, name: str) -> dict[str, Any]:
    view = View(folder)
    try:
        record, rows = view.contact("L", name)
        return {
            "record": record,
            "callbacks": sorted(row.callback_id for row in rows),
            "found": sorted(row.callback_id for row in view.find(Filter(text=name), NOW).rows),
            "told": [one.topic for one in view.contact_told("L", name)],
            "stories": [row.callback_id for row in rows if view.story(row.key)],
            "letters": [one.number for one in view.dead_letters() if name in str(one.value)],
            "state": view.state_row("L", name),
        }
    finally:
        view.close()


def counts(folder: Path) -> dict[str, int]:
    view = View(folder)
    try:
        return dict(view.counts(Filter(), NOW))
    finally:
        view.close()


def has_bytes(folder: Path, *texts: str) -> set[str]:
    read = b"".join(file.read_bytes() for file in folder.glob("*.sqlite*"))
    return {text for text in texts if text.encode() in read}


def finished(folder: Path) -> None:
    """What a reader does once it has read all there is."""
    database = Database(Folder(folder))
    try:
        database.index()
        prune(database.connection, {})
    finally:
        database.close()


def without(lines: Iterable[Line], *topics: str) -> list[Line]:
    return [line for line in lines if line[0] not in topics]


def by_topic(lines: Sequence[Line], chance: random.Random) -> list[Line]:
    """The same, with the topics in any order, and each by itself in its own."""
    topics = sorted({line[0] for line in lines})
    chance.shuffle(topics)
    return [line for topic in topics for line in lines if line[0] == topic]


def is_nothing(found: dict[str, Any]) -> bool:
    return not any(found.values())


def test_it_was_there_before(log: Log, tmp_path: Path) -> None:
    fill(tmp_path, log.lines)
    for name in (SECRET, OTHER):
        found = shown(tmp_path, name)
        assert found["callbacks"] == ["k1", "k2"] == found["found"] == sorted(found["stories"])
        assert all(found.values()), found


def test_it_is_gone_when_the_erasure_is_read_and_the_other_contact_is_as_it_was(log: Log, tmp_path: Path) -> None:
    fill(tmp_path, log.lines)
    before, read = shown(tmp_path, OTHER), len(log.lines)
    erase(log)
    fill(tmp_path, log.lines[read:])
    assert is_nothing(shown(tmp_path, SECRET)) and shown(tmp_path, OTHER) == before
    assert counts(tmp_path) == {"P": 2}
    assert has_bytes(tmp_path, SECRET, OTHER) == {OTHER}, "and nothing of it is left in the file"


def test_nothing_is_hidden_before_the_worker_has_applied_it(log: Log, tmp_path: Path) -> None:
    """It may be refused, and then the contact is there."""
    fill(tmp_path, log.lines)
    before, read = shown(tmp_path, SECRET), len(log.lines)
    erase(log)
    fill(tmp_path, [line for line in log.lines[read:] if line[0] == "callback-scheduled"])
    after = shown(tmp_path, SECRET)
    assert after.pop("told") == [*before.pop("told"), "callback-scheduled"] and after == before


@pytest.mark.parametrize("seed", range(12))
def test_a_view_that_is_made_anew_has_nothing_of_it_whichever_topic_is_read_first(
    log: Log, tmp_path: Path, seed: int
) -> None:
    erase(log)
    fill(tmp_path, by_topic(log.lines, random.Random(seed)))
    finished(tmp_path)
    assert is_nothing(shown(tmp_path, SECRET)), shown(tmp_path, SECRET)
    assert all(shown(tmp_path, OTHER).values()) and counts(tmp_path) == {"P": 2}
    assert has_bytes(tmp_path, SECRET) == set()


@pytest.mark.parametrize("seed", range(12))
def test_neither_has_one_that_is_made_anew_when_events_and_tombstones_are_gone(
    log: Log, tmp_path: Path, seed: int
) -> None:
    """The lifecycle is kept for longer than the events, and the digest for longer than that."""
    erase(log)
    kept = without(log.lines, "callback-scheduled", "wrap-up", "contacts", "outstanding-callbacks", "dead-letter")
    kept = [line for line in kept if line[0] != "contact-state" or b"ringback.erased" in (line[4] or b"")]
    fill(tmp_path, by_topic(kept, random.Random(seed)))
    finished(tmp_path)
    assert is_nothing(shown(tmp_path, SECRET)), shown(tmp_path, SECRET)
    assert has_bytes(tmp_path, SECRET, OTHER) == {OTHER}


@pytest.mark.parametrize("seed", range(6))
def test_a_contact_that_comes_back_is_shown_with_what_came_after(log: Log, tmp_path: Path, seed: int) -> None:
    erase(log)
    log.send("contacts", contact(SECRET), f"{DAY}15:10:00Z")
    event = scheduled("k9", **about(SECRET, occurred_at=f"{DAY}15:15:00Z", due_at=f"{DAY}15:30:00Z"))
    log.send("callback-scheduled", event, f"{DAY}15:15:00Z")
    log.advance(instant(f"{DAY}15:40:00Z"))
    fill(tmp_path, by_topic(log.lines, random.Random(seed)))
    finished(tmp_path)
    found = shown(tmp_path, SECRET)
    assert found["callbacks"] == ["k9"] and found["record"] and found["state"] and not found["letters"]
    view = View(tmp_path)
    (row,) = view.contact("L", SECRET)[1]
    story = view.story(row.key)
    assert story is not None and {one.topic for one in story.told} >= {"callback-scheduled", "callback-lifecycle"}
    view.close()


def test_when_the_memory_ends_the_view_forgets_that_there_was_an_erasure(log: Log, tmp_path: Path) -> None:
    erase(log)
    fill(tmp_path, log.lines)
    view = View(tmp_path)
    assert view.has_erased() and view.erased_at("L", SECRET) == instant(f"{DAY}15:05:00Z")
    view.close()
    key = next(line[4] for line in log.lines if b"ringback.erased" in (line[4] or b""))
    fill(tmp_path, [("contact-state", 0, 999, 0, key, None, ())])
    view = View(tmp_path)
    assert not view.has_erased() and view.erased_at("L", OTHER) is None
    view.close()


def run(name: str, planned_at: str, **changes: Any) -> Run:
    given = {"selected": {"campaign_id": "P"}, "meant": 0, **changes}
    return Run(
        name=name, action=Action(kind=ActionKind.CANCEL, actor="a"), via=ActedVia.COMMAND_LINE,
        state=RunState.PLANNED, planned_at=instant(planned_at), **given,
    )  # fmt: skip


def meant(name: str, callback_id: str) -> Meant:
    return Meant(contact_list_id="L", contact_id=name, callback_id=callback_id, campaign_id="P")


def letter(name: str) -> Letter:
    return Letter(
        topic="t", partition=0, key=f"L|{name}".encode(), value=b"v", headers=(), from_topic="f", from_partition=0,
        from_offset=1,
    )  # fmt: skip


def test_what_was_done_about_it_goes_from_the_file_of_runs_and_what_is_done_afterwards_stays(tmp_path: Path) -> None:
    store, early, late = RunStore(tmp_path), f"{DAY}10:00:00Z", f"{DAY}16:00:00Z"
    one = {"contact_list_id": "L", "contact_id": SECRET, "callback_id": "k1"}
    store.add(run("some", early), [meant(SECRET, "k1"), meant(OTHER, "k1"), letter(SECRET), meant(SECRET, "k2")])
    store.add(run("single", early, selected=one), [meant(SECRET, "k1")])
    store.add(run("after", late), [meant(SECRET, "k3")])
    store.note("some", state=RunState.SENT, sent=2)
    at = instant(f"{DAY}15:05:00Z")

    def erased_at(list_id: str, contact_id: str) -> datetime | None:
        return at if (list_id, contact_id) == ("L", SECRET) else None

    assert store.forget_contacts(erased_at) == 4
    assert store.whats("some", 0, 9) == [meant(OTHER, "k1")]
    some, single = store.run("some"), store.run("single")
    assert some is not None and (some.meant, some.sent) == (1, 1)
    assert single is not None and single.selected == {"callbacks": "1"}
    assert store.whats("after", 0, 9) == [meant(SECRET, "k3")]
    assert store.forget_contacts(erased_at) == 0
