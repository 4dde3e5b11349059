"""What a check has found: how it stands, what was seen, and what to change.

No text has a part of a record: ids and numbers of contacts are personal data. A record is named by its place.
Source: docs/doctor.md.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

EXAMPLES_MAX = 3
"""Places of records that a finding names; the latest ones."""

Figure = int | float | str


class Check(StrEnum):
    """What is looked at, in the order in which it is told."""

    VERSIONS = "versions"
    TOPICS = "topics"
    RIGHTS = "rights"
    CLOCK = "clock"
    PARTITIONER = "partitioner"
    KEYS = "keys"
    VALUES = "values"
    CODECS = "codecs"
    PRODUCERS = "producers"


class Result(StrEnum):
    """How it stands. A problem loses events, or keeps a program from working; a warning may come to that."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    COULD_NOT_LOOK = "could_not_look"


class Finding(Struct, frozen=True):
    """One result of a check.

    topic: full name, None where it is about more than one. change: what to do, None where nothing is to be done.
    examples: places of records, the latest first. figures: the numbers of `seen`, for programs.
    """

    check: Check
    result: Result
    seen: str
    change: str | None = None
    topic: str | None = None
    examples: tuple[str, ...] = ()
    figures: dict[str, Figure] = {}


class Report(Struct, frozen=True):
    """All that was found. broker, prefix: as in the settings. records: how many were looked at."""

    at: datetime
    broker: str
    prefix: str
    records: int
    findings: tuple[Finding, ...]

    def count(self, result: Result) -> int:
        """How many findings have this result."""
        return sum(finding.result is result for finding in self.findings)


def unseen(check: Check, why: str, change: str | None = None, topic: str | None = None) -> Finding:
    """What could not be looked at, and why."""
    return Finding(check, Result.COULD_NOT_LOOK, why, change, topic)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a list in a sentence."""
    *first, end = list(words)
    return f"{', '.join(first)} {last} {end}" if first else end


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By check; within one the worst first."""
    checks, results = list(Check), [Result.PROBLEM, Result.WARNING, Result.COULD_NOT_LOOK, Result.OK]
    return tuple(sorted(findings, key=lambda one: (checks.index(one.check), results.index(one.result))))


def latest(places: Sequence[str]) -> tuple[str, ...]:
    """Of the places of records, in the order in which they were read, those to name."""
    return tuple(reversed(places[-EXAMPLES_MAX:]))
