"""What `ringback erase` says: what there is, by when each topic has forgotten it, and what became of the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import click

from streams.cli import tables
from streams.console.erasing.foreseen import foreseen
from streams.console.erasing.forgetting import Forgets, How, Kept, last_of
from streams.console.erasing.request import Answer
from streams.console.erasing.traces import LATEST_COUNTS, Trace, Traces
from streams.console.view.rows import ContactKey
from topics.names import TopicName

REMEMBERED_MAX = timedelta(days=3650)
"""How long the workers keep in mind that a contact was erased, where a topic never forgets."""

SHOWN = 10
"""Of the contacts that were not erased, so many are named."""


@dataclass(frozen=True)
class Erasing:
    """One request. traces: what was found; None if nobody has looked. kept: of the topics that there are."""

    run: str
    contacts: list[ContactKey]
    traces: Traces | None
    kept: dict[TopicName, Kept]
    now: datetime

    @cached_property
    def forgets(self) -> list[Forgets]:
        """Of each topic that has something of the contacts, or may have."""
        return foreseen(self.kept, self.traces, self.now)

    @cached_property
    def last_at(self) -> datetime | None:
        """When the last of them has forgotten; None if one never does."""
        return last_of(self.forgets)

    @property
    def remembered_until(self) -> datetime:
        """Up to when workers keep in mind that the contacts were erased."""
        return self.last_at or self.now + REMEMBERED_MAX


def counted(contacts: Sequence[ContactKey]) -> str:
    """How many, or which one."""
    return f"contact {'|'.join(contacts[0])}" if len(contacts) == 1 else f"{len(contacts):,} contacts"


def plan(erasing: Erasing, *, as_json: bool) -> None:
    """Say what there is, and by when it is forgotten if the contacts are erased now."""
    if as_json:
        tables.json_line(_json(erasing))
        return
    click.echo(f"Erase {counted(erasing.contacts)} (run {erasing.run})")
    click.echo("By when each topic has forgotten, if that is done now:")
    tables.table(("topic", "records", "newest", "forgotten by", ""), map(_cells, *_columns(erasing)), ("records",))
    if erasing.traces is not None:
        click.echo(f"outstanding callbacks, which will be cancelled: {erasing.traces.outstanding:,}")
    _tell_dnc(erasing)


def result(erasing: Erasing, answers: Sequence[Answer], *, as_json: bool) -> None:
    """Say what became of it."""
    if as_json:
        tables.json_line(_json(erasing) | _answers_json(answers))
        return
    done = sum(answer.is_complete for answer in answers)
    click.echo(f"erased {done:,} of {len(answers):,}: read back that nothing is outstanding, and that record, state and"
               " view are removed")  # fmt: skip
    left = [answer for answer in answers if not answer.is_complete]
    for answer in left[:SHOWN]:
        click.echo(f"  {'|'.join(answer.contact)}: {_why(answer)}")
    if len(left) > SHOWN:
        click.echo(f"  ... and {len(left) - SHOWN:,} more")
    if came_back := sum(answer.came_back for answer in answers):
        click.echo(f"  {came_back:,} came back since, by events or records of after")
    _tell_last(erasing)


def _columns(erasing: Erasing) -> tuple[list[Forgets], list[Trace | None]]:
    found = erasing.traces.by_topic if erasing.traces else {}
    return erasing.forgets, [found.get(one.topic) for one in erasing.forgets]


def _cells(one: Forgets, trace: Trace | None) -> tuple[str, ...]:
    newest = None if trace is None or trace.newest_ms is None else _instant(trace.newest_ms)
    at = "never" if one.at is None else tables.instant(one.at)
    return one.topic, "" if trace is None else f"{trace.records:,}", tables.instant(newest), at, _note(one)


def _note(one: Forgets) -> str:
    if one.how is How.NEVER:
        return one.to_do or ""
    if one.how is How.COMPACTS:
        return f"what it says by {tables.instant(one.record_at)}; if its partition gets another record"
    return ""


def _tell_dnc(erasing: Erasing) -> None:
    if erasing.traces is None:
        click.echo("Do Not Call entries stay")
        return
    lists = ", ".join(f"{count:,} on {name}" for name, count in sorted(erasing.traces.dnc.items()))
    click.echo(f"Do Not Call entries stay: {lists or 'there are none of the known numbers'}")


def _tell_last(erasing: Erasing) -> None:
    _tell_dnc(erasing)
    never = [one for one in erasing.forgets if one.at is None]
    for one in never:
        click.echo(f"{one.topic} never forgets: {one.to_do}")
    known = [one for one in erasing.forgets if one.at is not None]
    last = max(known, key=lambda one: one.at or erasing.now)
    but = "the last of the others" if never else "the last of them"
    click.echo(f"{but} has forgotten at {tables.instant(last.at)}: {last.topic}")


def _why(answer: Answer) -> str:
    if answer.refused == "unknown_type":
        return "refused: a worker of a version before this one has its partition. Upgrade it, and erase once more"
    if answer.refused is not None:
        return f"refused: {answer.refused}"
    if not answer.is_applied:
        return "no worker has answered yet. It is done as soon as one reads it; run this again to see"
    parts = {"the view": answer.is_listed, "its record": answer.has_record}
    return f"applied, and still there: {', '.join(name for name, stands in parts.items() if stands)}"


def _json(erasing: Erasing) -> dict[str, Any]:
    traces = erasing.traces
    topics = [
        {
            "topic": one.topic, "how": one.how, "forgotten_at": one.at, "record_gone_at": one.record_at,
            "to_do": one.to_do,
            "records": None if trace is None else trace.records,
            "standing": trace.standing if trace is not None and one.topic in LATEST_COUNTS else None,
            "newest_at": None if trace is None or trace.newest_ms is None else _instant(trace.newest_ms),
        }
        for one, trace in zip(*_columns(erasing), strict=True)
    ]  # fmt: skip
    return {
        "run": erasing.run,
        "contacts": len(erasing.contacts),
        "outstanding": None if traces is None else traces.outstanding,
        "dnc_entries_that_stay": None if traces is None else traces.dnc,
        "topics": topics,
        "last_forgotten_at": erasing.last_at,
        "never_forget": [one.topic for one in erasing.forgets if one.at is None],
    }


def _answers_json(answers: Sequence[Answer]) -> dict[str, Any]:
    left = [
        {"contact_list_id": answer.contact[0], "contact_id": answer.contact[1], "why": _why(answer)}
        for answer in answers
        if not answer.is_complete
    ]
    return {
        "erased": len(answers) - len(left),
        "left": left,
        "came_back": sum(answer.came_back for answer in answers),
    }


def _instant(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(at_ms, _MS_MAX))


_MS_MAX = 253402300799000
