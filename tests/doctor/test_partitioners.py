"""Every way to choose a partition is that of the client it is named for, and records tell which one was used."""

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as of_kafka_python

from streams.doctor.findings import Result
from streams.doctor.judgement import placement
from streams.doctor.judgement.partitioners import (
    KNOWN,
    Partitioner,
    candidates,
    explain,
    fnv1a,
    murmur2_in_doubles,
    scattered,
)
from tests.doctor.seen import arrived, topic_of
from tests.shared_kafka import SharedKafka
from topics.partitions import partition_for

confluent_kafka = pytest.importorskip("confluent_kafka")

KEYS = st.binary(min_size=1, max_size=40)
COUNT = 7
LEGACY = "murmur2 of KafkaJS 1"
"""A number of partitions by which hashes that differ in a sign bit differ."""


def by_name(name: str) -> Partitioner:
    return next(one for one in KNOWN if one.name == name)


def keys(count: int, seed: int = 1) -> list[bytes]:
    drawn = random.Random(seed)
    return [f"list-{drawn.randrange(5)}|c-{drawn.randrange(10**9)}".encode() for _ in range(count)]


def misplaced(of: Callable[[bytes, int], int], partitions: int, some: Iterable[bytes]) -> dict[bytes, int]:
    places = {key: of(key, partitions) for key in some}
    return {key: at for key, at in places.items() if at != partition_for(key, partitions)}


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("setting", "name"),
    [("consistent_random", "CRC32"), ("fnv1a_random", "FNV-1a"), ("murmur2_random", None)],
)
def test_librdkafka_puts_keys_where_the_partitioner_that_is_named_for_it_does(
    kafka: SharedKafka, prefix: str, setting: str, name: str | None
) -> None:
    """`consistent_random` is its default."""
    from confluent_kafka.admin import AdminClient, NewTopic

    topic = f"{prefix}chosen"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    (made,) = admin.create_topics([NewTopic(topic, COUNT, 1)]).values()
    made.result(30)
    chosen: dict[bytes, int] = {}
    asked = {} if setting == "consistent_random" else {"partitioner": setting}
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap} | asked)
    for key in keys(300):
        producer.produce(topic, key=key, on_delivery=lambda error, sent: chosen.update({sent.key(): sent.partition()}))
    assert producer.flush(60) == 0
    of = by_name(name).of if name else partition_for
    assert chosen == {key: of(key, COUNT) for key in keys(300)}


