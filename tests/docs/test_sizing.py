"""The table of sizes is what its formulas give, and the formulas have the figures that were measured."""

import math
import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "capacity.md").read_text("utf-8")
SIZING = PAGE.partition("\n## Sizing\n")[2].partition("\n## ")[0]
SHARE = 0.5
UNITS = {"MB": 1e6, "GB": 1e9}


def rows() -> list[list[str]]:
    """The rows of the last table."""
    lines = [line for line in SIZING.splitlines() if re.match(r"\| [\d,]+ \|", line)]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def written(bytes_: float) -> str:
    unit = "GB" if bytes_ >= UNITS["GB"] else "MB"
    return f"{bytes_ / UNITS[unit]:.{1 if unit == 'GB' else 0}f} {unit}"


def sized(n: int, e: int, d: int, entries: int) -> list[str]:
    """The other cells of a row, by the formulas of the page."""
    processes = max(2, math.ceil((e / 9_000 + d / 2_100) / SHARE) + 1)
    memory = 300e6 + (16 * n + 300 * 600 * d) / (processes - 1) + 37 * entries
    disk = 1100 * n / (processes - 1) + 32 * entries
    sizes = [memory, disk, 1100 * 1.25 * 3 * n, 2500 * 3 * e]
    return [str(processes), str(4 * processes), *map(written, sizes)]


def test_each_row_is_what_the_formulas_give_and_the_last_has_a_hundred_million() -> None:
    given = [[int(cell.replace(",", "")) for cell in row[:4]] for row in rows()]
    assert [row[4:] for row in rows()] == [sized(*numbers) for numbers in given]
    assert given[-1][:2] == [100_000_000, 100_000]


def test_the_formulas_stand_on_figures_that_are_on_the_page_of_figures() -> None:
    figures = (DOCS / "figures.md").read_text("utf-8")
    for measured in ("2,128", "3,123", "14,586", "9,692", "14,947", "39,454"):
        assert measured in figures, measured
    for text in (
        "E / 9,000 + D / 2,100",
        "16 B N + 300 B 600 D",
        "1.1 KB N / (P - 1) + 32 B L",
        "2.5 KB \N{MULTIPLICATION SIGN} 3 E",
    ):
        assert text in SIZING, text
