"""All lines of several files, as records of a topic, or as what is wrong with them.

A file is read twice, to check and to send, line by line, so that its length does not matter. It has to stay as it is.
"""

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streams.base.errors import OperatorError
from streams.importer.kinds import Message, Reader
from streams.importer.layout import Kind
from streams.importer.lines import Source, lines_of
from streams.importer.rejected import Rejected

SHOWN_EVERY = 1000

Progress = Callable[[str, int], None]


class Read(NamedTuple):
    """A line by its file and number, and its record, or why it has none."""

    source: Source
    number: int
    message: Message | Rejected


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one kind, and how their lines are read."""

    sources: Sequence[Source]
    kind: Kind
    reader: Reader

    def read(self, what: str, progress: Progress) -> Iterator[Read]:
        """Every line of every file, in their order. Raises OperatorError. what: for the progress."""
        count = 0
        for source in self.sources:
            for layout, line in lines_of(source, self.kind):
                count += 1
                if count % SHOWN_EVERY == 0:
                    progress(what, count)
                message: Message | Rejected
                if isinstance(line.fields, Rejected):
                    message = line.fields
                else:
                    try:
                        message = self.reader(line.fields, layout)
                    except Rejected as rejected:
                        message = rejected
                yield Read(source, line.number, message)

    def state(self) -> list[tuple[int, int, int]]:
        """What would be different if a file became another. Raises OperatorError for what can be read only once."""
        states = []
        for source in self.sources:
            try:
                found = source.path.stat()
            except OSError as error:
                raise OperatorError(f"{source.path}: {error.strerror or error}") from None
            if not stat.S_ISREG(found.st_mode):
                raise OperatorError(f"{source.path}: it is read twice, to check and to send, so it has to be a file")
            states.append((found.st_ino, found.st_size, found.st_mtime_ns))
        return states


@dataclass
class Counted:
    """What a check has found."""

    lines: int = 0
    rejected: int = 0


def check(files: Files, report: Callable[[Read], None], note: Callable[[Message], None], progress: Progress) -> Counted:
    """Read everything once. report: called with each line that is rejected; note: with each record."""
    counted = Counted()
    for read in files.read("checked", progress):
        counted.lines += 1
        if isinstance(read.message, Rejected):
            counted.rejected += 1
            report(read)
        else:
            note(read.message)
    return counted
