"""Makes a document of evidence, from the topics or from archives; and an archive of the topics."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import IO, NamedTuple

from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.cli.evidence_archives import Archives
from streams.cli.evidence_topics import ARCHIVED, Topics
from streams.evidence import archives as formats
from streams.evidence.coverage import Limits
from streams.evidence.document import Asked, Document, Made, document_of
from streams.evidence.gathering import Conflict, Gathered, gather
from streams.evidence.number import Number
from streams.evidence.records import Kept
from streams.kafka.clients import Clients
from streams.kafka.topic_admin import cluster_id
from streams.logic.contact.clock_check import EPOCH

Show = Callable[[str, int], None]


class Wanted(NamedTuple):
    """What is asked for. end: not included. look_back: how much older events may be. archives: none for the topics."""

    phone_number: str
    begin: datetime
    end: datetime
    look_back: timedelta
    archives: tuple[Path, ...] = ()


def program() -> str:
    """This program and its version."""
    return f"ringback {version('ringback')}"


async def make(settings: Settings, wanted: Wanted, folder: Path, show: Show) -> tuple[Document, int]:
    """The document, and how many records went by. folder: for what is only needed meanwhile. Raises OperatorError."""
    number = Number(wanted.phone_number)
    try:
        return await (_of_archives if wanted.archives else _of_topics)(settings, wanted, number, folder, show)
    except Conflict as error:
        raise OperatorError(str(error)) from None


async def _of_topics(
    settings: Settings, wanted: Wanted, number: Number, folder: Path, show: Show
) -> tuple[Document, int]:
    now = _now()
    # Kafka knows no time before 1970.
    since = EPOCH if wanted.look_back > wanted.begin - EPOCH else wanted.begin - wanted.look_back
    source = Topics(settings, since, show)
    made = Made(
        at=now,
        by=program(),
        app=settings.app,
        prefix=settings.prefix,
        cluster_id=await cluster_id(Clients(settings)),
        source="topics",
    )
    gathered = await gather(source, number)
    limits = Limits(as_of=min(wanted.end, now))
    return document_of(_asked(wanted, number, since), made, limits, gathered), source.read


async def _of_archives(
    settings: Settings, wanted: Wanted, number: Number, folder: Path, show: Show
) -> tuple[Document, int]:
    source = await asyncio.to_thread(Archives, wanted.archives, folder, show)
    gathered = await gather(source, number)
    head = source.heads[0]
    is_recomputed = any(one.is_recomputed for one in source.heads)
    made = Made(
        at=_now(),
        by=program(),
        app=head.app,
        prefix=head.prefix,
        cluster_id=head.cluster_id,
        source="lines" if is_recomputed else "archive",
        archives=tuple(source.named),
    )
    begins = [one.begin for one in source.heads]
    untils = [one.until for one in source.heads]
    limits = Limits(
        as_of=min(wanted.end, _known_until(source, gathered)),
        archive_from=None if None in begins else min(one for one in begins if one is not None),
        archive_until=None if None in untils else max(one for one in untils if one is not None),
        is_recomputed=is_recomputed,
    )
    return document_of(_asked(wanted, number, None), made, limits, gathered), source.read


def _known_until(source: Archives, gathered: Gathered) -> datetime:
    """Up to when archives tell anything: to when they were made, or to the last record of what was recomputed."""
    known = [until for one in source.heads if (until := one.until or one.made_at) is not None]
    known += [span.last_at for span in gathered.spans if span.last_at is not None and not known]
    return max(known, default=_now())


def _asked(wanted: Wanted, number: Number, since: datetime | None) -> Asked:
    return Asked(phone_number=number.text, spellings=number.spellings, begin=wanted.begin, end=wanted.end, since=since)


def _now() -> datetime:
    return SystemClock().now().replace(microsecond=0)


async def archive(
    settings: Settings, out: IO[bytes], begin: datetime | None, until: datetime | None, show: Show
) -> int:
    """Write an archive of the topics; returns how many records it has. Raises OperatorError.

    begin: events and what workers wrote from then on. until: nothing that was written then or later.
    """
    lines, source = formats.Lines(), Topics(settings, begin, show, until)
    head = formats.Head(
        ringback_archive=formats.VERSION,
        made_at=_now(),
        made_by=program(),
        app=settings.app,
        prefix=settings.prefix,
        cluster_id=await cluster_id(Clients(settings)),
        begin=begin,
        until=until,
    )
    out.write(lines.head(head))

    def keep(record: Kept) -> None:
        out.write(lines.record(record))

    for topic in ARCHIVED:
        await source.each(topic, lambda *_: True, keep)
    out.write(lines.end(source.spans()))
    out.flush()
    return lines.count
