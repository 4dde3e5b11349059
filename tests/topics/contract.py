"""docs/contract.md taken apart: its sections, the tables in them, and what a cell of a table names."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"

_CODE = re.compile(r"`([^`]+)`")


class Table(NamedTuple):
    """A table: the words of its head, and its rows, a cell for each of them."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def column(self, name: str) -> list[str]:
        at = self.head.index(name)
        return [row[at] for row in self.rows]


def sections(page: str) -> dict[str, str]:
    """The text below each heading, up to the next one of any depth."""
    parts = re.split(r"^#{1,4} (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def tables(text: str) -> list[Table]:
    """The tables of a section, in their order."""
    found: list[Table] = []
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            head, rule, *rows = [_cells(one) for one in lines]
            assert all(set(cell) <= set("-: ") for cell in rule), f"no rule below {head}"
            for row in rows:
                assert len(row) == len(head), row
            found.append(Table(head, rows))
            lines = []
    return found


def table(text: str, *head: str) -> Table:
    """The one table of a section whose head begins with these words."""
    (found,) = [one for one in tables(text) if one.head[: len(head)] == head]
    return found


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])


def words(cell: str) -> list[str]:
    """What stands between back ticks, in order."""
    return _CODE.findall(cell)


def paths(cell: str) -> Iterator[str]:
    """The fields that a cell names: of `a.b`, `.c` the second is `a.c`; `a[]` is a list named `a`."""
    parent = ""
    for word in words(cell):
        path = parent + word if word.startswith(".") else word
        parent = path.rpartition(".")[0]
        yield path.removesuffix("[]")


def named_once(names: Iterable[str]) -> list[str]:
    """The names as a list; a name that stands there twice fails."""
    found = list(names)
    assert len(found) == len(set(found)), sorted({name for name in found if found.count(name) > 1})
    return found


def examples(text: str) -> list[str]:
    """The JSON examples of a section."""
    return re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
