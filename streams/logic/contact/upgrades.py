"""The version of the rows, and how rows of earlier versions become rows of this one.

A row is upgraded when it is read, and written again when it changes: nothing is rewritten at a start.
Source: docs/decisions/0016-versions-of-state.md.
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw

ROW_VERSION = 3
"""Grows when a row written by the version before can no longer be read as it stands, or when an older program that
reads a row and writes it again would lose something of it."""

OUTLINE_VERSION = 1
"""Since this version the outline of a row, which is all that a restart reads of it, is where it is."""


class UnknownRowVersion(Exception):
    """A row was written by a newer version of this program, which this one must not guess at."""


class _Versioned(msgspec.Struct):
    version: int


class _Decided(msgspec.Struct):
    occurred_at: Raw
    allowed: bool


_CURRENT = b'{"version":%d,' % ROW_VERSION
_versions = msgspec.json.Decoder(_Versioned)
_rows = msgspec.json.Decoder(dict[str, Raw])
_ids = msgspec.json.Decoder(list[str])
_answers = msgspec.json.Decoder(_Decided)
_callbacks = msgspec.json.Decoder(list[dict[str, Raw]])
_encode = msgspec.json.Encoder().encode


def current(row: bytes) -> bytes:
    """The row as this version would have written it. Raises UnknownRowVersion."""
    return row if row.startswith(_CURRENT) else _upgraded(row)


def outlined(row: bytes) -> bytes:
    """A row whose outline can be read: as it is, if its version allows. Raises UnknownRowVersion."""
    if row.startswith(_CURRENT) or OUTLINE_VERSION <= _versions.decode(row).version <= ROW_VERSION:
        return row
    return _upgraded(row)


def _upgraded(row: bytes) -> bytes:
    version = found = _versions.decode(row).version
    while version != ROW_VERSION:
        if version not in UPGRADES:
            raise UnknownRowVersion(f"A row of version {found}; this program reads version {ROW_VERSION} and before")
        row = UPGRADES[version](row)
        version += 1
    return row


def _from_1(row: bytes) -> bytes:
    """Event ids and answers get a meaning that is not known. An allowed answer has carried out its actions.

    The wrap-up that left a callback open last is the one that closed its presentations.
    """
    fields = _rows.decode(row)
    fields["version"] = Raw(b"2")
    if "seen" in fields:
        fields["seen"] = Raw(_encode(dict.fromkeys(_ids.decode(fields["seen"]), "")))
    if "answers" in fields:
        answers = {name: (_answers.decode(answer), answer) for name, answer in _rows.decode(fields["answers"]).items()}
        known = {name: ("", one.allowed, one.occurred_at, answer) for name, (one, answer) in answers.items()}
        fields["answers"] = Raw(_encode(known))
    for name in ("callbacks", "ended"):
        if name in fields:
            fields[name] = Raw(_encode([_with_closed_at(callback) for callback in _callbacks.decode(fields[name])]))
    return _encode(fields)


def _with_closed_at(callback: dict[str, Raw]) -> dict[str, Raw]:
    return {"closed_at" if name == "left_open_at" else name: value for name, value in callback.items()}


def _from_2(row: bytes) -> bytes:
    """Nothing but the number: every field that came with version 3 may be absent."""
    return row.replace(b'{"version":2,', b'{"version":3,', 1)


UPGRADES: dict[int, Callable[[bytes], bytes]] = {1: _from_1, 2: _from_2}
"""For each earlier version, what makes its rows rows of the next one."""
