"""A canonical form of each output, and a hash of all of them, so that peers can be compared whatever their order.

What is left out: the instants that a processor reads from its own clock (that they are there counts, their value does
not), and the offset of the cause. Pure.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson

HASH_BYTES = 16
_MODULUS = 1 << (8 * HASH_BYTES)
_SET = "(set)"


class Output(StrEnum):
    """What a peer writes: records of a callback's life, views of what is outstanding, and the row of each contact."""

    LIFECYCLE = "lifecycle"
    VIEWS = "views"
    ROWS = "rows"


OWN_CLOCK = {Output.LIFECYCLE: "occurred_at", Output.VIEWS: None, Output.ROWS: "heard_at"}
"""The field of each that is the processor's own clock."""


def canonical(output: Output, key: bytes, value: bytes) -> bytes:
    """The key, and the value with sorted names. Raises ValueError for a value that is not JSON."""
    content = orjson.loads(value)
    own = OWN_CLOCK[output]
    if own is not None and content.get(own) is not None:
        content[own] = _SET
    if output is Output.LIFECYCLE and "offset" in content.get("cause", {}):
        content["cause"]["offset"] = _SET
    return key + b"\n" + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


@dataclass(slots=True)
class Digest:
    """Of a multiset of records: how many, and the sum of their hashes. Order does not matter, repetition does."""

    count: int = 0
    total: int = 0

    def add(self, form: bytes) -> None:
        """Take in one record, in its canonical form."""
        self.count += 1
        hashed = int.from_bytes(hashlib.blake2b(form, digest_size=HASH_BYTES).digest(), "big")
        self.total = (self.total + hashed) % _MODULUS

    def text(self) -> str:
        """As it is written down and compared: the count and the sum."""
        return f"{self.count}:{self.total:0{2 * HASH_BYTES}x}"


Digests = Mapping[Output, Digest]


def differences(expected: Digests, found: Digests) -> list[str]:
    """The outputs in which a peer differs, a line each; empty if it has written the same."""
    lines = []
    for output in Output:
        wanted, had = expected[output], found[output]
        if had.count != wanted.count:
            lines.append(f"{output}: {had.count:,} records, not {wanted.count:,}")
        elif had.total != wanted.total:
            lines.append(f"{output}: as many records, but others")
    return lines
