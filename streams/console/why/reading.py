"""Fields of a decoded record, as far as they are there and are what they should be.

Records of another version may lack fields, have others, or have them in another shape, and facts may be cut. So
nothing here raises: what does not fit reads as absent.
"""

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

import msgspec

from topics.fields import Instant

Json = Mapping[str, Any]


def inner(value: Any, *names: str) -> Json:
    """The object at the end of a path of names; empty if there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def text(value: Json, name: str) -> str | None:
    """A text that is not empty."""
    found = value.get(name)
    return found if isinstance(found, str) and found else None


def whole(value: Json, name: str) -> int | None:
    """A whole number."""
    found = value.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def is_true(value: Json, name: str) -> bool:
    """Whether the field says so."""
    return value.get(name) is True


def items(value: Json, name: str) -> tuple[Json, ...]:
    """The objects of a list."""
    found = value.get(name)
    return tuple(one for one in found if isinstance(one, Mapping)) if isinstance(found, list | tuple) else ()


def texts(value: Json, name: str) -> tuple[str, ...]:
    """The texts of a list."""
    found = value.get(name)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list | tuple) else ()


def instant(value: Json, name: str) -> datetime | None:
    """An instant, in UTC."""
    return as_instant(value.get(name))


def as_instant(found: Any) -> datetime | None:
    """What is an instant, as text or as a datetime, in UTC; None if it is none that every zone can express."""
    if not isinstance(found, str | datetime):
        return None
    try:
        at = msgspec.convert(found, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None
    return at if MINYEAR < at.year < MAXYEAR else None
