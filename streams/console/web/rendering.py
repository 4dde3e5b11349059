"""Jinja2 as the pages use it: everything is escaped, and what is not defined is an error."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streams.console.view.model import CallbackKey, Reading

TEMPLATES = Path(__file__).parent / "templates"
DAY = timedelta(days=1)


def when(at: datetime | None, zone: tzinfo, now: datetime) -> Markup:
    """An instant by the clock of whoever looks: the day only if it is another than today; UTC when asked for it."""
    if at is None:
        return Markup("&ndash;")
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    day = "" if local.date() == today else f"{local:%a} {local.day} {local:%b}"
    year = f" {local.year}" if local.year != today.year else ""
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    text = f"{day}{year}, {clock}" if day else clock
    utc = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(utc, text)


def span(length: timedelta) -> str:
    """How long, in the two largest units: `3 h 20 min`."""
    seconds = int(abs(length).total_seconds())
    parts = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    told = [f"{count} {unit}" for unit, count in parts if count]
    return " ".join(told[:2]) or "0 s"


def count(number: int) -> str:
    """A number with a thin blank at each thousand."""
    return f"{number:,}".replace(",", "\u202f")


def callback_address(key: CallbackKey) -> str:
    """The page of a callback."""
    return "/callback?" + urlencode({"list": key.contact_list_id, "contact": key.contact_id, "id": key.callback_id})


def contact_address(contact_list_id: str, contact_id: str) -> str:
    """The page of a contact."""
    return "/contact?" + urlencode({"list": contact_list_id, "contact": contact_id})


def key_text(key: CallbackKey) -> str:
    """A key for a form: each part after its length, since an id may have any character."""
    return "".join(f"{len(one)}:{one}" for one in (key.contact_list_id, key.contact_id, key.callback_id))


def partitions(counts: Mapping[int, int]) -> str:
    """How many of each partition, those with most first."""
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{number} ({count(some)})" for number, some in most[:8]) + (", …" if len(most) > 8 else "")


def in_words(word: object) -> str:
    """A code word as people read it."""
    return str(word).replace("_", " ")


def as_json(value: Any) -> str:
    """A value of a record, to be read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def percent(readings: tuple[Reading, ...]) -> int:
    """How much of what there is has been read, in whole percent; 100 only if all of it."""
    position = sum(one.position for one in readings)
    end = sum(max(one.end, one.position) for one in readings)
    return 100 if position >= end else min(99, position * 100 // end)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        when=when, span=span, count=count, in_words=in_words, as_json=as_json, callback_address=callback_address
    )
    environment.globals.update(contact_address=contact_address, key_text=key_text, partitions=partitions)
    return environment


ENVIRONMENT = _environment()
