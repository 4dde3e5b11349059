"""Which of two states of a configured object is the later one: raw records of one object have no order of their own."""

import msgspec
from msgspec import Struct

from streams.adapters.genesys.envelopes import Envelope
from streams.adapters.seam import Rows

SEEN = "seen"
VERSION_MAX = 2**53


class Seen(Struct, frozen=True):
    """The latest state of an object. version: as Genesys counts them; None if it is not told, or removed."""

    at_ms: int
    version: int | None = None


_seen = msgspec.msgpack.Decoder(Seen)


def noted(envelope: Envelope, object_id: str, rows: Rows) -> dict[str, bytes | None] | None:
    """The row that remembers this state as the latest one; None if a later one was told before.

    By version where both have one, else by the time at which they were sent; of two at one instant, by arrival.
    """
    version = (envelope.body or {}).get("version")
    new = Seen(envelope.at_ms, version if isinstance(version, int) and abs(version) < VERSION_MAX else None)
    key = f"{SEEN}|{envelope.kind}|{object_id}"
    stored = rows.get(key)
    if stored is not None and _is_older(new, _seen.decode(stored)):
        return None
    return {key: msgspec.msgpack.encode(new)}


def _is_older(new: Seen, old: Seen) -> bool:
    if new.version is not None and old.version is not None and new.version != old.version:
        return new.version < old.version
    return new.at_ms < old.at_ms
