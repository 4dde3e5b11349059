"""The Faust agents: where events meet state. Each hands a fetched batch to the engine of its partition.

An agent decides nothing and keeps nothing: `streams.logic` decides, and the engine writes outputs, rows and offsets in
one transaction.
"""

from typing import Any

from faust.types import StreamT

from streams.app import App
from topics.names import TopicName

# The contact topics that a worker consumes: all of them are needed before a partition is ready.
CONSUMED = (TopicName.CONTACTS, TopicName.CALLBACK_SCHEDULED, TopicName.WRAP_UP, TopicName.PLACEMENT_REQUESTED)


def register(app: App, prefix: str) -> None:
    """Bind an agent to each consumed topic; `prefix` is what topic names begin with."""
    app.agent(_source(app, prefix + TopicName.CONTACTS), name="on_contact")(on_contact)
    app.agent(_source(app, prefix + TopicName.CALLBACK_SCHEDULED), name="on_callback_scheduled")(on_callback_scheduled)
    app.agent(_source(app, prefix + TopicName.WRAP_UP), name="on_wrap_up")(on_wrap_up)
    app.agent(_source(app, prefix + TopicName.PLACEMENT_REQUESTED), name="on_placement_requested")(
        on_placement_requested
    )


def _source(app: App, topic: str) -> Any:
    """A topic of raw bytes whose offsets Faust does not commit: they are part of the transaction."""
    return app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False)


async def on_contact(stream: StreamT[Any]) -> None:
    """Contact records: attributes, numbers, zone, callable or not."""
    await _work(stream)


async def on_callback_scheduled(stream: StreamT[Any]) -> None:
    """Callbacks that agents schedule, reschedule and cancel."""
    await _work(stream)


async def on_wrap_up(stream: StreamT[Any]) -> None:
    """Wrap-ups: they end presentations, count as attempts, and run the wrap-up rules."""
    await _work(stream)


async def on_placement_requested(stream: StreamT[Any]) -> None:
    """Requests of those who are about to place a call, and wait for the answer."""
    await _work(stream)


async def _work(stream: StreamT[Any]) -> None:
    engines = _engines(stream)
    async for batch in stream:
        await engines.held.work(batch)


def _engines(stream: StreamT[Any]) -> Any:
    app = stream.app
    assert isinstance(app, App), "agents are registered with the app of `create_app`"
    return app.engines
