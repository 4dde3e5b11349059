"""Docs, rules.md, section 8 row 22: Do Not Call lists, whatever they are kept in."""

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.dnc.batch import LISTS_IN_RUNS
from streams.logic.dnc.lists import BATCH, BATCH_MIN, RUN_AT, DncLists
from streams.logic.dnc.records import change_of
from topics.codec import BadEvent, decode_or_none, encode
from topics.configuration import DncEntry

NUMBER = "+12125550101"
SOON = datetime(2026, 11, 24, tzinfo=UTC)


def entry(number: str = NUMBER, name: str = "D", expires_at: datetime | None = None) -> DncEntry:
    return DncEntry(dnc_list_id=name, phone_number=number, expires_at=expires_at)


def key_of(one: DncEntry) -> bytes:
    return f"{one.dnc_list_id}|{one.phone_number}".encode()


def send(lists: DncLists, *entries: DncEntry) -> None:
    for one in entries:
        lists.take(key_of(one), encode(one), lists.offset + 1)


@pytest.mark.parametrize("expires_at", [None, SOON, SOON + timedelta(microseconds=1)])
@pytest.mark.parametrize("freeze_at", [1, 100])
def test_an_entry_is_found_as_it_was_written(expires_at, freeze_at):
    lists = DncLists(freeze_at=freeze_at)
    send(lists, entry(expires_at=expires_at))
    assert lists.find("D", NUMBER) == entry(expires_at=expires_at)
    assert lists.find("D", "+12125550102") is None and lists.find("E", NUMBER) is None


def test_the_later_entry_holds():
    lists = DncLists(freeze_at=1)
    send(lists, entry(), entry(expires_at=SOON))
    assert lists.find("D", NUMBER) == entry(expires_at=SOON)


def test_a_tombstone_takes_a_number_off_its_list():
    lists = DncLists(freeze_at=1)
    send(lists, entry(), entry(name="E"))
    lists.take(f"D|{NUMBER}".encode(), None, 2)
    assert lists.find("D", NUMBER) is None and lists.find("E", NUMBER) == entry(name="E")
    while lists.is_overdue():
        lists.replace(*lists.merge())
    assert lists.find("D", NUMBER) is None and lists.find("E", NUMBER) == entry(name="E")


@pytest.mark.parametrize("key", [b"D", b"X|+1", b"|", b"D|+12125550109", b"D|12125550101", b"D|+1 2"])
def test_a_tombstone_of_what_is_not_there_changes_nothing(key):
    lists = DncLists()
    send(lists, entry())
    lists.take(key, None, 1)
    assert lists.find("D", NUMBER) == entry()


