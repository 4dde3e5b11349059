"""The frames of Kafka's protocol, as far as a network that looks into them has to read them."""

import asyncio
from enum import IntEnum
from io import BytesIO
from typing import Any

from streams.library_internals.aiokafka.requests_v2 import (
    EndTxnResponseV5,
    ProduceResponseV12,
    TxnOffsetCommitResponseV5,
)

HEADER = 4


class Api(IntEnum):
    """Requests of a transaction: the api key of each."""

    PRODUCE = 0
    ADD_PARTITIONS = 24
    ADD_OFFSETS = 25
    END = 26
    OFFSETS = 28


V2: dict[Api, Any] = {
    Api.PRODUCE: ProduceResponseV12,
    Api.END: EndTxnResponseV5,
    Api.OFFSETS: TxnOffsetCommitResponseV5,
}
"""Those of transactions v2, which are of a later version, and what is answered to them."""


async def frame_from(source: asyncio.StreamReader) -> bytes:
    """The next one, with its length before it. Raises IncompleteReadError at the end."""
    length = await source.readexactly(HEADER)
    return length + await source.readexactly(int.from_bytes(length, "big"))


def parsed(frame: bytes) -> tuple[Api | None, bytes | None]:
    """Which request of a transaction it is, and the transactional id; neither, if it is none."""
    key = int.from_bytes(frame[HEADER : HEADER + 2], "big")
    if key not in set(Api):
        return None, None
    name, _ = _name(frame)
    return Api(key), name


def is_v2(frame: bytes) -> bool:
    """Whether a request of a transaction is one of transactions v2."""
    api = Api(int.from_bytes(frame[HEADER : HEADER + 2], "big"))
    return api in V2 and int.from_bytes(frame[HEADER + 2 : HEADER + 4], "big") == V2[api].API_VERSION


def error_of(answer: bytes, api: Api, *, of_v2: bool) -> int:
    """The error code of an answer to a request, 0 for none; -1 where it is not looked for."""
    if not of_v2:
        return -1 if api is Api.PRODUCE else int.from_bytes(answer[-2:], "big", signed=True)
    said = V2[api].decode(BytesIO(answer[HEADER + 5 :]))
    if isinstance(said, EndTxnResponseV5):
        return int(said.error_code)
    topics = said.topics if isinstance(said, ProduceResponseV12) else said.errors
    return next((int(code) for _, partitions in topics for _, code, *_ in partitions if code), 0)


def epoch_of(frame: bytes) -> int:
    """The producer's epoch in an ADD_PARTITIONS, ADD_OFFSETS or END."""
    _, at = _name(frame)
    return int.from_bytes(frame[at + 8 : at + 10], "big", signed=True)


def correlation(frame: bytes) -> bytes:
    """By which the answer to a request is known."""
    return frame[HEADER + 4 : HEADER + 8]


def answered_to(frame: bytes) -> bytes:
    """The correlation of the request that an answer belongs to."""
    return frame[HEADER : HEADER + 4]


def _name(frame: bytes) -> tuple[bytes | None, int]:
    """The transactional id of a request, and where what follows begins."""
    _, at = _string(frame, HEADER + 8)
    # No tagged fields in the header, and a name whose length fits into a byte: as our workers have it.
    return (frame[at + 2 : at + 1 + frame[at + 1]], at + 1 + frame[at + 1]) if is_v2(frame) else _string(frame, at)


def _string(frame: bytes, at: int) -> tuple[bytes | None, int]:
    """A string of the protocol, and where it ends."""
    length = int.from_bytes(frame[at : at + 2], "big", signed=True)
    return (None, at + 2) if length < 0 else (frame[at + 2 : at + 2 + length], at + 2 + length)
