"""Looks at a Kafka, and has what it sees judged. It writes nothing, joins no group and commits nothing.

What cannot be looked at, for want of a right or of an answer, is one finding more, and the other checks go on.
Source: docs/doctor.md; docs/decisions/0071-the-doctor.md.
"""

import platform
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from streams.base.clock import Clock
from streams.base.errors import OperatorError
from streams.doctor.findings import Check, Finding, Report, in_order, listed, unseen
from streams.doctor.judgement import (
    batches,
    clocks,
    permissions,
    placement,
    producers,
    refusals,
    topics_there,
    versions,
)
from streams.doctor.sampling import TOPICS_IN, Sample, read, sample_of
from streams.kafka import authorized, topic_admin
from streams.kafka.asking import ask_cluster
from streams.kafka.clients import Clients
from streams.kafka.cluster_clock import CannotMeasure, Off, measure
from streams.kafka.codecs import readable
from streams.kafka.features import agreed
from streams.library_internals.written_for import AIOKAFKA, FAUST
from topics.catalog import CATALOG, NEEDED_TOPICS
from topics.names import TopicName
from topics.of_adapters import OF_ADAPTERS
from topics.rights import COMMANDS, Resource, Right
from topics.topic import Topic

SAMPLES = 200
"""Newest records of each partition that are looked at."""

