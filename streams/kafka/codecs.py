"""The content of a compressed batch, with a bound on what that may need in memory.

A batch of a megabyte can hold gigabytes of zeros; aiokafka would make room for all of them. The codecs are cramjam's.
"""

import struct
from collections.abc import Callable
from typing import Any

import cramjam

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
NAMES = {GZIP: "gzip", SNAPPY: "snappy", LZ4: "lz4", ZSTD: "zstd"}

GUESS = 8
"""Times the compressed size that is tried first; after that, always so many times as much."""
GUESS_MIN = 64 * 1024

_XERIAL = b"\x82SNAPPY\x00"
"""How Java's snappy begins: blocks follow, each with its length ahead, after a header of 16 bytes."""
_XERIAL_HEADER = 16
_LENGTH = struct.Struct(">i")

Into = Callable[[Any, Any], int]
_INTO: dict[int, Into] = {
    GZIP: cramjam.gzip.decompress_into,
    LZ4: cramjam.lz4.decompress_into,
    ZSTD: cramjam.zstd.decompress_into,
}


class CannotDecompress(Exception):
    """The bytes are not what the codec writes, or the codec is not known. The text is in words, without any bytes."""


def decompressed(codec: int, data: memoryview, bytes_max: int) -> tuple[memoryview, bool]:
    """The content, up to `bytes_max` of it, and whether that is all. Raises CannotDecompress."""
    if codec not in NAMES:
        raise CannotDecompress(f"The codec {codec} of the batch is not known")
    try:
        return _of_snappy(data, bytes_max) if codec == SNAPPY else _of_stream(_INTO[codec], data, bytes_max)
    except (cramjam.DecompressionError, struct.error, ValueError, OverflowError):
        raise CannotDecompress(f"The batch cannot be decompressed with {NAMES[codec]}") from None


def _of_stream(into: Into, data: memoryview, bytes_max: int) -> tuple[memoryview, bool]:
    size = min(bytes_max, max(GUESS_MIN, GUESS * len(data)))
    while True:
        content = bytearray(size)
        try:
            return memoryview(content)[: into(data, content)], True
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):  # It is full, and there is more.
                raise
        if size == bytes_max:
            return memoryview(content), False
        del content  # Before there is room for the next one.
        size = min(bytes_max, GUESS * size)


def _of_snappy(data: memoryview, bytes_max: int) -> tuple[memoryview, bool]:
    """One block, as C, Go and Rust write it, or many, as Java does. A block says how long it will be."""
    blocks = _blocks(data) if bytes(data[: len(_XERIAL)]) == _XERIAL else [data]
    content = bytearray()
    for block in blocks:
        if len(content) + cramjam.snappy.decompress_raw_len(block) > bytes_max:
            return memoryview(content), False
        content += memoryview(cramjam.snappy.decompress_raw(block))
    return memoryview(content), True


def _blocks(data: memoryview) -> list[memoryview]:
    blocks, at = [], _XERIAL_HEADER
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if not 0 <= length <= len(data) - at:
            raise ValueError("a block that is longer than the batch")
        blocks.append(data[at : at + length])
        at += length
    return blocks


def name_of(codec: int) -> str:
    """A codec by its number in a batch, as Kafka's settings call it; one that is not known by its number."""
    return "none" if codec == 0 else NAMES.get(codec, f"unknown ({codec})")


def readable() -> dict[str, bool]:
    """By name, whether what each codec is decompressed with is there and works: something is compressed and read."""
    return {"none": True} | {name: _works(codec, name) for codec, name in NAMES.items()}


def _works(codec: int, name: str) -> bool:
    try:
        library = getattr(cramjam, name)
        made = library.compress_raw(_TRIED) if codec == SNAPPY else library.compress(_TRIED)
        return bytes(decompressed(codec, memoryview(bytes(made)), 2 * len(_TRIED))[0]) == _TRIED
    except (AttributeError, KeyError, CannotDecompress, cramjam.CompressionError):
        return False


_TRIED = b"ringback" * 100
