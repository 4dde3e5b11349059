"""Which partition a key belongs to: murmur2 as in the Java client and in aiokafka.

It is written out here so that a producer, a test or the simulator needs no Kafka client to ask.
Source: docs/contract.md, section "Keys and partitions".
"""

from struct import Struct

SEED = 0x9747B28C
MULTIPLIER = 0x5BD1E995
SHIFT = 24
MASK_32 = 0xFFFFFFFF

_words = Struct("<I").iter_unpack


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash that Kafka's default partitioner uses, unsigned."""
    length = len(data)
    h = SEED ^ length
    whole = length & ~3
    for (k,) in _words(data[:whole]):
        k = (k * MULTIPLIER) & MASK_32
        k ^= k >> SHIFT
        h = ((h * MULTIPLIER) & MASK_32) ^ ((k * MULTIPLIER) & MASK_32)
    if whole < length:
        h ^= int.from_bytes(data[whole:], "little")
        h = (h * MULTIPLIER) & MASK_32
    h ^= h >> 13
    h = (h * MULTIPLIER) & MASK_32
    return h ^ (h >> 15)


def partition_for(key: bytes, partitions: int) -> int:
    """The partition, from 0, of a key in a topic with this many partitions (at least one)."""
    # Java clears the sign bit instead of taking the absolute value; the two differ.
    return (murmur2(key) & 0x7FFFFFFF) % partitions
