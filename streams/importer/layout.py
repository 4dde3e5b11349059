"""The columns of a CSV file, by its header: from a row of cells to the fields of a record, and back to a column's name.

A blank cell is a field that is not there.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streams.importer.rejected import Rejected

NUMBER, ATTRIBUTE = "number.", "attribute."
NUMBER_PARTS = ("type", "callable", "time_zone", "region")
SWITCHES = ("callable", "history")
YES, NO = frozenset(("true", "yes", "1")), frozenset(("false", "no", "0"))

_NUMBER_PATH = re.compile(r"\$\.numbers\[([0-9]+)\](?:\.([a-z_]+))?")


@dataclass(frozen=True, slots=True)
class Kind:
    """Which columns a file of this kind has. listed: whether it has columns for numbers and attributes besides."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    listed: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All that have a fixed name."""
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each field stands in a row. numbers: by column of the contact list, where each of its parts stands."""

    delimiter: str
    width: int
    plain: tuple[tuple[str, int], ...]
    numbers: Mapping[str, Mapping[str, int]]
    attributes: Mapping[str, int]

    @classmethod
    def of(cls, kind: Kind, names: Sequence[str], delimiter: str) -> "Layout | Rejected":
        """The layout that a header tells, or what is wrong with it.

        A header that is not known is named by its place alone: where there is none, it is the first line of data.
        """
        plain: dict[str, int] = {}
        numbers: dict[str, dict[str, int]] = {}
        attributes: dict[str, int] = {}
        for place, name in enumerate(names):
            where = _place_for(kind, name, plain, numbers, attributes)
            if where is None:
                return _unknown(kind, name, place)
            into, key = where
            if key in into:
                return Rejected(f"column {place + 1}", "The header has this column twice")
            into[key] = place
        missing = [name for name in kind.required if name not in plain]
        if missing:
            return Rejected(missing[0], "The header has no such column")
        for column, parts in numbers.items():
            if "phone_number" not in parts:
                return Rejected(NUMBER + column, "The header has no such column, only parts of it")
        return cls(delimiter, len(names), tuple(plain.items()), numbers, attributes)

    def fields(self, row: Sequence[str]) -> dict[str, Any] | Rejected:
        """The fields of a row, as a record has them, or why there are none."""
        if len(row) != self.width:
            return Rejected("", f"The line has another number of fields than the header: {len(row)}, not {self.width}")
        fields: dict[str, Any] = {name: cell for name, at in self.plain if (cell := row[at]) and not cell.isspace()}
        try:
            for name in SWITCHES:
                if name in fields:
                    fields[name] = _switch(name, fields[name])
            if self.numbers:
                fields["numbers"] = self._numbers(row)
        except Rejected as rejected:
            return rejected
        if self.attributes:
            fields["attributes"] = {name: row[at] for name, at in self.attributes.items() if row[at]}
        return fields

    def _numbers(self, row: Sequence[str]) -> list[dict[str, Any]]:
        """The numbers of a contact; a column that is blank in this row is none of its."""
        numbers = []
        for column, places in self.numbers.items():
            cells = {part: row[at] for part, at in places.items() if row[at].strip()}
            if not cells.keys() & {"phone_number"}:
                continue
            number: dict[str, Any] = {"column": column, "type": column, **cells}
            # Where nothing is said of single numbers, the contact's own word is all there is.
            says = "callable" in places
            number["callable"] = not says or _switch(f"{NUMBER}{column}.callable", cells.get("callable", "no"))
            numbers.append(number)
        return numbers

    def column_of(self, path: str, numbers: Sequence[Mapping[str, Any]]) -> str:
        """The name of the column that a path in the record came from. numbers: those of the record."""
        found = _NUMBER_PATH.fullmatch(path)
        if found is None or int(found[1]) >= len(numbers):
            return field_of(path)
        column = NUMBER + str(numbers[int(found[1])]["column"])
        return column if found[2] in (None, "phone_number", "column") else f"{column}.{found[2]}"


def field_of(path: str) -> str:
    """A path in a record as the name of a field: without the sign for the record itself."""
    return path.removeprefix("$").removeprefix(".")


def _place_for(
    kind: Kind,
    name: str,
    plain: dict[str, int],
    numbers: dict[str, dict[str, int]],
    attributes: dict[str, int],
) -> tuple[dict[str, int], str] | None:
    """What a column of this name belongs to, and what it is there; None for one that is not known."""
    if name in kind.columns:
        return plain, name
    if kind.listed and name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE):
        return attributes, name.removeprefix(ATTRIBUTE)
    if not kind.listed or not name.startswith(NUMBER):
        return None
    column, _, part = name.removeprefix(NUMBER).partition(".")
    if not column.strip() or part not in ("", *NUMBER_PARTS):
        return None
    return numbers.setdefault(column, {}), part or "phone_number"


def _unknown(kind: Kind, name: str, place: int) -> Rejected:
    close = difflib.get_close_matches(name, kind.columns, n=1)
    hint = f". Did you mean {close[0]}?" if close else ""
    more = f", {NUMBER}COLUMN, {ATTRIBUTE}NAME" if kind.listed else ""
    return Rejected(f"column {place + 1}", f"The header is none of {', '.join(kind.columns)}{more}{hint}")


def _switch(column: str, text: str) -> bool:
    word = text.strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Rejected(column, "Neither true nor false")
