"""Values as they are kept: large ones, and rows of states, are compressed. Pure.

To compress a record of the usual half a kilobyte takes as long as all the rest that is done with it, and saves little.
"""

import hashlib
import zlib

_PLAIN, _DEFLATED = b"\x00", b"\x01"
LARGE_BYTES = 2048
"""A record is compressed from here on."""
STATE_BYTES = 256
"""The row of a state is: there are as many as contacts, and each is written to the disk again and again."""


def pack(value: bytes | None, large: int = LARGE_BYTES) -> bytes | None:
    """A value for the database; compressed if it is large."""
    if value is None or len(value) < large:
        return None if value is None else _PLAIN + value
    small = zlib.compress(value, 1)
    return _DEFLATED + small if len(small) < len(value) else _PLAIN + value


def unpack(packed: bytes | None) -> bytes | None:
    """The value as it was."""
    if packed is None:
        return None
    return zlib.decompress(packed[1:]) if packed[:1] == _DEFLATED else packed[1:]


def hashed(text: str) -> int:
    """A text as a whole number, to look it up by; whoever does compares the text, too."""
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest()) >> 1


def contact_hashed(digest: str) -> int:
    """A contact as a whole number, by the digest of its key: what is known of one that was erased leads there, too."""
    return int(digest[:16], 16) >> 1
