"""Archives on disk as where records are looked for: each pass reads them anew, since one may be larger than memory."""

import gzip
from collections.abc import Callable, Collection, Sequence
from hashlib import file_digest
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import click
from msgspec.structs import replace

from streams.base.errors import OperatorError
from streams.base.zone_data import load_tables, use_package_zones
from streams.evidence.archives import VERSION, BadArchive, Head, Lines, Read, is_archive
from streams.evidence.document import ArchiveNamed
from streams.evidence.recomputed import Recomputed
from streams.evidence.records import Kept, Span, Want
from streams.simulator.lines import MalformedLine, read_lines
from topics.names import TopicName

_GZIP = b"\x1f\x8b"
Show = Callable[[str, int], None]


class Archives:
    """Reads archives. heads, named: of each, known after the first pass. folder: for what is recomputed."""

    def __init__(self, paths: Sequence[Path], folder: Path, show: Show) -> None:
        self._files = [_as_archive(path, folder / f"{number}.jsonl") for number, path in enumerate(paths)]
        self._show = show
        self._spans: list[Span] | None = None
        self.heads: list[Head] = []
        self.named: list[ArchiveNamed] = []
        self.read = 0

    async def scan(self, topics: Sequence[TopicName], want: Want, keys: Collection[bytes] | None = None) -> list[Kept]:
        """The wanted records of some topics. Raises OperatorError for a file that is no whole archive."""
        wanted, found, spans = frozenset(topics), list[Kept](), list[Span]()
        for number, file in enumerate(self._files, start=1):
            read = Read(file.name)
            try:
                with _opened(file.path) as lines:
                    for record in read.records(lines):
                        self._count()
                        if record.topic in wanted and want(record.topic, record.key, record.value):
                            found.append(record)
            except BadArchive as error:
                raise OperatorError(str(error)) from None
            except (OSError, EOFError) as error:
                raise OperatorError(f"{file.name}: {getattr(error, 'strerror', None) or error}") from None
            assert read.head is not None and read.end is not None, "it was read whole"
            spans += [replace(span, archive=number) for span in read.end.read]
            self._note(read, file)
        self._spans = spans
        return found

    def spans(self) -> Sequence[Span]:
        """What the archives say of how much of each log they have."""
        return self._spans or []

    def _count(self) -> None:
        self.read += 1
        if self.read % 1000 == 0:
            self._show("read", self.read)

    def _note(self, read: Read, file: "_File") -> None:
        if self._spans is not None or read.head is None:
            return
        head = read.head
        if self.heads and (head.cluster_id, head.prefix) != (self.heads[0].cluster_id, self.heads[0].prefix):
            raise OperatorError(f"{file.name}: it is of another installation than {self.named[0].name}")
        self.heads.append(head)
        digest = file.sha256 or read.sha256
        self.named.append(ArchiveNamed(name=file.name, sha256=digest, made_at=head.made_at, made_by=head.made_by))


class _File(NamedTuple):
    """name: as it was given, without its folder. path: of the archive. sha256: of lines it was recomputed from."""

    name: str
    path: Path
    sha256: str | None


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
    return gzip.open(path, "rb") if is_packed else path.open("rb")


def _as_archive(path: Path, anew: Path) -> "_File":
    """The file itself; of lines of the simulator, an archive with what workers would have written."""
    try:
        with _opened(path) as lines:
            first = next(iter(lines), b"")
        if is_archive(first):
            return _File(path.name, path, None)
        digest = file_digest(path.open("rb"), "sha256").hexdigest()
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror or error}") from None
    if not first.strip():
        raise OperatorError(f"{path}: it is empty")
    click.echo(f"{path} has what workers read alone; what they wrote is recomputed", err=True)
    use_package_zones()
    load_tables()
    try:
        _recompute(path, anew)
    except MalformedLine as malformed:
        raise OperatorError(f"{malformed}; an archive is made by `ringback export --archive`") from None
    return _File(path.name, anew, digest)


def _recompute(path: Path, anew: Path) -> None:
    recomputed, made = Recomputed(), Lines()
    with anew.open("wb") as out:
        out.write(made.head(Head(ringback_archive=VERSION, app="", prefix="", is_recomputed=True)))
        for record in recomputed.records(read_lines((str(path),))):
            out.write(made.record(record))
        out.write(made.end(recomputed.spans()))
