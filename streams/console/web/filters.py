"""A filter as an address has it, so that a list can be sent to somebody, and as the command line has it.

Instants in an address are in UTC (`2026-11-23T15:00Z`), or without a zone by the clock of whoever looks.
"""

import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, QueryParams

from streams.console.view.model import CallbackKey, Filter, Standing
from topics.commands import Origin

TEXTS = {
    "q": "text",
    "campaign": "campaign_id",
    "list": "contact_list_id",
    "contact": "contact_id",
    "agent": "agent_id",
    "queue": "queue_id",
}
"""By name in an address, the field of the filter that has one text."""
SWITCHES = ("outstanding", "overdue")
INSTANTS = {"from": "due_from", "until": "due_until"}
OPTIONS = {"q": "text", "from": "due-from", "until": "due-until", "reason": "reason-is"}
"""By name in an address, the command line's option where that is another."""

Word = TypeVar("Word", bound=StrEnum)


class NotUnderstood(ValueError):
    """A part of an address that is no filter. Its text says which, without the value."""


def read(asked: QueryParams | FormData, zone: ZoneInfo) -> Filter:
    """The filter of an address or a form. Raises NotUnderstood for an instant or a word that there is not."""
    known: dict[str, Any] = {field: _text(asked, name) for name, field in TEXTS.items() if _text(asked, name)}
    known |= {field: instant(_text(asked, name), name, zone) for name, field in INSTANTS.items() if _text(asked, name)}
    known |= {name: True for name in SWITCHES if _text(asked, name) in ("1", "on", "true")}
    return Filter(
        standings=_words(Standing, asked, "standing"),
        origins=_words(Origin, asked, "origin"),
        reasons=tuple(str(one) for one in asked.getlist("reason") if one),
        **known,
    )


def _text(asked: QueryParams | FormData, name: str) -> str:
    found = asked.get(name, "")
    return found.strip() if isinstance(found, str) else ""


def _words(kind: type[Word], asked: QueryParams | FormData, name: str) -> tuple[Word, ...]:
    try:
        return tuple(kind(str(one)) for one in asked.getlist(name) if one)
    except ValueError:
        raise NotUnderstood(f"There is no such {name}.") from None


def instant(text: str, name: str, zone: ZoneInfo) -> datetime:
    """An instant as people write it: with its offset, or by the clock of `zone`. Raises NotUnderstood."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise NotUnderstood(f"The instant in `{name}` should be like 2026-11-23T15:00.") from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def pairs(by: Filter) -> Iterator[tuple[str, str]]:
    """Name and value of each condition, as in an address."""
    yield from ((name, str(getattr(by, field))) for name, field in TEXTS.items() if getattr(by, field))
    several: Iterable[tuple[str, tuple[str, ...]]] = (
        ("standing", by.standings),
        ("origin", by.origins),
        ("reason", by.reasons),
    )
    yield from ((name, str(one)) for name, ones in several for one in ones)
    yield from ((name, utc(getattr(by, field))) for name, field in INSTANTS.items() if getattr(by, field))
    yield from ((name, "1") for name in SWITCHES if getattr(by, name))


def address(by: Filter, path: str = "/callbacks", **more: str) -> str:
    """The address of a list."""
    query = urlencode([*pairs(by), *((name, value) for name, value in more.items() if value)])
    return f"{path}?{query}" if query else path


def utc(at: datetime) -> str:
    """An instant, as short as it can be written in UTC."""
    text = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    return text.removesuffix(":00") + "Z"


def options(by: Filter) -> str:
    """The same filter as options of `ringback callbacks`."""
    said = []
    for name, value in pairs(by):
        option = f"--{OPTIONS.get(name, name)}"
        said.append(option if name in SWITCHES else f"{option} {shlex.quote(value)}")
    return " ".join(said)


def command(line: str, by: Filter) -> str:
    """A line of the command line with the filter's options."""
    return f"{line} {options(by)}".rstrip()


def quoted(text: str) -> str:
    """A text as one word of a shell."""
    return shlex.quote(text)


def named(key: CallbackKey) -> str:
    """A callback as the command line takes it, as one word of a shell."""
    return quoted(f"{key.contact_list_id}|{key.contact_id}|{key.callback_id}")
