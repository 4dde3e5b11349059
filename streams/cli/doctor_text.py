"""What the doctor has found as text for people: the worst of a check first, what to change below it."""

import shutil
import textwrap
from collections.abc import Iterator

import click

from streams.cli import tables
from streams.doctor.findings import Finding, Report, Result, counted

WIDTH, WIDTH_MIN = 110, 60
"""Columns of a file or pipe, and the least of a terminal."""

_WORDS = {
    Result.OK: ("ok", "green"),
    Result.WARNING: ("warning", "yellow"),
    Result.PROBLEM: ("PROBLEM", "red"),
    Result.COULD_NOT_LOOK: ("not seen", "blue"),
}
_RESULT, _CHECK = 9, 13
_CHANGE = "> "


def lines(report: Report) -> Iterator[str]:
    """The report, line by line."""
    width = max(WIDTH_MIN, min(WIDTH, shutil.get_terminal_size((WIDTH, 1)).columns))
    looked = counted(report.records, "record")
    yield f"Kafka at {report.broker}, topics {report.prefix}*, {looked} looked at, {tables.instant(report.at)}"
    yield ""
    for finding in report.findings:
        yield from _finding(finding, width - _RESULT - _CHECK)
    yield ""
    yield _summary(report)


def _finding(finding: Finding, width: int) -> Iterator[str]:
    word, color = _WORDS[finding.result]
    head = click.style(f"{word:<{_RESULT}}", fg=color, bold=finding.result is Result.PROBLEM)
    paragraphs = [] if finding.topic is None or finding.topic in finding.seen else [finding.topic]
    paragraphs.append(_sentence(finding.seen))
    if finding.examples:
        paragraphs.append(f"Such as {', '.join(finding.examples)}.")
    told = [line for paragraph in paragraphs for line in _wrapped(paragraph, width)]
    yield f"{head}{finding.check:<{_CHECK}}{told[0]}"
    margin = " " * (_RESULT + _CHECK)
    yield from (margin + line for line in told[1:])
    if finding.change is not None:
        first, *rest = _wrapped(_sentence(finding.change), width)
        yield margin[: -len(_CHANGE)] + click.style(_CHANGE, fg=color, bold=True) + first
        yield from (margin + line for line in rest)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _sentence(text: str) -> str:
    text = text if text.startswith("`") else text[0].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _summary(report: Report) -> str:
    problems, warnings = report.count(Result.PROBLEM), report.count(Result.WARNING)
    unseen = report.count(Result.COULD_NOT_LOOK)
    parts = [counted(problems, "problem")] if problems else []
    parts += [counted(warnings, "warning")] if warnings else []
    parts += [f"{counted(unseen, 'thing')} not seen"] if unseen else []
    if not (problems or warnings):
        return "Nothing has to be changed" + (f"; {parts[0]}." if parts else ".")
    return f"{', '.join(parts)}. docs/doctor.md says what each check looks at."
