"""A copy on this machine of what a topic holds: where it is from, whether it can be relied on, how it is quarantined.

Kafka has everything. A copy that cannot be relied on is renamed, for somebody to look at, and the topic is read from
its beginning, which is always right and takes longer. Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md and
docs/decisions/0015-state-on-disk.md.
"""

import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from streams.kafka.source_ends import SourceEnds

log = logging.getLogger(__name__)

AGE_MAX = timedelta(days=3)
"""Removals can be read for 7 days on a compacted topic, so a copy that was right up to here has missed none."""
CLOCKS_MAX = timedelta(minutes=5)
"""How far the clocks of two machines may be apart."""


class UnusableState(BaseException):
    """Why a copy cannot be relied on. Not an Exception, or a decision that meets it would be taken for a bug."""


@dataclass(frozen=True, slots=True)
class Source:
    """The partition of a topic that a copy is from. first, end: the offsets that it has.

    topic_id: another one under the same name when the topic was recreated; empty if it is not known.
    """

    cluster: str
    topic: str
    partition: int
    first: int
    end: int
    topic_id: str = ""


class Copied(Protocol):
    """What a copy says of itself. written_at: until when all of the topic before `next_offset` was known."""

    @property
    def cluster(self) -> str: ...  # noqa: D102
    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def written_at(self) -> datetime: ...  # noqa: D102
    @property
    def next_offset(self) -> int: ...  # noqa: D102


def check(copy: Copied, source: Source, now: datetime, *, partition: int = 0, topic_id: str = "") -> None:
    """Raise UnusableState if a copy is not of this source, goes further than it does, or is too old for it."""
    if (copy.cluster, copy.topic, partition) != (source.cluster, source.topic, source.partition):
        raise UnusableState(f"it is of {copy.topic}-{partition} on cluster {copy.cluster}")
    if topic_id and source.topic_id and topic_id != source.topic_id:
        raise UnusableState(f"topic {copy.topic} was recreated since")
    if not source.first <= copy.next_offset <= source.end:
        raise UnusableState(f"it ends at offset {copy.next_offset}, the topic has {source.first} to {source.end}")
    if copy.written_at.tzinfo is None or not -CLOCKS_MAX <= now - copy.written_at <= AGE_MAX:
        raise UnusableState(f"it was written at {copy.written_at}, not within the last {AGE_MAX.days} days")


async def check_topic(ends: SourceEnds, source: Source, next_offset: int, written_at: datetime) -> None:
    """Raise UnusableState if the topic was recreated: then the same offsets are other records."""
    later = await ends.first_since(source.topic, written_at + CLOCKS_MAX, source.partition)
    if later is not None and later < next_offset:
        raise UnusableState(f"offset {later}, which it should hold, was written after it")


def quarantine(path: Path, what: str, why: object) -> None:
    """Rename a file or folder to `<name>.bad`, and log why. Raises OSError if it cannot be renamed."""
    aside = path.with_name(f"{path.name}.bad")
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside)
    with suppress(FileNotFoundError):
        aside.unlink()
    path.rename(aside)
    log.warning("%s in %s is quarantined as %s, its whole topic is read: %s", what, path, aside.name, why)