@pytest.mark.parametrize("name", ["a|b", "ä", 'say "no"', "x" * 256, "back\\slash", "\u2028"])
def test_a_list_may_have_any_name(name):
    lists = DncLists(freeze_at=1)
    send(lists, entry(name=name))
    assert lists.find(name, NUMBER) == entry(name=name)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (None, encode(entry()), "wrong_key"),
        (b"E|" + NUMBER.encode(), encode(entry()), "wrong_key"),
        (b"\xff", None, "wrong_key"),
        (b"D|+1", b'{"dnc_list_id":"D","phone_number":"+1"}', "invalid"),
        (b"D|" + NUMBER.encode(), b"[]", "invalid"),
        (b"D|+12125550101", b'{"dnc_list_id":"D","phone_number":"12125550101"}', "invalid"),
        (b"D|+1212", b'{"dnc_list_id":"D","phone_number":"+1212","expires_at":"2026-02-30T00:00:00Z"}', "invalid_cell"),
        (b"D|+12125550101", b'{"dnc_list_id":"D","phone_number":"+12125550101"', "undecodable"),
        (b"|+12125550101", b'{"dnc_list_id":"","phone_number":"+12125550101"}', "invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_accepted_is_refused_and_blocks_by_its_key_if_that_can_be_read(key, value, code):
    lists = DncLists()
    with pytest.raises(BadEvent) as refused:
        lists.take(key, value, 0)
    name, _, number = (key or b"").decode("latin-1").rpartition("|")
    blocks = bool(name) and len(number) > 2
    assert refused.value.code == code and len(lists) == blocks
    assert not blocks or lists.find(name, number) == entry(number, name)


def test_a_bad_entry_counts_at_its_place_in_the_order_of_the_topic():
    """Whether one by one or many at once: what comes after it holds, and it holds against what came before."""
    good, bad, key = encode(entry(expires_at=SOON)), b'{"dnc_list_id":"D"', key_of(entry())
    for filler in (0, BATCH_MIN):
        for values, wanted in (
            ([bad, good], entry(expires_at=SOON)),
            ([good, bad], entry()),
            ([bad, None], None),
            ([None, bad], entry()),
        ):
            lists = DncLists()
            records = [Record(offset, key, value) for offset, value in enumerate(values)]
            other = entry("+13105550101", expires_at=SOON)
            records += [Record(offset, key_of(other), encode(other)) for offset in range(2, 2 + filler)]
            assert [one.value for one in lists.take_all(records)] == [bad]
            assert lists.find("D", NUMBER) == wanted


@pytest.mark.parametrize(("expires_at", "codes"), [('"soon"', ["invalid_cell"]), ("7", ["invalid_cell"]), ('" "', [])])
def test_an_expiry_that_cannot_be_read_never_comes_and_a_blank_one_is_absent(expires_at, codes):
    value = f'{{"dnc_list_id":"D","phone_number":"{NUMBER}","expires_at":{expires_at}}}'.encode()
    lists = DncLists()
    records = [Record(offset, key_of(entry()), value) for offset in range(BATCH_MIN)]
    refused = lists.take_all(records)
    assert {fault.code.value for one in refused if (fault := change_of(one.key, one.value)[1])} == set(codes)
    assert len(refused) == (BATCH_MIN if codes else 0)
    assert lists.find("D", NUMBER) == entry()


@pytest.mark.parametrize(
    "value",
    [
        b'{"phone_number":"+12125550101","dnc_list_id":"D"}',
        b'{ "dnc_list_id" : "D" , "phone_number" : "+12125550101" }',
        b'{"dnc_list_id":"D","phone_number":"+12125550101","expires_at":null,"more":[1]}',
        b'{"dnc_list_id":"\\u0044","phone_number":"+12125550101"}',
        b'{"dnc_list_id":"D","phone_number":"+12125550101","expires_at":null}',
    ],
)
def test_an_entry_may_be_written_in_any_way(value):
    lists = DncLists()
    lists.take(f"D|{NUMBER}".encode(), value, 0)
    assert lists.find("D", NUMBER) == entry()


def test_what_we_append_holds_at_once_and_until_it_is_read_back():
    lists = DncLists(freeze_at=1)
    send(lists, entry(expires_at=SOON))
    lists.append(entry(), 0)
    assert lists.find("D", NUMBER) == entry()
    # Another's entry that was written before ours, and read after we wrote.
    send(lists, entry(expires_at=SOON + timedelta(days=1)))
    assert lists.find("D", NUMBER) == entry()
    send(lists, entry())
    lists.take(f"D|{NUMBER}".encode(), None, lists.offset + 1)
    assert lists.find("D", NUMBER) is None, "what was read later holds"


def test_more_lists_than_runs_can_tell_apart_are_kept_all_the_same():
    lists = DncLists(freeze_at=3)
    lists.names += [b"%d" % number for number in range(LISTS_IN_RUNS)]
    send(lists, entry(), entry("+12125550102"), entry(name="E"))
    assert lists.find("D", NUMBER) == entry() and lists.find("E", NUMBER) == entry(name="E")
    assert not lists.fits_runs


@dataclass
class Record:
    offset: int
    key: bytes | None
    value: bytes | None
    topic: str = "dnc-entries"
    partition: int = 0


def spelled(one: DncEntry, how: str) -> bytes:
    """The same entry as several senders would write it."""
    plain = {"dnc_list_id": one.dnc_list_id, "phone_number": one.phone_number}
    expires_at = one.expires_at.isoformat().replace("+00:00", "Z") if one.expires_at else None
    match how:
        case "ours":
            return encode(one)
        case "short" if expires_at is None:
            return orjson.dumps(plain)
        case "spaced":
            return json.dumps({**plain, "expires_at": expires_at}).encode()
        case _:
            return orjson.dumps({"more": 1, "expires_at": expires_at, **plain})


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["D", "E"]),
        st.integers(1, 12).map(lambda number: f"+1212555{number:04d}"),
        st.sampled_from(["for good", "expires", "removed", "append", "bad"]),
        st.sampled_from(["ours", "short", "spaced", "other"]),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(changes=_CHANGES, freeze_at=st.integers(1, 7))
