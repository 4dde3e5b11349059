"""What an action is about, in words, and whether that is everything there is: pure."""

from collections.abc import Sequence
from datetime import datetime

from streams.console.view.model import OUTSTANDING, CallbackKey, Filter


def means_every_callback(by: Filter) -> bool:
    """Whether a filter leaves out no outstanding callback; every one is never meant by many."""
    others = (name for name in Filter.__struct_fields__ if name not in ("text", "standings", "outstanding"))
    if by.text.strip() or any(getattr(by, name) for name in others):
        return False
    return not by.standings or set(by.standings) >= set(OUTSTANDING)


def in_words(about: Filter | Sequence[CallbackKey]) -> dict[str, str]:
    """The conditions of a filter, or the ids of a callback, or how many were selected."""
    if not isinstance(about, Filter):
        if len(about) > 1:
            return {"callbacks": str(len(about))}
        return {name: str(getattr(key, name)) for key in about for name in CallbackKey.__struct_fields__}
    values = {name: getattr(about, name) for name in Filter.__struct_fields__}
    return {name: _text(value) for name, value in values.items() if value}


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "true" if value is True else str(value)
