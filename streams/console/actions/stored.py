"""Runs, and what they are about, as rows of SQLite and back."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams.console.actions.model import Action, Letter, Meant, Outcome, Run, RunState
from topics.audit import ActedVia
from topics.codec import BadEvent, split_contact_key

_ENCODER = msgspec.msgpack.Encoder()
_BODIES: dict[str, type[Meant] | type[Letter]] = {"callback": Meant, "letter": Letter}
_DECODERS = {kind: msgspec.msgpack.Decoder(body) for kind, body in _BODIES.items()}

encoded = _ENCODER.encode


def row_of(name: str, number: int, what: Meant | Letter) -> tuple[Any, ...]:
    """What a run is about, as a row of `items`."""
    body = encoded(what)
    if isinstance(what, Letter):
        contact_list_id, contact_id = _contact_of(what)
        return name, number, "letter", body, contact_list_id, contact_id, None, what.place or None
    return name, number, "callback", body, what.contact_list_id, what.contact_id, what.callback_id, None


def _contact_of(letter: Letter) -> tuple[str | None, str | None]:
    """The contact that the key of a record names."""
    try:
        return split_contact_key((letter.key or b"").decode())
    except (BadEvent, UnicodeDecodeError):
        return None, None


def what_of(row: sqlite3.Row) -> Meant | Letter:
    """The same from a row."""
    what: Meant | Letter = _DECODERS[row["kind"]].decode(row["body"])
    return what


def run_of(row: sqlite3.Row) -> Run:
    """A run from a row, with its counts."""
    return Run(
        name=row["name"],
        action=msgspec.msgpack.decode(row["action"], type=Action),
        selected=msgspec.msgpack.decode(row["selected"], type=dict[str, str]),
        via=ActedVia(row["via"]),
        state=RunState(row["state"]),
        undoes=row["undoes"],
        planned_at=instant_of(row["planned_at"]),
        asked_at=instant_of(row["asked_at"]) if row["asked_at"] else None,
        ended_at=instant_of(row["ended_at"]) if row["ended_at"] else None,
        meant=row["meant"],
        sent=row["sent"],
        applied=row["applied"],
        refused=row["refused"],
    )


def outcome_of(text: str | None) -> Outcome | None:
    """None, or what became of it."""
    return None if text is None else Outcome(text)


def text_of(at: datetime) -> str:
    """An instant in UTC, so that texts are in the order of time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def instant_of(text: str) -> datetime:
    """The instant of a text."""
    return datetime.fromisoformat(text)