def test_runs_say_what_a_plain_dictionary_says(changes, freeze_at):
    lists = DncLists(freeze_at=freeze_at)
    plain: dict[tuple[str, str], DncEntry | None] = {}
    for offset, (name, number, what, _) in enumerate(changes):
        if what == "bad":
            continue
        one = entry(number, name, SOON if what == "expires" else None)
        if what == "append":
            lists.append(one, 0)
        lists.take(key_of(one), None if what == "removed" else encode(one), offset)
        plain[name, number] = None if what == "removed" else one
        while lists.is_overdue():
            lists.replace(*lists.merge())
    for (name, number), wanted in plain.items():
        assert lists.find(name, number) == wanted


@settings(max_examples=300, deadline=None)
@given(changes=_CHANGES, freeze_at=st.integers(1, 20), batch=st.integers(1, 30), many=st.booleans())
def test_many_at_once_are_read_as_one_by_one(changes, freeze_at, batch, many):
    changes, batch = (changes * 10, batch * 20) if many else (changes, batch)
    at_once, singly = DncLists(freeze_at=freeze_at), DncLists()
    records, bad = [], []
    for offset, (name, number, what, how) in enumerate(changes):
        one = entry(number, name, SOON if what == "expires" else None)
        value = None if what == "removed" else spelled(one, how)
        key = key_of(one)
        if what == "bad":
            bad.append(offset)
            key, value = (key, b"{") if offset % 2 else (b"X" + key, value)
        records.append(Record(offset, key, value))
    refused = []
    for begin in range(0, len(records), batch):
        refused += at_once.take_all(records[begin : begin + batch])
    for record in records:
        with contextlib.suppress(BadEvent):
            singly.take(record.key, record.value, record.offset)
    assert [one.offset for one in refused] == bad
    assert at_once.offset == singly.offset
    for name, number, _, _ in changes:
        assert at_once.find(name, number) == singly.find(name, number)


_NAMES = [b"D", b"E", b"D|", b"D|+1", b"\xc3\xa4"]
_NUMBERS = [b"+12125550101", b"+12125550102", b"+1", b"+0125", b"+1234567890123456", b"+12 5", b"12125550101"]
_EXPIRES = [
    b"",
    b"null",
    b"7",
    b'"2026-11-24T00:00:00Z"',
    b'"2026-11-24T00:00:00.000007Z"',
    b'"2026-11-24T00:00:00-05:00"',
    b'"2026-11-24T00:00:00"',
    b'"2026-02-30T00:00:00Z"',
    b'"0001-01-01T00:00:00+05:00"',
    b'"9999-12-31T23:00:00-05:00"',
    b'"2026-11-24T00:00:00Z","phone_number":"+12125550199"',
    b'null,"dnc_list_id":"E"',
    b'null,"\xff":1',
]
_BYTES = [b"", b"0", b"1", b"+", b"|", b'"', b" ", b"\n", b"\\", b"}", b"\xff"]
# Where one byte of key, line break and value is changed, and what to.
_CHANGE = st.none() | st.tuples(st.integers(0, 90), st.sampled_from(_BYTES))
_RECORDS = st.lists(
    st.tuples(*map(st.sampled_from, (_NAMES, _NUMBERS, _EXPIRES, [b",", b", "])), _CHANGE),
    max_size=12,
)


def raw(offset, name, number, expires, comma, change) -> Record:
    fields = [b'"dnc_list_id":"%s"' % name, b'"phone_number":"%s"' % number]
    fields += [b'"expires_at":%s' % expires] if expires else []
    text = name + b"|" + number + b"\n{" + comma.join(fields) + b"}"
    if change is not None:
        text = text[: change[0]] + change[1] + text[change[0] + 1 :]
    key, _, value = text.partition(b"\n")
    return Record(offset, key, value or None)


