"""Follows all topics with a consumer of its own and keeps the view up to date: nothing that it does delays a worker.

What was read and how far are written in one transaction, so a process that is killed loses and repeats nothing. What
does not count any more, since a topic was recreated or its log begins later, is read again from the beginning.
Source: docs/decisions/0060-what-the-console-keeps.md.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from aiokafka.errors import KafkaError, OffsetOutOfRangeError, TopicAuthorizationFailedError

from streams.base.clock import Clock, SystemClock
from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.console.view import source
from streams.console.view.database import Database, Folder, reading, version
from streams.console.view.places import Known, Place, Source, begin, progress, why_void
from streams.console.view.pruning import prune
from streams.console.view.schema import VERSION
from streams.console.view.writer import Position, apply
from streams.kafka.clients import Clients
from streams.kafka.diagnosis import RIGHTS

log = logging.getLogger(__name__)

RECORDS_MAX = 4000
"""In one transaction: what a callback goes through in them is written once."""
POLL_MS = 200
LOOKED_EVERY_S = 15.0
"""How often topics are looked at: whether they are those that were begun with."""
PRUNED_EVERY_S = 600.0
AGAIN_S = 1.0

T = TypeVar("T")
Say = Callable[[int, int], None]
"""How many offsets have been read, and how many there are."""


class _Changed(Exception):
    """The topics are not those that were begun with."""


class Reader:
    """Of one folder. Of several processes one writes; the others wait until that has read what there is."""

    def __init__(
        self, settings: Settings, folder: Path, clients: Clients | None = None, clock: Clock | None = None
    ) -> None:
        self._folder = Folder(folder)
        self._clients = clients or Clients(settings)
        self._clock = clock or SystemClock()

    async def run(self) -> None:
        """Follow the topics until this is cancelled, also while no broker answers for a time."""
        while True:
            with self._folder.writing() as mine:
                if mine:
                    await self._keep_following()
            await asyncio.sleep(AGAIN_S)

    async def catch_up(self, say: Say = lambda read, total: None) -> None:
        """Return when all has been read that there is now. Raises OperatorError where it cannot be read."""
        ends: Mapping[Place, int] | None = None
        while True:
            with self._folder.writing() as mine:
                if mine:
                    await self._catch_up(say)
                    return
            if ends is None:
                async with source.consumer(self._clients) as consumer:
                    found = await source.ask(self._clients, consumer)
                ends = {place: span.end for place, span in found.spans.items()}
            if self._is_read(ends, say):
                return
            await asyncio.sleep(AGAIN_S / 4)

    async def _keep_following(self) -> None:
        database = await _whole(Database, self._folder)
        said = ""
        try:
            while True:
                try:
                    await self._follow(database)
                except (_Changed, OffsetOutOfRangeError):
                    log.info("looking again where to go on reading")
                except (KafkaError, OSError, OperatorError, TimeoutError, sqlite3.DatabaseError) as error:
                    why = str(error) or type(error).__name__
                    if why != said:
                        log.warning("the view cannot follow the topics now: %s", why)
                    said = why
                    if type(error) is sqlite3.DatabaseError:
                        await _whole(database.rebuild)  # The file is damaged.
                await asyncio.sleep(AGAIN_S)
        finally:
            database.close()

    async def _catch_up(self, say: Say) -> None:
        database = await _whole(Database, self._folder)
        try:
            await self._follow(database, say)
        except TopicAuthorizationFailedError as error:
            # Write shows a topic, too, so a missing right to read it is found out as late as this.
            names = ", ".join(str(name) for name in error.args)
            raise OperatorError(f"this user has no right to Read topic {names}. {RIGHTS}") from None
        except KafkaError as error:
            raise OperatorError(f"the topics cannot be read: {str(error) or type(error).__name__}") from None
        finally:
            database.close()

    async def _follow(self, database: Database, say: Say | None = None) -> None:
        """Read on from where it was. say: told how far it is; with it, return when all is read that there was."""
        async with source.consumer(self._clients) as consumer:
            there = await source.ask(self._clients, consumer)
            positions = await _whole(self._begin, database, there)
            source.begin(self._clients, consumer, positions.values())
            following = _Following(self._clients, self._clock, database, consumer, there, positions)
            while not await following.has_caught_up():
                if say is not None:
                    say(*progress(following.positions, there.spans))
                await following.read_on()
            await following.caught_up()
            if say is not None:
                say(*progress(following.positions, there.spans))
                return
            while True:
                await following.read_on()

    def _begin(self, database: Database, there: Source) -> dict[Place, Position]:
        known = known_by(database.connection)
        why = why_void(known, there, self._clock.now())
        if why is not None:
            log.warning("the view is read again from the beginning: %s", why)
            database.rebuild()
            known = known_by(database.connection)
        positions = begin(known, there)
        facts = {"cluster": there.cluster, "written_at": self._clock.now().isoformat()}
        apply(database.connection, (), positions.values(), facts)
        return positions

    def _is_read(self, ends: Mapping[Place, int], say: Say) -> bool:
        """Whether whoever writes has read up to these ends."""
        path = self._folder.current()
        if path is None or not path.exists():
            return False
        try:
            connection = reading(path)
            try:
                known = known_by(connection).positions if version(connection) == VERSION else {}
            finally:
                connection.close()
        except sqlite3.OperationalError:  # It is replaced just now.
            return False
        read = {place: min(known[place].position, end) if place in known else 0 for place, end in ends.items()}
        say(sum(read.values()), sum(ends.values()))
        return all(read[place] >= end for place, end in ends.items())


class _Following:
    """One consumer on its way, from where it began."""

    def __init__(
        self, clients: Clients, clock: Clock, database: Database, consumer: Any, there: Source,
        positions: dict[Place, Position],
    ) -> None:  # fmt: skip
        self.positions = positions
        self._clients, self._clock, self._database, self._consumer = clients, clock, database, consumer
        self._there = there
        self._looked_at = self._pruned_at = clock.monotonic()

    async def has_caught_up(self) -> bool:
        """Whether all has been read that there was when it began."""
        return all(self.positions[place].position >= span.end for place, span in self._there.spans.items())

    async def caught_up(self) -> None:
        """Make ready what is asked quickly from now on."""
        await _whole(self._database.index)
        await self._prune()

    async def read_on(self) -> None:
        """Take in what there is next, or wait a moment for it."""
        polled = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
        records = source.records_of(self._clients.settings.prefix, polled)
        reached = await source.reached(self._clients, self._consumer, self.positions)
        moved = [one for place, one in reached.items() if one is not self.positions[place]]
        facts = {"written_at": self._clock.now().isoformat()}
        if records or moved:
            await _whole(apply, self._database.connection, records, moved, facts)
        self.positions = reached
        now = self._clock.monotonic()
        if now >= self._looked_at + LOOKED_EVERY_S:
            self._looked_at = now
            await self._look()
        if now >= self._pruned_at + PRUNED_EVERY_S:
            await self._prune()

    async def _look(self) -> None:
        """Raise _Changed if a topic is another one, or has more partitions, or is new."""
        try:
            there = await source.topics_there(self._clients)
        except (OperatorError, KafkaError, OSError, TimeoutError):
            return
        counts = {topic: 0 for topic, _ in self._there.spans}
        for topic, _ in self._there.spans:
            counts[topic] += 1
        for topic, (topic_id, count) in there.items():
            if topic_id != self._there.topic_ids.get(topic, topic_id) or count != counts.get(topic):
                raise _Changed

    async def _prune(self) -> None:
        """Let go of what the topics have let go of."""
        self._pruned_at = self._clock.monotonic()
        spans = await source.ask_spans(self._clients, self._consumer, self.positions)
        firsts = {place: span.first for place, span in spans.items()}
        await _whole(prune, self._database.connection, firsts)
        facts = {"written_at": self._clock.now().isoformat()}
        await _whole(apply, self._database.connection, (), (), facts)


async def _whole(work: Callable[..., T], *given: Any) -> T:
    """Do it in a thread, to its end also when this is cancelled: whoever writes next must find it done."""
    doing = asyncio.ensure_future(asyncio.to_thread(work, *given))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


def known_by(connection: sqlite3.Connection) -> Known:
    """What a database says of how far it has been filled."""
    facts: dict[str, str] = dict(connection.execute("SELECT name, value FROM facts"))
    positions = [Position(*row) for row in connection.execute("SELECT * FROM positions")]
    written_at = facts.get("written_at")
    return Known(
        facts.get("cluster", ""),
        None if written_at is None else datetime.fromisoformat(written_at),
        {(one.topic, one.number): one for one in positions},
    )
