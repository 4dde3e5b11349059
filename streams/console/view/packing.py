"""Values as they are kept: compressed where that makes them smaller, since there are millions of them. Pure."""

import zlib

_PLAIN, _DEFLATED = b"\x00", b"\x01"
SMALL_BYTES = 96
"""Shorter values are kept as they are."""


def pack(value: bytes | None) -> bytes | None:
    """A value for the database."""
    if value is None or len(value) < SMALL_BYTES:
        return None if value is None else _PLAIN + value
    small = zlib.compress(value, 1)
    return _DEFLATED + small if len(small) < len(value) else _PLAIN + value


def unpack(packed: bytes | None) -> bytes | None:
    """The value as it was."""
    if packed is None:
        return None
    return zlib.decompress(packed[1:]) if packed[:1] == _DEFLATED else packed[1:]
