"""Looks now and then whether the topics are those that the worker began with.

A configuration topic that was deleted and recreated begins at offset 0 again: what is known of it, and how far it was
read, is void. Partitions that were added to contact topics take contacts away from their state.
Source: docs/decisions/0032-refused-at-the-start.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiokafka.errors import KafkaError

from streams.base.clock import Clock
from streams.base.errors import OperatorError
from streams.engine.refusals import PartitionsAdded, TopicRecreated
from streams.kafka.clients import Clients
from streams.kafka.topic_admin import topic_metadata
from streams.kafka.topic_ids import TopicMetadata
from topics.catalog import CONFIGURATION_TOPICS, NEEDED_TOPICS

LOOKED_EVERY_S = 15.0
LATELY_S = 1.0
"""Nobody deletes a topic, recreates it and writes to it in so short a time."""


Led = Callable[[Mapping[tuple[str, int], int]], Awaitable[None]]
"""Called with the present epoch of the leader of each partition of each topic, by full name."""


class TopicWatch:
    """Of one worker, whose topic names begin with `prefix`. With a broker without topic ids there is nothing to see."""

    def __init__(self, clients: Clients, clock: Clock, prefix: str) -> None:
        self._clients, self._clock, self._prefix = clients, clock, prefix
        self._known: dict[str, TopicMetadata] = {}
        self._leader_epochs: dict[tuple[str, int], int] = {}
        self._looked_at = -LATELY_S

    async def begin(self) -> dict[str, str]:
        """Note the topics as they are; returns the ids of the configuration topics by name. Raises OperatorError."""
        self._known = await topic_metadata(self._clients, map(self._topic, NEEDED_TOPICS))
        ids = {name: self._known.get(self._topic(name)) for name in CONFIGURATION_TOPICS}
        return {name: found.topic_id for name, found in ids.items() if found is not None}

    @property
    def ids(self) -> dict[str, str]:
        """Of all topics, by full name, as they were when this began."""
        return {name: known.topic_id for name, known in self._known.items()}

    async def look(self) -> None:
        """Raise OperatorError if they have changed; not if no broker answers now."""
        try:
            found = await topic_metadata(self._clients, self._known)
        except (OperatorError, KafkaError, OSError, TimeoutError):
            return
        self._looked_at = self._clock.monotonic()
        for name in map(self._topic, NEEDED_TOPICS):
            self._compare(name, self._known.get(name), found.get(name))
        self._leader_epochs = {
            (name, number): epoch for name, topic in found.items() for number, epoch in topic.leader_epochs.items()
        }

    async def look_lately(self) -> None:
        """The same, unless that was done a moment ago."""
        if self._known and self._clock.monotonic() >= self._looked_at + LATELY_S:
            await self.look()

    async def watch(self, broken: Callable[[str, BaseException], None], led: Led) -> None:
        """Look again and again; `broken` is called when something has changed, `led` each time."""
        while self._known:
            await asyncio.sleep(LOOKED_EVERY_S)
            try:
                await self.look()
                await led(self._leader_epochs)
            except (OperatorError, KafkaError) as refusal:
                broken("a topic", refusal)

    def _topic(self, name: str) -> str:
        return self._prefix + name

    def _compare(self, name: str, known: TopicMetadata | None, found: TopicMetadata | None) -> None:
        if known is None or found is None:  # One that is deleted may come back as another.
            return
        is_configuration = name.removeprefix(self._prefix) in CONFIGURATION_TOPICS
        if is_configuration and found.topic_id != known.topic_id:
            raise TopicRecreated(name)
        if not is_configuration and found.partitions > known.partitions:
            raise PartitionsAdded(self._prefix, found.partitions, f"{name} had {known.partitions}")
