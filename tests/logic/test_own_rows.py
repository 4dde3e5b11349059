"""The rows that a partition keeps for itself: its Do Not Call entries, and which topics its offsets are of."""

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import LatenessCause
from streams.logic.contact.rows import RowOutline, decode_outline
from streams.logic.partition.moved_keys import KeysMoved
from streams.logic.partition.own_rows import Meta, appended_key, decode_meta, encode_meta, for_topics, is_contact
from streams.logic.partition.partition import META_KEY, Arrived, Outcome, Partition
from tests.builders import Json, campaign, clear, instant, key_of, rule, rule_set, scheduled, wrap_up
from topics.codec import value_key
from topics.configuration import DncEntry
from topics.partitions import partition_for

NOW = instant("2026-11-23T14:30:00Z")
NEVER = rule("never", actions=[{"type": "append_to_dnc"}])
IDS = {"contact-list-cleared": "a", "campaign-recycle": "b"}
MANY = 5000


def configuration(*rules: Json, ids: dict[str, str] | None = None) -> Configuration:
    known = Configuration()
    known.topic_ids = ids or {}
    told = (
        ("campaigns", campaign(rule_set_ids=["R"], dnc_list_ids=["D|E"]), b"P"),
        ("rule-sets", rule_set(*rules), b"R"),
    )
    for offset, (topic, value, key) in enumerate(told):
        known.apply(arrived(topic, value, key, offset), NOW)
    return known


def arrived(topic: str, value: Json, key: bytes, offset: int) -> Arrived:
    return Arrived(topic, 0, offset, key, orjson.dumps(value), int(NOW.timestamp() * 1000))


def fresh(known: Configuration, rows: dict[bytes, bytes] | None = None) -> Partition:
    partition = Partition(0, 1, known, dict(rows or {}))
    partition.ready(NOW)
    return partition


def appends(partition: Partition, contact_id: str = "c1") -> Outcome:
    event = wrap_up(wrap_up_code="AGAIN", contact_id=contact_id, event_id=f"w-{contact_id}")
    return partition.apply(arrived("wrap-up", event, key_of(event), 1), NOW)


def own_rows(partition: Partition) -> set[bytes]:
    return {key for key in partition.table if not is_contact(key)} - {META_KEY}


def read_back(known: Configuration, outcome: Outcome, offset: int) -> None:
    """The records of an outcome come in on the topic, from `offset` on."""
    for number, record in enumerate(outcome.records):
        if record.topic == "dnc-entries":
            known.dnc.take(record.key, record.value, offset + number)


def test_an_entry_that_a_rule_writes_is_a_row_of_the_partition_until_it_is_read_back():
    known = configuration(NEVER)
    partition = fresh(known)
    outcome = appends(partition)
    (key,) = own_rows(partition)
    assert key in outcome.writes and b"|" not in key
    assert partition.configure(NOW).writes.keys() == {META_KEY}, "it has not been read back"
    read_back(known, outcome, 7)
    assert partition.configure(NOW).writes == {key: None}
    assert own_rows(partition) == set() and not partition.configure(NOW)


def test_an_entry_behind_somebodys_open_transaction_holds_for_the_next_owner_until_everything_has_been_read():
    first = fresh(configuration(NEVER))
    outcome = appends(first)
    known = configuration(NEVER)
    second = fresh(known, dict(first.table))
    assert known.dnc.find("D|E", "+12125550101") is None
    assert second.take_over() == (True, set())
    known.dnc.appended.until(0, 100)
    known.dnc.appended.read_to(99)
    assert known.dnc.find("D|E", "+12125550101") is not None
    read_back(known, outcome, 42)
    known.dnc.appended.read_to(100)
    (key,) = own_rows(second)
    assert second.configure(NOW).writes[key] is None and own_rows(second) == set()
    assert known.dnc.find("D|E", "+12125550101") is not None, "now by the topic"


def test_an_acquisition_that_was_cut_off_takes_over_again_and_forgets_no_entry():
    """Seed 621: a rebalance came between taking over and having read."""
    first = fresh(configuration(NEVER))
    appends(first)
    known = configuration(NEVER)
    second = fresh(known, dict(first.table))
    assert [second.take_over(), second.take_over()] == [(True, set())] * 2
    assert known.dnc.find("D|E", "+12125550101") is not None


def test_a_program_that_does_not_know_these_rows_takes_them_for_contacts_without_callbacks():
    """As version 0.2.0 does, which reads the outline of every row but its own one."""
    partition = fresh(configuration(NEVER))
    appends(partition)
    (key,) = own_rows(partition)
    outline = decode_outline(partition.table[key])
    assert outline == RowOutline(outline.version)


def test_an_entry_and_its_row_are_told_apart_by_list_and_number():
    keys = [
        appended_key(DncEntry(dnc_list_id=name, phone_number=number))
        for name in ("D", "D|E", "D%7CE", "ä", "ringback.appended.D")
        for number in ("+12125550101", "+12125550102")
    ]
    assert len(set(keys)) == len(keys) and not any(is_contact(key) for key in keys)


@pytest.mark.parametrize("name", ["ringback.partition", "ringback.appended.D"])
def test_a_contact_list_may_be_named_like_a_row_of_the_partition(name):
    known = configuration(NEVER)
    partition = fresh(known)
    event = scheduled(contact_list_id=name)
    partition.apply(arrived("callback-scheduled", event, key_of(event), 1), NOW)
    again = fresh(known, dict(partition.table))
    assert again.census.outstanding == 1 and again.take_over() == (False, set())


