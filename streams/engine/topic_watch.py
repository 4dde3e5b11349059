"""Looks now and then whether the topics are those that the worker began with.

A configuration topic that was deleted and made anew begins at offset 0 again: what is known of it, and how far it was
read, is void. Partitions that were added to contact topics take contacts away from their state.
Source: docs/decisions/0032-refused-at-the-start.md.
"""

import asyncio
from collections.abc import Callable

from aiokafka.errors import KafkaError

from streams.base.clock import Clock
from streams.base.errors import OperatorError
from streams.engine.refusals import PartitionsAdded, TopicMadeAnew
from streams.kafka.clients import Clients
from streams.kafka.topic_admin import told_of
from streams.kafka.topic_ids import Told
from topics.catalog import CATALOG, CONFIGURATION_TOPICS

LOOKED_EVERY_S = 15.0
LATELY_S = 1.0
"""Nobody deletes a topic, makes it anew and writes to it in so short a time."""


class TopicWatch:
    """Of one worker, whose topic names begin with `prefix`. With a broker that tells no ids there is nothing to see."""

    def __init__(self, clients: Clients, clock: Clock, prefix: str) -> None:
        self._clients, self._clock, self._prefix = clients, clock, prefix
        self._known: dict[str, Told] = {}
        self._looked_at = -LATELY_S

    async def begin(self) -> dict[str, str]:
        """Note the topics as they are; returns the ids of the configuration topics by name. Raises OperatorError."""
        self._known = await told_of(self._clients, map(self._topic, CATALOG))
        ids = {name: self._known.get(self._topic(name)) for name in CONFIGURATION_TOPICS}
        return {name: told.topic_id for name, told in ids.items() if told is not None}

    async def look(self) -> None:
        """Raise OperatorError if they have changed; not if nobody can tell now."""
        try:
            told = await told_of(self._clients, self._known)
        except (OperatorError, KafkaError, OSError, TimeoutError):
            return
        self._looked_at = self._clock.monotonic()
        for name in map(self._topic, CATALOG):
            self._compare(name, self._known.get(name), told.get(name))

    async def look_lately(self) -> None:
        """The same, unless that was done a moment ago."""
        if self._known and self._clock.monotonic() >= self._looked_at + LATELY_S:
            await self.look()

    async def watch(self, broken: Callable[[str, BaseException], None]) -> None:
        """Look again and again; `broken` is told when something has changed."""
        while self._known:
            await asyncio.sleep(LOOKED_EVERY_S)
            try:
                await self.look()
            except OperatorError as refusal:
                broken("a topic", refusal)

    def _topic(self, name: str) -> str:
        return self._prefix + name

    def _compare(self, name: str, known: Told | None, told: Told | None) -> None:
        if known is None or told is None:  # One that is deleted may come back as another.
            return
        is_configuration = name.removeprefix(self._prefix) in CONFIGURATION_TOPICS
        if is_configuration and told.topic_id != known.topic_id:
            raise TopicMadeAnew(name)
        if not is_configuration and told.partitions > known.partitions:
            raise PartitionsAdded(self._prefix, told.partitions, f"{name} had {known.partitions}")
