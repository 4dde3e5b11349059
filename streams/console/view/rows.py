"""What the records say, as rows on their way into the database. Values only; the ingest modules make them."""

from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

Key: TypeAlias = tuple[str, str, str]
"""Contact list, contact and callback id."""

ContactKey: TypeAlias = tuple[str, str]
"""Contact list and contact id."""


class Tell(Struct, frozen=True, kw_only=True, gc=False):
    """A record for the story of a callback, or of a contact where it names none.

    at, in microseconds: its own instant, else that of the record. event: the id of the event that led to it.
    """

    number: int
    at: int
    written: int
    value: bytes | None
    headers: bytes | None = None
    callback: Key | None = None
    contact: ContactKey | None = None
    event: str | None = None


class Move(Struct, frozen=True, kw_only=True, gc=False):
    """A transition of a callback. fields: of it, as they stand from now on.

    cause: the record that led to it, if the callback has its number from then on; digits: what that number ends in.
    """

    key: Key
    number: int
    transition: str
    at: int
    written: int
    due: int | None
    campaign: str
    origin: str | None
    reasons: tuple[str, ...] = ()
    fields: dict[str, str | None] = {}
    cause: int | None = None
    digits: str = ""


class Refuse(Struct, frozen=True, kw_only=True, gc=False):
    """The rejection of an event that names a callback: it changes no callback, and may be all that is known of one."""

    key: Key
    number: int
    at: int
    due: int | None
    campaign: str
    origin: str | None
    reasons: tuple[str, ...] = ()


class Say(Struct, frozen=True, kw_only=True, gc=False):
    """What a command says of its callback."""

    key: Key
    number: int
    written: int
    fields: dict[str, str | None]


class Dial(Struct, frozen=True, kw_only=True, gc=False):
    """An event has a number: that of the callback, if a transition says that it led to it."""

    key: Key
    number: int
    last_four: str


class Listed(Struct, frozen=True, kw_only=True, gc=False):
    """The outstanding callbacks of a contact, by id: campaign, origin, due, state; none of a tombstone."""

    contact: ContactKey
    written: int
    callbacks: dict[str, tuple[str, str | None, int, str]]


class Contact(Struct, frozen=True, kw_only=True, gc=False):
    """The record of a contact; None of a tombstone."""

    contact: ContactKey
    value: bytes | None


class State(Struct, frozen=True, kw_only=True, gc=False):
    """The row of a contact's state; None of a tombstone."""

    contact: ContactKey
    row: bytes | None


class Configured(Struct, frozen=True, kw_only=True, gc=False):
    """A record of configuration. replaces: the former one of its key; without a value there is none from now on."""

    number: int
    key: str
    written: int
    value: bytes | None
    headers: bytes | None = None
    replaces: bool = True


class Dnc(Struct, frozen=True, kw_only=True, gc=False):
    """An entry of a Do Not Call list, or its tombstone. phone_number: as its key has it."""

    number: int
    key: str
    phone_number: str
    written: int
    value: bytes | None


class Dead(Struct, frozen=True, kw_only=True, gc=False):
    """A dead letter. topic, partition, offset: of the record that was refused. hashed: of its key. event: its id."""

    number: int
    code: str
    message: str
    topic: str
    partition: int
    offset: int
    written: int
    key: bytes | None
    value: bytes | None
    headers: bytes | None = None
    hashed: int | None = None
    event: str | None = None


class Replay(Struct, frozen=True, kw_only=True, gc=False):
    """A record was sent anew that had been refused. topic, partition, offset: of the one that was refused."""

    topic: str
    partition: int
    offset: int
    written: int


class Tick(Struct, frozen=True, kw_only=True, gc=False):
    """Something to count by the minute."""

    kind: str
    at: int


Row: TypeAlias = Tell | Move | Refuse | Say | Dial | Listed | Contact | State | Configured | Dnc | Dead | Replay | Tick

_headers_to = msgspec.msgpack.Encoder()
_headers_from = msgspec.msgpack.Decoder(tuple[tuple[str, bytes | None], ...])


def packed(headers: Any) -> bytes | None:
    """Headers as bytes; None if there are none."""
    return _headers_to.encode(headers) if headers else None


def unpacked(headers: bytes | None) -> tuple[tuple[str, bytes | None], ...]:
    """Headers as they were."""
    return () if headers is None else _headers_from.decode(headers)
