"""The Kafka on which the demo runs: one of its own, or one that is given, where it touches topics of its own alone."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from aiokafka.errors import KafkaError, for_code
from pydantic import SecretStr

from streams.base.errors import OperatorError
from streams.base.security import SECURITY_NAMES
from streams.base.settings import Settings, load, make
from streams.dev.broker import EmbeddedKafka
from streams.kafka.clients import Clients
from streams.kafka.topic_admin import topic_metadata
from topics.catalog import CATALOG

HANDED_ON = ("broker", "prefix", "app", *SECURITY_NAMES)

Say = Callable[[str], None]


def on_given(broker: str) -> Settings:
    """Settings for a Kafka that is there, with topics and a group that nobody else has.

    How it is secured is asked of the environment and of RINGBACK_CONFIG. Raises SettingsError.
    """
    name = f"ringback-demo-{uuid4().hex[:8]}"
    return load(broker=broker, prefix=f"{name}.", app=name)


@contextmanager
def cluster(given: Settings | None, say: Say) -> Iterator[Settings]:
    """The Kafka that is given, or one of the demo's own; when it is over, nothing of the demo is left there.

    Raises OperatorError when there is none.
    """
    if given is None:
        say("Starting Kafka")
        with EmbeddedKafka(say=say) as kafka:
            yield make(broker=kafka.bootstrap)
        return
    say(f"On the Kafka at {given.broker}, with topics of its own: {given.prefix}*")
    try:
        yield given
    finally:
        _remove_topics(given, say)


def handed_on(settings: Settings) -> dict[str, Any]:
    """What a worker or a console has to be given to be on the same Kafka, by setting; secrets in clear."""
    values = {name: getattr(settings, name) for name in HANDED_ON if name in settings.model_fields_set}
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _remove_topics(settings: Settings, say: Say) -> None:
    try:
        left = asyncio.run(_delete(settings))
    except (KafkaError, OperatorError, OSError) as error:
        left = {f"{settings.prefix}*": " ".join(str(error).split()) or type(error).__name__}
    for topic, why in left.items():
        say(f"The topic {topic} could not be removed: {why}")


async def _delete(settings: Settings) -> dict[str, str]:
    """Delete the topics that there are; returns those that are left, with why."""
    clients = Clients(settings)
    there = list(await topic_metadata(clients, [settings.topic(name) for name in CATALOG]))
    admin = clients.admin()
    await admin.start()
    try:
        answer = await admin.delete_topics(there)
    finally:
        await admin.close()
    return {name: for_code(code).__name__ for name, code, *_ in answer.topic_error_codes if code}