Looking = Coroutine[Any, Any, list[Finding]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to look at. topics: without prefix, none for all. role: whose rights, a key of `COMMANDS`; None for any.

    samples: of each partition.
    """

    topics: tuple[str, ...] = ()
    role: str | None = None
    samples: int = SAMPLES

    def catalog(self) -> Mapping[str, Topic]:
        """The topics that there must be: those that a worker needs, or of a role those that it has to do with."""
        known: dict[str, Topic] = dict(CATALOG)
        for adapter in OF_ADAPTERS.values():
            known |= adapter.by_name()
        wanted = set(NEEDED_TOPICS) if self.role is None else {right.name for right in COMMANDS[self.role]("", "")}
        return {name: topic for name, topic in known.items() if name in (self.topics or wanted)}

    def sampled(self) -> list[TopicName]:
        """Of the topics that others write those that are meant."""
        return [name for name in TOPICS_IN if not self.topics or name in self.topics]


class Doctor:
    """Examines one Kafka. clock: that of this machine."""

    def __init__(self, clients: Clients, clock: Clock, chosen: Chosen) -> None:
        self._clients, self._clock, self._chosen = clients, clock, chosen

    async def examine(self) -> Report:
        """Everything that is chosen. Raises OperatorError when no broker answers at all."""
        settings = self._clients.settings
        await topic_admin.cluster_id(self._clients)
        found = await _tried(Check.VERSIONS, self._versions())
        found += await _tried(Check.TOPICS, self._topics())
        found += await _tried(Check.RIGHTS, self._rights())
        off, why_not = await self._measured()
        try:
            sample = await self._sampled(off)
            found += self._judged(sample, off, why_not)
        except OperatorError as error:
            sample = Sample()
            found += [unseen(check, str(error)) for check in list(Check)[3:]]
        at = self._now(off)
        return Report(at, settings.broker, settings.prefix, sample.records, in_order(found))

    def _now(self, off: Off | None) -> datetime:
        """By Kafka's clock where it is known."""
        return self._clock.now() - timedelta(seconds=off.ahead_s if off else 0)

    async def _versions(self) -> list[Finding]:
        async def look(admin: AIOKafkaAdminClient) -> list[versions.Broker]:
            return [versions.Broker(*await agreed(admin, node)) for node in await authorized.nodes_of(admin)]

        libraries = {one.package: (one.installed, one.version) for one in (AIOKAFKA, FAUST)}
        here = versions.Installed(_own_version(), platform.python_version(), libraries)
        brokers = await ask_cluster(self._clients, look)
        return versions.judge(brokers, here, self._clients.settings.transaction_protocol)

    async def _topics(self) -> list[Finding]:
        catalog = self._chosen.catalog()
        checked = await topic_admin.differences(self._clients, catalog)
        return topics_there.judge(checked, catalog, self._clients.settings.prefix)

    async def _rights(self) -> list[Finding]:
        roles = [self._chosen.role] if self._chosen.role else list(COMMANDS)
        rights = {role: self._needed(role) for role in roles}
        every = [right for needed in rights.values() for right in needed]
        permitted = await ask_cluster(self._clients, lambda admin: _permitted(admin, every))
        if self._chosen.role is None:
            return permissions.of_any({role: needed for role, needed in rights.items() if needed}, permitted)
        settings = self._clients.settings
        role = self._chosen.role.replace(" ", "-")
        call = f"python -m topics.rights {role} --prefix {settings.prefix} --app {settings.app} --principal User:..."
        give = f"`{call}` prints the commands that give all that it needs"
        return permissions.of_role(self._chosen.role, rights[self._chosen.role], permitted, give)

    def _needed(self, role: str) -> list[Right]:
        """The rights of a role, of topics those that are chosen."""
        prefix, chosen = self._clients.settings.prefix, self._chosen.topics
        rights = COMMANDS[role](prefix, self._clients.settings.app)
        return [
            one
            for one in rights
            if not chosen or one.resource is not Resource.TOPIC or one.name.removeprefix(prefix) in chosen
        ]

    async def _measured(self) -> tuple[Off | None, str | None]:
        try:
            return await ask_cluster(self._clients, lambda admin: measure(admin, self._clock.now)), None
        except (CannotMeasure, OperatorError) as error:
            return None, str(error)

    async def _sampled(self, off: Off | None) -> Sample:
        names = self._chosen.sampled()
        found = await ask_cluster(self._clients, lambda admin: read(self._clients, admin, names, self._chosen.samples))
        return sample_of(self._clients.settings, names, found, self._now(off))

    def _judged(self, sample: Sample, off: Off | None, why_not: str | None) -> list[Finding]:
        measured = None if off is None else clocks.Measured(off.ahead_s, off.precision_s)
        dead = self._clients.settings.topic(TopicName.DEAD_LETTER)
        return [
            *self._unread(sample),
            clocks.of_machine(measured, why_not, sample.topics),
            *clocks.of_senders(sample.topics, off.precision_s if off else 0.0),
            *placement.judge(sample.topics),
            *refusals.judge_keys(sample.topics),
            *refusals.judge_values(sample.topics),
            *batches.judge(sample.topics, readable()),
            *producers.judge(sample.topics, sample.dead_letters, sample.unread.get(dead, "the topic is not there")),
        ]

    def _unread(self, sample: Sample) -> list[Finding]:
        """One finding for each reason why records could not be read."""
        by_reason: dict[str, list[str]] = {}
        for topic, why in sample.unread.items():
            if topic != self._clients.settings.topic(TopicName.DEAD_LETTER):
                by_reason.setdefault(why, []).append(topic)
        return [
            unseen(Check.VALUES, f"records of {listed(topics)} cannot be read: {why}")
            for why, topics in by_reason.items()
        ]


def _own_version() -> str:
    try:
        return version("ringback")
    except PackageNotFoundError:
        return "from a folder"


async def _tried(check: Check, looking: Looking) -> list[Finding]:
    try:
        return await looking
    except OperatorError as error:
        return [unseen(check, str(error))]


async def _permitted(admin: AIOKafkaAdminClient, rights: Sequence[Right]) -> permissions.Permitted:
    def named(resource: Resource, name: Callable[[Right], str]) -> list[str]:
        return sorted({name(right) for right in rights if right.resource is resource})

    topics, on_cluster = await authorized.on_topics(admin, named(Resource.TOPIC, lambda right: right.name))
    groups = named(Resource.GROUP, lambda right: right.name)
    return permissions.Permitted(
        topics,
        await authorized.on_groups(admin, groups, await authorized.nodes_of(admin) if groups else ()),
        await authorized.on_transactional_ids(admin, named(Resource.TRANSACTIONAL_ID, permissions.probe_of)),
        on_cluster,
    )
