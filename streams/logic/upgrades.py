"""The version of the rows, and how rows of earlier versions become rows of this one.

A row is upgraded when it is read and written anew when it changes: nothing is rewritten at a start.
Source: docs/decisions/0016-versions-of-state.md.
"""

from collections.abc import Callable

import msgspec

ROW_VERSION = 1
"""Grows when a row written by the version before can no longer be read as it stands, or when an older program that
reads a row and writes it again would lose something of it."""

UPGRADES: dict[int, Callable[[bytes], bytes]] = {}
"""For each earlier version, what makes its rows rows of the next one."""


class UnknownRowVersion(Exception):
    """A row was written by a newer version of this program, which this one must not guess at."""


class _Versioned(msgspec.Struct):
    version: int


_CURRENT = b'{"version":%d,' % ROW_VERSION
_versions = msgspec.json.Decoder(_Versioned)


def current(row: bytes) -> bytes:
    """The row as this version would have written it. Raises UnknownRowVersion."""
    return row if row.startswith(_CURRENT) else _upgraded(row)


def _upgraded(row: bytes) -> bytes:
    version = found = _versions.decode(row).version
    while version != ROW_VERSION:
        if version not in UPGRADES:
            raise UnknownRowVersion(f"A row of version {found}; this program reads version {ROW_VERSION} and before")
        row = UPGRADES[version](row)
        version += 1
    return row
