"""Phone numbers, masked to their last two digits for everybody who may not see them, wherever they stand.

A number is what looks like one: seven digits or more, also with blanks, dots, dashes and brackets between them, where
no letter or other digit touches it. Instants are not numbers, and what stands in a field of ids is left as it is.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

KEPT = 2
NUMBER = re.compile(r"(?<![\w.:-])\+?\(?\d(?:[ ().\u00a0/-]{0,2}\d){6,}(?![\w:])")
ENDING = re.compile(r"…(\d{3,4})(?!\d)")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d.*)?)?")
ID_FIELD = re.compile(r"(\A|_)ids?\Z")
NUMBER_FIELD = re.compile(r"phone|number|ani\Z|dnis\Z", re.IGNORECASE)


def masked(number: str) -> str:
    """A number with its last two digits alone."""
    digits = re.sub(r"\D", "", number)
    return f"••• {digits[-KEPT:]}" if digits else ""


def last_digits(last_four: str, whole: bool) -> str:
    """The end of a number as a list shows it: four digits for whoever may see numbers, else two."""
    return f"••• {last_four if whole else last_four[-KEPT:]}" if last_four else ""


def in_text(text: str) -> str:
    """A text in which each number is masked; also one that has four digits left."""
    text = ENDING.sub(lambda found: f"…{found[1][-KEPT:]}", text)
    return NUMBER.sub(lambda found: found[0] if INSTANT.fullmatch(found[0]) else masked(found[0]), text)


def in_value(value: Any, name: str = "") -> Any:
    """A value of a record in which each number is masked. name: the field in which it stands."""
    if isinstance(value, Mapping):
        return {in_text(str(key)): in_value(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [in_value(one, name) for one in value]
    if not isinstance(value, str) or ID_FIELD.search(name):
        return value
    return masked(value) if _is_number(name, value) else in_text(value)


def for_address(words: str, is_id: Callable[[str], bool]) -> str:
    """Words of a search with each number cut to its last four digits: a whole one never stands in an address.

    is_id: whether bare digits are, or begin, an id that is known; they stay then.
    """

    def cut(found: re.Match[str]) -> str:
        is_kept = found[0].isdigit() and is_id(found[0])
        return found[0] if is_kept else re.sub(r"\D", "", found[0])[-4:]

    return NUMBER.sub(cut, words)


def _is_number(name: str, value: str) -> bool:
    return (
        bool(NUMBER_FIELD.search(name))
        and sum(one.isdigit() for one in value) > KEPT
        and not re.search(r"[A-Za-z]{2}", value)
    )
