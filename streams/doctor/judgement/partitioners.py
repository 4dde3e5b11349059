"""The ways in which clients choose a partition by the key, and which of them explains where records are.

Sources: the clients named with each; docs/contract.md, section "Keys and partitions".
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from math import comb

from msgspec import Struct

from topics.partitions import MASK_32, MULTIPLIER, SEED, SHIFT, murmur2, partition_for

CHANCE_MAX = 0.001
"""An explanation that fits by chance more often than this is none."""

_POSITIVE = 0x7FFFFFFF
_SIGN = 0x80000000
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193

OF_LIBRDKAFKA = "in librdkafka set partitioner=murmur2_random (kcat: -X partitioner=murmur2_random)"
OF_GO = (
    "in Sarama set Producer.Partitioner to sarama.NewCustomPartitioner(sarama.WithAbsFirst(), "
    "sarama.WithCustomHashFunction(...)) with a murmur2; in kafka-go set Balancer to kafka.Murmur2Balancer; "
    "franz-go does it by itself"
)
OF_ANY = (
    "let the client choose by the key, and name no partition: Java without partitioner.class and with "
    "partitioner.ignore.keys=false; librdkafka with partitioner=murmur2_random; KafkaJS with "
    "Partitioners.DefaultPartitioner"
)


class Partitioner(Struct, frozen=True):
    """A way to choose. of: key and number of partitions to the partition. whose: clients that do it so."""

    name: str
    of: Callable[[bytes, int], int]
    whose: str
    cure: str


class Explained(Struct, frozen=True):
    """keys: how many different keys are where this puts them. certain: that is no chance."""

    partitioner: Partitioner
    keys: int
    certain: bool


def fnv1a(data: bytes) -> int:
    """The 32-bit FNV-1a hash, unsigned."""
    h = _FNV_OFFSET
    for byte in data:
        h = ((h ^ byte) * _FNV_PRIME) & MASK_32
    return h


def murmur2_in_doubles(data: bytes) -> int:
    """What KafkaJS 1 takes for murmur2, unsigned: products lose their low bits as 64-bit floating point numbers.

    The bytes after the last whole word are also a word of their own.
    """
    length = len(data)
    h = SEED ^ length
    for begin in range(0, length, 4):
        k = int.from_bytes(data[begin : begin + 4], "little")
        k = _product(k)
        k = _product(_word(k) ^ (_word(k) >> SHIFT))
        h = _word(_product(h)) ^ _word(k)
    rest = length & ~3
    if rest < length:
        h = _product(h ^ int.from_bytes(data[rest:], "little"))
    h = _word(h)
    h = _word(_product(h ^ (h >> 13)))
    return h ^ (h >> 15)


def _product(word: int) -> int:
    """Of a 32-bit word, taken as signed, and the multiplier, as a floating point number has it."""
    word &= MASK_32
    return int(float(word - (1 << 32) if word & _SIGN else word) * float(MULTIPLIER))


def _word(number: int) -> int:
    return number & MASK_32


def _absolute(h: int) -> int:
    return (1 << 32) - h if h & _SIGN else h


def _in_one(partition: int, key: bytes, partitions: int) -> int:
    return partition


def _of_fewer(fewer: int, key: bytes, partitions: int) -> int:
    return partition_for(key, fewer)


_LIBRDKAFKA = "librdkafka (kcat; confluent-kafka for Python, Go and .NET; node-rdkafka, rust-rdkafka, php-rdkafka)"
KNOWN = (
    Partitioner(
        "CRC32", lambda key, count: zlib.crc32(key) % count,
        f"the default of {_LIBRDKAFKA}, and of ruby-kafka; kafka.CRC32Balancer of kafka-go",
        f"{OF_LIBRDKAFKA}; in ruby-kafka use Kafka::Partitioner.new(hash_function: :murmur2), in kafka-go "
        "kafka.Murmur2Balancer",
    ),
    Partitioner(
        "FNV-1a", lambda key, count: _absolute(fnv1a(key)) % count,
        "the default of Sarama, kafka.Hash of kafka-go, fnv1a_random of librdkafka",
        f"{OF_GO}; {OF_LIBRDKAFKA}",
    ),
    Partitioner(
        "murmur2 of KafkaJS 1", lambda key, count: (murmur2_in_doubles(key) & _POSITIVE) % count,
        "Partitioners.LegacyPartitioner of KafkaJS 2, the default of KafkaJS 1",
        "give kafka.producer() createPartitioner: Partitioners.DefaultPartitioner, in KafkaJS 1 "
        "Partitioners.JavaCompatiblePartitioner",
    ),
    Partitioner(
        "FNV-1a without its sign bit", lambda key, count: (fnv1a(key) & _POSITIVE) % count,
        "sarama.NewReferenceHashPartitioner, kafka.ReferenceHash of kafka-go", OF_GO,
    ),
    Partitioner(
        "CRC32 without its sign bit", lambda key, count: (zlib.crc32(key) & _POSITIVE) % count,
        "a partitioner written by hand", "hash the key with murmur2: (murmur2(key) & 0x7fffffff) % partitions",
    ),
    Partitioner(
        "murmur2 with its sign bit", lambda key, count: murmur2(key) % count, "a partitioner written by hand",
        "clear the sign bit of the hash: (murmur2(key) & 0x7fffffff) % partitions",
    ),
    Partitioner(
        "the absolute value of murmur2", lambda key, count: _absolute(murmur2(key)) % count,
        "a partitioner written by hand",
        "clear the sign bit in place of the absolute value: (murmur2(key) & 0x7fffffff) % partitions",
    ),
    Partitioner(
        "murmur2 of what stands before the |", lambda key, count: partition_for(key.partition(b"|")[0], count),
        "a partitioner by contact list", "hash the whole key, not the contact list id alone",
    ),
    Partitioner(
        "murmur2 of what stands behind the |", lambda key, count: partition_for(key.partition(b"|")[2], count),
        "a partitioner by contact", "hash the whole key, not the contact id alone",
    ),
)  # fmt: skip
"""By how often they are met."""


def candidates(partitions: int) -> Iterator[Partitioner]:
    """All that may explain where records of a topic with so many partitions are, the likelier first."""
    yield from KNOWN
    for number in range(partitions):
        yield Partitioner(
            f"partition {number} for every key", partial(_in_one, number), "a program that names the partition",
            "name no partition when sending, and let the client choose by the key with murmur2",
        )  # fmt: skip
    for fewer in range(2, partitions):
        yield Partitioner(
            f"murmur2 for {fewer} partitions", partial(_of_fewer, fewer),
            "right when the topic had so many: partitions were added later",
            "partitions of a topic must not be added: see docs/operate.md, section Topics, for the way out",
        )  # fmt: skip


def explain(misplaced: Mapping[bytes, int], partitions: int) -> tuple[list[Explained], int]:
    """What explains where keys are that are elsewhere than murmur2 puts them, and how many keys nothing explains.

    misplaced: by key the partition that it is in. Several programs may write in several ways: the way that explains
    most is taken first. One that is not certain, because there are few keys, ends the search.
    """
    left = dict(misplaced)
    found: list[Explained] = []
    ways = list(candidates(partitions))
    while left:
        fitting = [(sum(way.of(key, partitions) == at for key, at in left.items()), way) for way in ways]
        count, way = max(fitting, key=lambda one: one[0])
        certain = len(ways) * _chance(len(left), count, partitions) < CHANCE_MAX
        if not certain and (found or count < len(left)):
            break
        found.append(Explained(way, count, certain))
        left = {key: at for key, at in left.items() if way.of(key, partitions) != at}
    return found, len(left)


def _chance(keys: int, fitting: int, partitions: int) -> float:
    """That a hash which has nothing to do with it puts so many of the keys, or more, where they are."""
    hit = 1 / partitions
    return sum(comb(keys, n) * hit**n * (1 - hit) ** (keys - n) for n in range(fitting, keys + 1))


def scattered(places: Iterable[tuple[bytes, int]]) -> int:
    """How many keys are in more than one partition: their client does not choose by the key."""
    of_key: dict[bytes, set[int]] = {}
    for key, partition in places:
        of_key.setdefault(key, set()).add(partition)
    return sum(len(partitions) > 1 for partitions in of_key.values())
