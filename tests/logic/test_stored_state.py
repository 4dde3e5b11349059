"""State that an earlier version stored is read, and goes on: rows of the changelog, and a folder on disk."""

import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact import upgrades
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.ids import command_id
from streams.logic.contact.limits import STATE_ROW_BYTES_MAX
from streams.logic.contact.rows import decode_contact, decode_outline, encode_contact
from streams.logic.contact.state import Contact
from streams.logic.contact.upgrades import UnknownRowVersion
from streams.logic.partition.own_rows import decode_meta, is_contact
from streams.logic.partition.partition import META_KEY, Partition
from streams.storage.disk_store import DiskStore
from streams.storage.local_copy import Source
from tests.builders import Worker, clear, wrap_up

GOLDEN = Path(__file__).parents[1] / "golden" / "state"
CHANGELOGS = sorted(GOLDEN.glob("contact-state.v?.tsv"))
OF_SCENARIOS = sorted(GOLDEN.glob("contact-state.v?.scenarios.tsv"))
"""The rows that the scenarios of that day left behind."""
ADDED = sorted(GOLDEN.glob("contact-state.v?.added-*.tsv"))
"""Rows with what rows of a version may have as well since the others were kept."""
FOLDERS = sorted(GOLDEN.glob("contacts-0.*.zip"))
NOW = datetime(2026, 11, 23, 14, 45, tzinfo=UTC)
END = datetime(2027, 9, 1, tzinfo=UTC)

by_version = pytest.mark.parametrize("path", CHANGELOGS, ids=lambda path: path.stem)
every_file = pytest.mark.parametrize("path", CHANGELOGS + OF_SCENARIOS + ADDED, ids=lambda path: path.stem)


def stored(path: Path) -> dict[bytes, bytes]:
    """Key and row, a tab between them, of each line."""
    return {key: row for key, _, row in (line.partition(b"\t") for line in path.read_bytes().splitlines())}


def restored(rows: dict[bytes, bytes]) -> Partition:
    core = Partition(0, 1, Configuration(), {})
    for key, row in rows.items():
        core.restore(key, row)
    core.ready(NOW)
    return core


def contacts(rows: dict[bytes, bytes]) -> list[Contact]:
    return [decode_contact(row) for key, row in rows.items() if is_contact(key)]


@every_file
def test_every_stored_row_is_read_and_is_the_same_contact_when_it_is_written_again(path: Path) -> None:
    for contact in contacts(stored(path)):
        assert decode_contact(encode_contact(contact, None, STATE_ROW_BYTES_MAX)) == contact
    assert decode_meta(stored(path)[META_KEY]).applied is not None


@by_version
def test_every_stored_callback_is_outstanding_and_can_be_called_off(path: Path) -> None:
    core, ended = restored(stored(path)), Counter[str]()
    known = [(contact, callback) for contact in contacts(stored(path)) for callback in contact.callbacks]
    assert core.census.outstanding == len(known) > 20
    for number, (contact, callback) in enumerate(known):
        cancel = {
            "type": "cancelled", "event_id": f"upgrade-{number}", "occurred_at": "2026-11-23T14:45:00Z",
            "callback_id": callback.callback_id, "campaign_id": callback.campaign_id,
            "contact_list_id": contact.contact_list_id, "contact_id": contact.contact_id,
        }  # fmt: skip
        key = f"{contact.contact_list_id}|{contact.contact_id}".encode()
        outcome = core.apply(Arrived("callback-scheduled", 0, number, key, orjson.dumps(cancel), 0), NOW)
        ended.update(
            orjson.loads(r.value or b"")["transition"] for r in outcome.records if r.topic == "callback-lifecycle"
        )
    assert ended == {"cancelled": len(known)} and core.census.outstanding == 0


@by_version
def test_every_stored_command_can_be_given_back_and_what_it_is_of_changed_before(path: Path) -> None:
    """As with the events that the version before put into the dead letters: they are replayed after the upgrade."""
    core, said = restored(stored(path)), Counter[tuple[str, ...]]()
    out = [(one, callback) for one in contacts(stored(path)) for callback in one.callbacks if callback.is_handed_out]
    for number, (contact, callback) in enumerate(out):
        place = (contact.contact_list_id, contact.contact_id)
        about = {
            "occurred_at": "2026-11-23T14:45:00Z", "callback_id": callback.callback_id, "contact_id": place[1],
            "campaign_id": callback.campaign_id, "contact_list_id": place[0],
        }  # fmt: skip
        name = command_id(*place, callback.callback_id, callback.presentation)
        events = (
            {"type": "changed", "event_id": f"changed-{number}", "notes": "ask for the bill", **about},
            {"type": "returned", "event_id": f"returned-{number}", "command_id": name, "reason": "shed", **about},
        )
        for offset, event in enumerate(events, start=2 * number):
            arrived = Arrived("callback-scheduled", 0, offset, "|".join(place).encode(), orjson.dumps(event), 0)
            records = core.apply(arrived, NOW).records
            steps = [orjson.loads(one.value or b"") for one in records if one.topic == "callback-lifecycle"]
            said.update((event["type"], one["transition"], *one["reasons"]) for one in steps)
    assert said == {("changed", "changed"): len(out), ("returned", "not_dialed", "shed"): len(out)} and len(out) > 60