@pytest.mark.parametrize(("before", "after"), [(4, 8), (4, 5), (12, 13), (1, 2)])
def test_a_partition_whose_contacts_belong_to_others_since_partitions_were_added_is_not_begun(before, after):
    keys = [key for n in range(MANY) if partition_for(key := f"L|c{n}".encode(), before) == 0]
    rows = dict.fromkeys(keys, b'{"version":2}')
    Partition(0, before, Configuration(), dict(rows)).ready(NOW)
    with pytest.raises(KeysMoved):
        Partition(0, after, Configuration(), dict(rows)).ready(NOW)


def test_a_clear_on_a_topic_that_was_recreated_works_as_on_a_new_installation():
    """Its offset is one that the partition has dealt with on the topic before it."""
    known = configuration(rule(minutes=600), ids=IDS)
    partition = fresh(known)
    appends(partition)
    for offset in range(5):
        known.apply(arrived("contact-list-cleared", clear(f"z{offset}", contact_list_id="M"), b"M", offset), NOW)
    partition.configure(NOW)
    rows = dict(partition.table)
    assert decode_meta(rows[META_KEY]).applied["contact-list-cleared"] == 4
    for ids, outstanding in ((IDS, 1), (IDS | {"contact-list-cleared": "x"}, 0)):
        anew = configuration(rule(minutes=600), ids=ids)
        anew.apply(arrived("contact-list-cleared", clear("z", occurred_at="2026-11-23T14:31:00Z"), b"L", 0), NOW)
        again = fresh(anew, rows)
        assert again.take_over()[1] == ({"contact-list-cleared"} if outstanding == 0 else set())
        again.configure(NOW)
        while again.fire(NOW):
            pass
        assert again.census.outstanding == outstanding


def test_offsets_of_a_topic_that_was_recreated_are_forgotten_and_others_are_not():
    meta = decode_meta(
        orjson.dumps(
            {
                "version": 2, "applied": {"contact-list-cleared": 5, "campaign-recycle": 6},
                "reported": {"campaigns": 7, "contact-list-cleared": 8}, "topics": IDS,
                "unsure": {"P": {"cleared": 3, "recycled": 4}},
            }
        )
    )  # fmt: skip
    assert for_topics(meta, IDS, cleared="contact-list-cleared", recycled="campaign-recycle") == meta
    assert for_topics(meta, {}, cleared="contact-list-cleared", recycled="campaign-recycle") == meta, "nobody tells"
    new = for_topics(
        meta, IDS | {"contact-list-cleared": "x"}, cleared="contact-list-cleared", recycled="campaign-recycle"
    )
    assert new.applied == {"campaign-recycle": 6} and new.reported == {"campaigns": 7}
    assert (new.unsure["P"].cleared, new.unsure["P"].recycled) == (-1, 4)
    assert decode_meta(encode_meta(new)) == new


def test_a_row_that_was_written_before_ids_were_kept_is_of_the_topics_that_are_there():
    meta = Meta(applied={"contact-list-cleared": 5})
    new = for_topics(meta, IDS, cleared="contact-list-cleared", recycled="campaign-recycle")
    assert new.applied == meta.applied and new.topics == IDS


@pytest.mark.parametrize(
    ("due_at", "cause"),
    [
        ("2026-11-23T14:29:59Z", LatenessCause.OUTAGE),
        ("2026-11-23T14:30:00Z", LatenessCause.ACQUISITION),
        ("2026-11-23T14:34:59Z", LatenessCause.ACQUISITION),
        ("2026-11-23T14:35:00Z", LatenessCause.BACKLOG),
    ],
)
def test_what_falls_due_while_a_partition_is_acquired_is_late_for_that(due_at, cause):
    """It was begun to be acquired at 14:30, and at 14:35 timers fired again; this one fires at 14:40."""
    known = configuration(NEVER)
    partition = fresh(known)
    event = scheduled(occurred_at="2026-11-23T14:00:00Z", due_at=due_at)
    partition.apply(arrived("callback-scheduled", event, key_of(event), 1), instant("2026-11-23T14:00:00Z"))
    again = Partition(0, 1, known, dict(partition.table))
    again.held_times.acquiring(NOW)
    again.ready(instant("2026-11-23T14:32:00Z"))
    again.held_times.resume(instant("2026-11-23T14:35:00Z"))
    outcome = again.fire(instant("2026-11-23T14:40:00Z"))
    assert outcome is not None and [fired.cause for fired in outcome.fired] == [cause]


def test_what_falls_due_while_a_kept_partition_stands_in_a_rebalance_is_late_for_that_and_what_waited_before_is_not():
    partition = fresh(configuration(NEVER))
    held_times = partition.held_times
    held_times.acquiring(instant("2026-11-23T14:00:00Z"))
    held_times.resume(instant("2026-11-23T14:01:00Z"))
    held_times.pause(NOW)
    held_times.pause(instant("2026-11-23T14:31:00Z"))
    held_times.resume(instant("2026-11-23T14:32:00Z"))
    asked = ("14:29:59", "14:30:00", "14:31:59", "14:32:00")
    assert [held_times.was_paused_at(instant(f"2026-11-23T{at}Z")) for at in asked] == [False, True, True, False]


def test_the_key_of_an_entry_on_its_topic_is_not_changed_by_any_of_this():
    outcome = appends(fresh(configuration(NEVER)))
    (record,) = [record for record in outcome.records if record.topic == "dnc-entries"]
    entry = DncEntry(dnc_list_id="D|E", phone_number="+12125550101")
    assert record.key == value_key("dnc-entries", entry).encode()