def test_the_partitioners_of_kafkajs_are_the_ones_that_are_named_for_it(tmp_path: Path) -> None:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("there is no npm: apt install nodejs npm")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
    fetched = subprocess.run(
        ["npm", "install", *quiet, "kafkajs@2.2.4"], cwd=tmp_path, capture_output=True, timeout=200
    )
    if fetched.returncode:
        pytest.skip(f"npm cannot fetch kafkajs: {fetched.stderr[-300:]!r}")
    program = """
const { Partitioners } = require("kafkajs");
const of = (make) => {
  const choose = make();
  const partitionMetadata = Array.from({ length: %d }, (_, n) => ({ partitionId: n, leader: 1 }));
  return JSON.parse(process.argv[1]).map((key) => choose({ topic: "t", partitionMetadata, message: { key } }));
};
console.log(JSON.stringify([of(Partitioners.LegacyPartitioner), of(Partitioners.DefaultPartitioner)]));
"""
    texts = [key.decode() for key in keys(300)] + [
        chr(0x20AC) * n + "x" * m for n in range(6) for m in range(4) if n + m
    ]
    said = subprocess.run(
        ["node", "-e", program % COUNT, json.dumps(texts)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    legacy, default = json.loads(said.stdout)
    assert legacy == [by_name(LEGACY).of(text.encode(), COUNT) for text in texts]
    assert default == [partition_for(text.encode(), COUNT) for text in texts]


@given(KEYS, st.integers(1, 60))
def test_aiokafka_and_kafka_python_choose_as_ringback_does(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    assert DefaultPartitioner()(key, every, every) == partition_for(key, partitions)
    assert (of_kafka_python(key) & 0x7FFFFFFF) % partitions == partition_for(key, partitions)


@given(KEYS)
def test_hashes_are_of_32_bits(key: bytes) -> None:
    assert 0 <= fnv1a(key) < 2**32 and 0 <= murmur2_in_doubles(key) < 2**32


@given(KEYS, st.integers(2, 30))
def test_every_candidate_chooses_a_partition_that_there_is(key: bytes, partitions: int) -> None:
    assert all(0 <= one.of(key, partitions) < partitions for one in candidates(partitions))


@given(st.sampled_from(KNOWN[:4]), st.integers(3, 24), st.integers(0, 2**32))
def test_a_client_is_found_by_where_its_keys_are(way: Partitioner, partitions: int, seed: int) -> None:
    elsewhere = misplaced(way.of, partitions, keys(200, seed))
    found, left = explain(elsewhere, partitions)
    if not elsewhere:
        assert found == []
        return
    assert left == 0 and found[0].certain
    first = found[0].partitioner
    assert all(first.of(key, partitions) == at for key, at in elsewhere.items())


@given(st.integers(3, 24), st.integers(0, 2**32))
def test_chance_is_no_partitioner(partitions: int, seed: int) -> None:
    drawn = random.Random(seed)
    elsewhere = misplaced(lambda key, count: drawn.randrange(count), partitions, keys(200, seed))
    found, left = explain(elsewhere, partitions)
    assert (found, left) == ([], len(elsewhere))


def test_two_programs_that_choose_in_two_ways_are_told_apart() -> None:
    crc, fnv = by_name("CRC32"), by_name("FNV-1a")
    both = misplaced(crc.of, 12, keys(150, 1)) | misplaced(fnv.of, 12, keys(100, 2))
    found, left = explain(both, 12)
    assert ({one.partitioner.name for one in found}, left) == ({"CRC32", "FNV-1a"}, 0)


def test_partitions_that_were_added_later_and_a_program_that_names_the_partition_are_found() -> None:
    grown = explain(misplaced(lambda key, _: partition_for(key, 4), 12, keys(100)), 12)[0]
    assert [one.partitioner.name for one in grown] == ["murmur2 for 4 partitions"]
    fixed = explain(misplaced(lambda *_: 3, 12, keys(100)), 12)[0]
    assert [one.partitioner.name for one in fixed] == ["partition 3 for every key"]


def test_one_key_is_too_few_to_be_certain() -> None:
    ((one,), left) = explain(misplaced(by_name("CRC32").of, 12, [b"L|c1"]), 12)
    assert (one.certain, one.partitioner.name, left) == (False, "CRC32", 0)


def test_a_key_in_two_partitions_is_seen() -> None:
    assert scattered([(b"a", 1), (b"a", 2), (b"b", 1), (b"b", 1)]) == 1


def records(of: Callable[[bytes, int], int], partitions: int, some: list[bytes]) -> Any:
    made = [arrived(b"{}", key, partition=of(key, partitions), offset=n) for n, key in enumerate(some)]
    return topic_of(made, partitions=partitions)


def test_the_finding_names_the_client_the_setting_and_the_latest_places_and_no_part_of_a_key() -> None:
    (finding,) = placement.judge([records(by_name("CRC32").of, 12, keys(100))])
    assert finding.result is Result.PROBLEM and finding.topic == "x.wrap-up"
    assert "CRC32 puts all" in finding.seen and "kcat" in finding.seen
    assert finding.change is not None and finding.change.startswith("in librdkafka set partitioner=murmur2_random")
    assert len(finding.examples) == 3 and all(place.startswith("x.wrap-up-") for place in finding.examples)
    assert "list-" not in repr(finding)


def test_what_nothing_explains_is_told_as_round_robin() -> None:
    drawn = random.Random(1)
    (finding,) = placement.judge([records(lambda *_: drawn.randrange(12), 12, keys(100) * 2)])
    assert "Nothing known puts them there" in finding.seen and "in several partitions" in finding.seen
    assert finding.change is not None and "partitioner.class" in finding.change


def test_right_records_are_counted_and_none_at_all_is_told() -> None:
    (good,) = placement.judge([records(partition_for, 12, keys(100)), records(partition_for, 1, keys(5))])
    assert (good.result, good.figures) == (Result.OK, {"records": 100})
    assert placement.judge([records(partition_for, 12, [])])[0].result is Result.COULD_NOT_LOOK


def test_an_empty_key_is_taken_for_none_and_looked_at_with_the_keys() -> None:
    assert placement.judge([records(lambda *_: 1, 12, [b""] * 30)])[0].result is Result.COULD_NOT_LOOK