@every_file
def test_every_stored_callback_comes_to_its_end_in_time(path: Path) -> None:
    core = restored(stored(path))
    core.configure(NOW)
    while (at := core.next_at()) is not None and at <= END:
        outcome = core.fire(max(at, NOW))
        assert outcome is not None and outcome.bugs == []
    left = [callback.status for contact in contacts(dict(core.table)) for callback in contact.callbacks]
    assert set(left) <= {"waiting"}, "for a campaign that nobody has told of"


@pytest.mark.parametrize("path", FOLDERS, ids=lambda path: path.stem)
def test_a_stored_folder_is_loaded_with_its_rows_and_its_offset(path: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "contacts-0")
    store = DiskStore(tmp_path / "contacts-0", Source("golden", "ringback.contact-state", 0, 0, 1000))
    store.check(datetime(2026, 11, 24, 1, tzinfo=UTC))
    rows = stored(GOLDEN / path.name.replace("contacts-0", "contact-state").replace(".zip", ".tsv"))
    assert dict(store.rows.items()) == rows and store.next_offset == len(rows)
    store.close()


def test_there_is_stored_state_of_each_version_so_far() -> None:
    versions = [f"v{number}" for number in range(1, upgrades.ROW_VERSION + 1)]
    assert [path.stem.split(".")[1] for path in CHANGELOGS] == versions
    assert set(upgrades.UPGRADES) == set(range(1, upgrades.ROW_VERSION))


def test_the_next_version_reads_the_rows_of_this_one_and_this_one_refuses_the_rows_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = stored(CHANGELOGS[-1])
    this, following = upgrades.ROW_VERSION, upgrades.ROW_VERSION + 1
    key, row = next((key, row) for key, row in rows.items() if key != META_KEY)
    newer = row.replace(b'"version":%d,' % this, b'"version":%d,' % following, 1)
    with pytest.raises(UnknownRowVersion, match=f"version {following}; this program reads version {this}"):
        decode_outline(newer)
    with monkeypatch.context() as patched:
        patched.setattr(upgrades, "ROW_VERSION", following)
        patched.setattr(upgrades, "_CURRENT", b'{"version":%d,' % following)
        patched.setitem(
            upgrades.UPGRADES, this, lambda old: old.replace(b'"version":%d' % this, b'"version":%d' % following, 1)
        )
        assert decode_contact(row) == decode_contact(newer)
        assert restored({key: row}).census.outstanding == len(decode_contact(row).callbacks)


ANSWER = (
    b'{"request_id":"q1","occurred_at":"2026-11-23T14:44:30Z","allowed":true,"reasons":[],"callback_id":null,'
    b'"campaign_id":"P","contact_list_id":"L","contact_id":"c1","phone_number":"+12125550101","facts":{}}'
)
OF_VERSION_1 = (
    b'{"version":1,"contact_list_id":"L","contact_id":"c1","listed":{"callable":true},"answers":{"q1":' + ANSWER + b"},"
    b'"conversations":{"v1":1},"seen":["wdone","pasked","cs1"],"heard_at":"2026-11-23T14:44:30Z"}'
)


def test_ids_that_version_1_stored_count_as_equal_and_its_answers_are_repeated_while_they_are_fresh() -> None:
    worker = Worker()
    worker.at = "2026-11-23T14:45:00Z"
    partition = worker.core.partitions[0]
    partition.restore(b"L|c1", OF_VERSION_1)
    other = wrap_up("v9", event_id="done", wrap_up_code="OTHER", occurred_at=worker.at)
    assert worker.wrap_up(other).lines == [], "what the id meant is not known"
    asked = {
        "event_id": "again", "request_id": "q1", "occurred_at": worker.at, "origin": "campaign", "campaign_id": "P",
        "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
    }  # fmt: skip
    again = worker.send("placement-requested", asked, at="2026-11-23T14:45:29Z")
    assert again.of("placement-decided") == [orjson.loads(ANSWER)]
    (anew,) = worker.send("placement-requested", {**asked, "event_id": "later"}, at="2026-11-23T14:45:30Z").lines
    assert anew["value"]["facts"]["decided_before_at"] == "2026-11-23T14:44:30Z"


def test_a_clear_touches_a_record_of_version_1_only_if_it_comes_after_the_upgrade() -> None:
    worker = Worker()
    worker.core.partitions[0].restore(b"L|c1", OF_VERSION_1)
    asked = {
        "event_id": "e", "request_id": "q2", "occurred_at": "2026-11-23T14:45:00Z", "origin": "campaign",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
    }  # fmt: skip
    worker.send("contact-list-cleared", clear("before", occurred_at="2026-11-22T10:00:00Z"), at="2026-11-23T14:44:00Z")
    (before,) = worker.send("placement-requested", asked, at="2026-11-23T14:45:00Z").of("placement-decided")
    worker.send("contact-list-cleared", clear("after", occurred_at="2026-11-23T14:46:00Z"), at="2026-11-23T14:46:00Z")
    later = {**asked, "event_id": "e3", "request_id": "q3"}
    (after,) = worker.send("placement-requested", later, at="2026-11-23T14:47:00Z").of("placement-decided")
    assert (before["reasons"], after["reasons"]) == ([], ["contact_unknown"])
