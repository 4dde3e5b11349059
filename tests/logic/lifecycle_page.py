"""The life of a callback as docs/engine.md shows it: `python -m tests.logic.lifecycle_page` writes that part anew."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from streams.logic.contact.callback import Status
from streams.logic.decisions.lifecycle import ENDS, OUTSTANDING, TABLE, Row, State
from topics.records import PLACEMENT_REASONS, Reason, Transition

PAGE = Path(__file__).parents[2] / "docs" / "engine.md"
BEGIN = (
    "<!-- From streams/logic/decisions/lifecycle.py: `python -m tests.logic.lifecycle_page` writes what follows. -->\n"
)
END = "<!-- End of what is written from the table. -->\n"

ORDER: tuple[State, ...] = (None, *Status)
MOVES = [row for row in TABLE if row.transition is not Transition.REJECTED]


def section() -> str:
    """What belongs between the two marks."""
    return "\n".join(("", *diagram(), "", *table(MOVES), "", *refusals(), "", ""))


def diagram() -> Iterator[str]:
    """Each arrow once, with all that leads along it. In a label Mermaid takes neither colon nor semicolon."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for row in sorted(MOVES, key=lambda row: ORDER.index(row.state)):
        arrows.setdefault((row.state, row.to), []).append(f"{row.kind} [{row.guard}]" if row.guard else f"{row.kind}")
    yield "```mermaid"
    yield "stateDiagram-v2"
    for (state, to), labels in arrows.items():
        yield f"  {state or '[*]'} --> {to}: {'<br/>'.join(labels)}"
    for end in ENDS:
        yield f"  {end} --> [*]"
    yield "```"


def table(rows: Iterable[Row]) -> Iterator[str]:
    """One line for the states in which the same holds."""
    yield "| state | input | guard | transition | reasons | next state |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for (kind, guard, transition, to, reasons), same in groupby(
        rows, lambda row: (row.kind, row.guard, row.transition, row.to, row.reasons)
    ):
        states = ", ".join(_name(row.state) for row in same)
        yield f"| {states} | {kind} | {guard} | `{transition}` | {_list(reasons)} | {_name(to)} |"


def refusals() -> Iterator[str]:
    """One line for the states in which an event is refused for the same reasons."""
    yield "| state | refused input | reasons |"
    yield "| --- | --- | --- |"
    refused = [row for row in TABLE if row.transition is Transition.REJECTED]
    for (kind, reasons), same in groupby(refused, lambda row: (row.kind, row.reasons)):
        yield f"| {_states([row.state for row in same])} | {kind} | {_list(reasons)} |"


def _name(state: State) -> str:
    return "not known" if state is None else f"`{state}`"


def _states(states: list[State]) -> str:
    for known, words in (((*OUTSTANDING, *ENDS), "known"), (OUTSTANDING, "outstanding"), (ENDS, "ended")):
        if states == list(known):
            return words
    return ", ".join(map(_name, states))


def _list(reasons: frozenset[Reason]) -> str:
    if reasons == set(PLACEMENT_REASONS):
        return "those of [a placement](contract.md#placement-decided)"
    return ", ".join(f"`{reason}`" for reason in Reason if reason in reasons)


def parts(page: str) -> tuple[str, str, str]:
    """What stands before the section, in it, and after it; with the marks in the first and the last."""
    before, rest = page.split(BEGIN)
    inside, after = rest.split(END)
    return before + BEGIN, inside, END + after


def main() -> None:
    """Write the section anew."""
    before, _, after = parts(PAGE.read_text("utf-8"))
    PAGE.write_text(before + section() + after, "utf-8")


if __name__ == "__main__":
    main()
