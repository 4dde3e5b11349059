"""`ringback export`: what the topics hold, as lines that the simulator reads, sorted by their instants."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from hypothesis import given
from hypothesis import strategies as st

from streams.base.settings import Settings
from streams.console.trial.exported import TOPICS, Exported, Masking, Sorted, line_of
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from streams.simulator.lines import parse_line
from tests.builders import NUMBER, campaign, contact, scheduled, wrap_up
from topics.catalog import CONFIGURATION_TOPICS, CONTACT_TOPICS_IN

AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)


def record(topic="wrap-up", value=b"{}", key: bytes | None = b"L|c1", ms=MS, offset=0, partition=0, headers=()):
    return Exported(topic, partition, offset, ms, key, value, headers)


def sorted_lines(tmp_path, *records, masking=None) -> list[dict]:
    lines = Sorted(tmp_path, masking)
    lines.put(records)
    found = [json.loads(line) for line in lines.lines()]
    lines.close()
    return found


def test_every_topic_that_a_worker_reads_is_exported_and_settings_come_first():
    assert set(TOPICS) == {*CONFIGURATION_TOPICS, *CONTACT_TOPICS_IN}
    assert TOPICS.index("contacts") < TOPICS.index("wrap-up") and TOPICS[0] in CONFIGURATION_TOPICS


@given(
    key=st.none() | st.text().map(str.encode),
    value=st.none() | st.recursive(st.none() | st.integers(-9, 9) | st.text(), st.lists).map(json.dumps),
    headers=st.dictionaries(st.text(), st.text().map(str.encode)),
)
def test_a_line_says_the_record_byte_for_byte_or_there_is_none(key, value, headers):
    given_value = None if value is None else value.encode()
    line = line_of(record(value=given_value, key=key, headers=tuple(headers.items())), AT)
    if key is None and (given_value is None or given_value == b"null"):
        assert line is None
        return
    assert line is not None and b"\n" not in line
    read = parse_line(line, "test")
    assert (read.topic, read.at, read.headers) == ("wrap-up", AT, tuple(headers.items()))
    assert read.value == (None if given_value == b"null" else given_value)
    assert key is None or read.key == key


@pytest.mark.parametrize(
    "bad",
    [
        record(value=b"{"),
        record(value=b"\xff"),
        record(key=b"\xff"),
        record(value=b"[" * 5000 + b"]" * 5000),
        record(value=None, key=None),
    ],
)
def test_what_no_line_can_say_is_left_out_and_counted(tmp_path, bad):
    lines = Sorted(tmp_path)
    lines.put([bad, record()])
    assert (lines.count, lines.left_out) == (1, 1)
    lines.close()


def test_a_value_over_several_lines_is_one_line_with_the_same_numbers():
    line = line_of(record(value=b'{\n "a": 1.50,\r\n "b": 1E2\n}'), AT)
    assert line is not None and b"\n" not in line and b"1.50" in line and b"1E2" in line


def test_lines_are_sorted_by_instant_then_what_others_rest_on_and_keep_the_order_of_a_partition(tmp_path):
    found = sorted_lines(
        tmp_path,
        record("wrap-up", b"1", ms=MS + 5, offset=0),
        record("wrap-up", b"2", ms=MS + 1, offset=1),  # By a clock behind: it came after the first all the same.
        record("wrap-up", b"3", ms=MS + 5, partition=1),
        record("contacts", b"4", ms=MS + 5),
        record("campaigns", b"5", ms=MS + 5, key=b"P"),
        record("campaigns", b"6", ms=-1, key=b"P", partition=1),
    )
    assert [one["value"] for one in found] == [6, 5, 4, 1, 2, 3]
    assert found[3]["at"] == found[4]["at"] == "2026-11-23T14:30:00.005000Z"


def test_a_timestamp_that_no_line_can_say_counts_as_that_of_the_record_before(tmp_path):
    found = sorted_lines(tmp_path, record(ms=MS), record(ms=2**62, offset=1), record(ms=MS + 1, offset=2))
    assert [one["at"] for one in found] == ["2026-11-23T14:30:00Z"] * 2 + ["2026-11-23T14:30:00.001000Z"]


def test_of_a_campaign_there_is_every_contact_that_its_events_are_about_with_all_of_theirs(tmp_path):
    lines = Sorted(tmp_path, campaign_ids=["P"])
    lines.put(
        [
            record("campaigns", b'{"campaign_id":"O"}', key=b"O"),
            record("contacts", b"1", key=b"L|c1"),
            record("contacts", b"2", key=b"L|c2"),
            record("wrap-up", b'{"campaign_id":"O"}', key=b"L|c1"),
            record("wrap-up", b'{"campaign_id":"O"}', key=b"L|c2", offset=1),
            record("callback-scheduled", b'{"campaign_id":"P"}', key=b"L|c1"),
        ]
    )
    found = [json.loads(line) for line in lines.lines()]
    assert [(one["topic"], one["key"]) for one in found] == [
        ("campaigns", "O"),
        ("contacts", "L|c1"),
        ("wrap-up", "L|c1"),
        ("callback-scheduled", "L|c1"),
    ]
    assert lines.count == 4
    lines.close()


def test_masked_lines_have_other_numbers_the_same_ones_for_the_same_number_and_no_notes(tmp_path):
    numbers = [{"column": "m", "type": "CELL", "phone_number": NUMBER, "callable": True}]
    entry = {"dnc_list_id": "D", "phone_number": NUMBER}
    masking = Masking(b"secret", ["tier"])
    found = sorted_lines(
        tmp_path,
        record("dnc-entries", json.dumps(entry).encode(), key=f"D|{NUMBER}".encode()),
        record("dnc-entries", None, key=f"D|{NUMBER}".encode(), offset=1),
        record("contacts", json.dumps(contact(numbers=numbers, attributes={"name": "Ann", "tier": "3"})).encode()),
        record("callback-scheduled", json.dumps(scheduled(notes="ring twice")).encode(), headers=(("a", b"Ann"),)),
        masking=masking,
    )
    text = json.dumps(found)
    other = masking.number(NUMBER)
    assert NUMBER not in text and "Ann" not in text and "ring twice" not in text
    assert other != NUMBER and other[:-4] == NUMBER[:-4] and len(other) == len(NUMBER)
    assert text.count(other) == 5
    assert found[2]["value"]["attributes"] == {"name": "", "tier": "3"}
    assert masking.number("+1 212-555-0101")[-4:] == other[-4:]


def export(kafka, prefix, *arguments) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams", "export", "--broker", kafka.bootstrap, "--prefix", prefix, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.kafka
async def test_what_was_sent_comes_out_sorted_and_runs_through_the_simulator(kafka, prefix, tmp_path):
    settings = Settings(broker=kafka.bootstrap, prefix=prefix)
    assert export(kafka, prefix).returncode == 1
    await asyncio.to_thread(topic_admin.create, Clients(settings), 2)
    sent = [
        ("wrap-up", "L|c1", wrap_up(), MS + 60_000),
        ("callback-scheduled", "L|c1", scheduled(), MS + 30_000),
        ("contacts", "L|c1", contact(), MS),
        ("campaigns", "P", campaign(), MS),
    ]
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for topic, key, value, ms in sent:
            where = settings.topic(topic)
            await producer.send_and_wait(where, json.dumps(value).encode(), key=key.encode(), timestamp_ms=ms)
        await producer.send_and_wait(settings.topic("wrap-up"), b"no JSON", key=b"L|c1", timestamp_ms=MS)

    done = await asyncio.to_thread(export, kafka, prefix)
    assert (done.returncode, done.stderr) == (0, "exported 4 lines, 1 record left out\n")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["topic"] for one in found] == ["campaigns", "contacts", "callback-scheduled", "wrap-up"]
    assert [one["value"] for one in found] == [value for _, _, value, _ in reversed(sent)]

    path = tmp_path / "day.jsonl"
    late = ("--from", "2026-11-23T14:31:00Z", "--until", "2026-11-23T15:00:00Z", "--masked", "-o", str(path))
    assert (await asyncio.to_thread(export, kafka, prefix, *late)).returncode == 0
    assert path.stat().st_mode & 0o077 == 0 and NUMBER not in path.read_text()
    kept = [json.loads(line)["topic"] for line in path.read_text().splitlines()]
    assert kept == ["campaigns", "contacts", "wrap-up"]

    path.write_text(done.stdout)
    command = [sys.executable, "-m", "streams", "replay", str(path), "--recycle", "P@2026-11-23T14:40:00Z"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert shown.returncode == 0, shown.stderr


def test_attributes_are_kept_only_of_what_is_masked():
    command = [sys.executable, "-m", "streams", "export", "--keep-attribute", "tier"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and "--keep-attribute needs --masked" in done.stderr