@settings(max_examples=1000, deadline=None)
@given(several=_RECORDS)
def test_many_at_once_are_no_more_lenient_than_the_codec(several):
    at_once, singly = DncLists(), DncLists()
    send(at_once, entry(), entry(name="E"))
    send(singly, entry(), entry(name="E"))
    records = [raw(offset, *one) for offset, one in enumerate(several, start=2)]
    # Good ones around them, enough for a batch.
    records += [Record(offset, key_of(entry()), encode(entry())) for offset in range(len(records) + 2, BATCH_MIN + 20)]
    records = records[len(several) // 2 :] + records[: len(several) // 2]
    refused = []
    for record in records:
        try:
            singly.take(record.key, record.value, record.offset)
        except BadEvent:
            refused.append(record)
    assert at_once.take_all(records) == refused
    assert at_once.recent() == singly.recent() and at_once.names == singly.names


def test_records_that_are_written_in_an_unusual_way_are_decoded_once(monkeypatch):
    decoded = []

    def counted(topic, value):
        decoded.append(value)
        return decode_or_none(topic, value)

    monkeypatch.setattr("streams.logic.dnc.records.decode_or_none", counted)
    numbers = [f"+1212{number:07d}" for number in range(2_000_000, 2_000_000 + 3 * BATCH)]
    records = [
        Record(offset, f"D|{number}".encode(), orjson.dumps({"phone_number": number, "dnc_list_id": "D"}))
        for offset, number in enumerate(numbers)
    ]
    lists = DncLists()
    assert lists.take_all(records) == [] and len(lists) == 3 * BATCH
    assert len(decoded) < 1.01 * len(records)


def test_a_list_that_runs_cannot_tell_apart_may_be_known_from_an_append_alone():
    lists = DncLists()
    lists.names += [b"%d" % number for number in range(LISTS_IN_RUNS)]
    lists.append(entry(), 0)
    some = [entry(), entry(NUMBER + "1")]
    lists.take_all([Record(offset, key_of(one), encode(one)) for offset, one in enumerate(some)])
    assert lists.find("D", NUMBER) == entry() and lists.find("D", NUMBER + "1") is not None


def test_the_simulator_does_not_load_numpy():
    value = encode(entry()).decode()
    line = f'{{"topic":"dnc-entries","at":"2026-11-23T15:00:00Z","value":{value}}}'
    code = (
        "import io, sys; from streams.simulator.simulate import run_simulation; "
        "sys.stdin = io.TextIOWrapper(io.BytesIO("
        f"{line.encode()!r})); "
        "assert run_simulation((), until=None, partitions=1, out=sys.stdout, err=sys.stderr) == 0; "
        "assert 'numpy' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr == ""


def test_a_long_stretch_read_at_once_becomes_a_run():
    lists = DncLists()
    some = [entry(f"+1212{number:07d}") for number in range(2_000_000, 2_000_000 + RUN_AT + 1)]
    records = [Record(offset, key_of(one), encode(one)) for offset, one in enumerate(some)]
    assert lists.take_all([*records, Record(len(some), key_of(some[0]), None)]) == []
    assert len(lists.runs) == 1 and len(lists) == len(some) and lists.find("D", some[0].phone_number) is None
    assert all(lists.find("D", one.phone_number) == one for one in some[1::1000])


def test_merged_runs_forget_removals_and_repeats():
    lists = DncLists(freeze_at=2)
    for number in range(100, 108):
        send(lists, entry(f"+1212555{number:04d}"))
    for number in range(100, 108):
        lists.take(b"D|+1212555%04d" % number, None, lists.offset + 1)
    while len(lists.runs) > 1:
        lists.replace(*lists.merge())
    assert len(lists) == 0


def test_the_entries_of_all_lists_are_told_once_each_without_those_that_were_removed():
    lists = DncLists(freeze_at=2)
    some = [entry(f"+1212555{number:04d}", name) for number in range(100, 105) for name in ("D", "E")]
    for one in [*some, entry("+10", expires_at=SOON)]:
        send(lists, one)
        send(lists, one)
    lists.take(key_of(some[0]), None, lists.offset + 1)
    told = [*((one.dnc_list_id, one.phone_number) for one in some[1:]), ("D", "+10")]
    assert sorted(lists.entries()) == sorted(told) and len(lists.runs) == 1


def test_json_of_the_field_is_what_is_read():
    lists = DncLists()
    lists.take(b"D|+12125550101", orjson.dumps({"dnc_list_id": "D", "phone_number": NUMBER}), 0)
    assert lists.find("D", NUMBER) == entry()


def test_an_entry_under_a_number_of_another_shape_blocks_and_only_the_e164_key_takes_it_off():
    lists = DncLists()
    with pytest.raises(BadEvent):
        lists.take(b"D|+1 212 555 0101", b'{"dnc_list_id": "D", "phone_number": "+1 212 555 0101"}', 0)
    assert lists.find("D", "+12125550101") is not None
    lists.take(b"D|+1 212 555 0101", None, 1)
    assert lists.find("D", "+12125550101") is not None
    lists.take(b"D|+12125550101", None, 2)
    assert lists.find("D", "+12125550101") is None
