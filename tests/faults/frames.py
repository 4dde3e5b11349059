"""The frames of Kafka's protocol, as far as a network that looks into them has to read them."""

import asyncio
from enum import IntEnum

HEADER = 4


class Api(IntEnum):
    """Requests of a transaction: the api key of each."""

    PRODUCE = 0
    ADD_PARTITIONS = 24
    ADD_OFFSETS = 25
    END = 26
    OFFSETS = 28


async def frame_from(source: asyncio.StreamReader) -> bytes:
    """The next one, with its length before it. Raises IncompleteReadError at the end."""
    length = await source.readexactly(HEADER)
    return length + await source.readexactly(int.from_bytes(length, "big"))


def parsed(frame: bytes) -> tuple[Api | None, bytes | None]:
    """Which request of a transaction it is, and the transactional id; neither, if it is none."""
    key = int.from_bytes(frame[HEADER : HEADER + 2], "big")
    if key not in set(Api):
        return None, None
    name, _ = _string(frame, _body(frame))
    return Api(key), name


def epoch_of(frame: bytes) -> int:
    """The producer's epoch in an ADD_PARTITIONS, ADD_OFFSETS or END."""
    _, at = _string(frame, _body(frame))
    return int.from_bytes(frame[at + 8 : at + 10], "big", signed=True)


def correlation(frame: bytes) -> bytes:
    """By which the answer to a request is known."""
    return frame[HEADER + 4 : HEADER + 8]


def answered_to(frame: bytes) -> bytes:
    """The correlation of the request that an answer belongs to."""
    return frame[HEADER : HEADER + 4]


def _body(frame: bytes) -> int:
    _, at = _string(frame, HEADER + 8)
    return at


def _string(frame: bytes, at: int) -> tuple[bytes | None, int]:
    """A string of the protocol, and where it ends."""
    length = int.from_bytes(frame[at : at + 2], "big", signed=True)
    return (None, at + 2) if length < 0 else (frame[at + 2 : at + 2 + length], at + 2 + length)
