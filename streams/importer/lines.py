"""The lines of a file, one after the other: CSV with a header, or JSON lines, in UTF-8, with or without a BOM.

A line that cannot be read stands in its place as a `Rejected`, and the next one is read. Nothing here quotes a line.
"""

import csv
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from streams.base.errors import OperatorError
from streams.importer.layout import Kind, Layout
from streams.importer.rejected import Rejected
from topics.nesting import refuse_deep

LINE_BYTES_MAX = 4 * 1024 * 1024
"""Four times what a topic takes; a longer line is no record, and is not held in memory."""

DELIMITERS = (",", ";", "\t", "|")
BOM = b"\xef\xbb\xbf"


class Form(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


_BY_SUFFIX = {".csv": Form.CSV, ".tsv": Form.CSV, ".txt": Form.CSV} | dict.fromkeys(
    (".jsonl", ".ndjson", ".json"), Form.JSONL
)


class Line(NamedTuple):
    """A line by its number, from 1, and the fields that it has, or why it has none."""

    number: int
    fields: "dict[str, Any] | Rejected"


class Source(NamedTuple):
    """A file, how it is written, and what parts its columns; None where its header tells."""

    path: Path
    form: Form
    delimiter: str | None = None


def source(path: Path, form: str | None, delimiter: str | None) -> Source:
    """The file as a source. Raises OperatorError where its name does not say how it is written."""
    found = Form(form) if form else _BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        raise OperatorError(f"{path}: its name does not say how it is written; give --format csv or --format jsonl")
    return Source(path, found, delimiter)


def lines_of(source: Source, kind: Kind) -> Iterator[tuple[Layout | None, Line]]:
    """Every line that is not blank, with the layout of its columns if it has any.

    Raises OperatorError if the file cannot be read, or has no header that can be used.
    """
    try:
        with source.path.open("rb") as file:
            if source.form is Form.CSV:
                yield from _csv(_Text(file), source, kind)
            else:
                for line in _jsonl(_Text(file)):
                    yield None, line
    except OSError as error:
        raise OperatorError(f"{source.path}: {error.strerror or error}") from None


class _Text:
    """The physical lines of a file as text. problem: what was wrong with one of those since `take_problem`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._problem: str | None = None
        self.number = 0

    def __iter__(self) -> "_Text":
        return self

    def __next__(self) -> str:
        raw = self._file.readline(LINE_BYTES_MAX + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        if self.number == 1:
            raw = raw.removeprefix(BOM)
        if len(raw) > LINE_BYTES_MAX:
            self._problem = f"The line is longer than {LINE_BYTES_MAX} bytes"
            while raw and not raw.endswith(b"\n"):
                raw = self._file.readline(LINE_BYTES_MAX)
            return "\n"
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self._problem = "Not UTF-8"
            return raw.decode(errors="replace")

    def take_problem(self) -> Rejected | None:
        """Why the lines since the last call cannot be used, if they cannot."""
        problem, self._problem = self._problem, None
        return Rejected("", problem) if problem else None


def _jsonl(text: _Text) -> Iterator[Line]:
    for line in text:
        rejected = text.take_problem()
        if rejected is None and line.isspace():
            continue
        yield Line(text.number, rejected or _object(line))


def _object(line: str) -> dict[str, Any] | Rejected:
    try:
        refuse_deep(line.encode())
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return Rejected("", "Not JSON")
    return value if isinstance(value, dict) else Rejected("", "Not a JSON object")


def _csv(text: _Text, source: Source, kind: Kind) -> Iterator[tuple[Layout | None, Line]]:
    header = next(text, "")
    layout = text.take_problem() or _layout(header, source.delimiter, kind)
    if isinstance(layout, Rejected):
        # Without it no line means anything, so that there is no going on.
        raise OperatorError(f"{source.path}:1: {layout}")
    reader = csv.reader(text, delimiter=layout.delimiter, strict=True)
    while True:
        number = text.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield layout, Line(number, text.take_problem() or Rejected("", _malformed(error)))
            continue
        rejected = text.take_problem()
        if row or rejected:
            yield layout, Line(number, rejected or layout.fields(row))


def _malformed(error: csv.Error) -> str:
    """What csv says of a line; none of its messages quotes it, and one of them is for programmers."""
    return "A line ends in the middle" if "new-line" in str(error) else f"Not CSV: {error}"


def _layout(header: str, delimiter: str | None, kind: Kind) -> Layout | Rejected:
    """The layout by the delimiter that is given, else by that which makes most of the header known columns."""
    if not header.strip():
        return Rejected("", "There is no header")
    tried = [delimiter] if delimiter else [one for one in DELIMITERS if one in header] or [","]
    found: list[Layout | Rejected] = []
    for one in tried:
        try:
            names = next(csv.reader([header], delimiter=one, strict=True), [])
        except csv.Error:
            found.append(Rejected("", "The header is not CSV"))
            continue
        found.append(Layout.of(kind, [name.strip() for name in names], one))
    return next((one for one in found if isinstance(one, Layout)), found[0])
