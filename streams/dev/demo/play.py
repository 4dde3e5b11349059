"""Plays the story: sends what it says when it says so, and answers for those who make the calls."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from streams.base.clock import SystemClock
from streams.base.settings import Settings
from streams.dev.demo.plots import Message
from streams.dev.demo.story import Scene, Story
from streams.dev.demo.tally import Tally
from topics.commands import DialCommand
from topics.records import CallbackLifecycle, PlacementDecided, Transition

LOOK_EVERY_S = 0.1
CALL_LASTS_S = (0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5)
"""How long the calls of callbacks take, in turn."""


class Stage:
    """Where messages are sent from; `sent` counts them by topic."""

    def __init__(self, settings: Settings, producer: Any) -> None:
        self.sent: Counter[str] = Counter()
        self._settings = settings
        self._producer = producer

    async def send(self, messages: Iterable[Message]) -> None:
        """Send them in their order; returns before they are written."""
        for message in messages:
            await self._producer.send(self._settings.topic(message.topic), message.value, key=message.key)
            self.sent[message.topic] += 1


class Play:
    """The story on a stage. announce: called with the title of each scene as it begins."""

    def __init__(self, story: Story, stage: Stage, tally: Tally, announce: Callable[[str], None]) -> None:
        self.title = story.scenes[0].title
        self._story = story
        self._stage = stage
        self._tally = tally
        self._announce = announce
        self._clock = SystemClock()
        self._calls: set[asyncio.Task[None]] = set()
        self._asked: dict[str, DialCommand] = {}

    async def perform(self, is_over: Callable[[], bool], until_s: float) -> None:
        """Play all scenes, then wait until `is_over()`; a wait ends without what it waits for `until_s` from now."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + until_s
        for scene in self._story.scenes:
            await self._until(partial(self._may_begin, scene), deadline)
            self.title = scene.title
            self._announce(scene.title)
            began = loop.time()
            for cue in scene.cues:
                await asyncio.sleep(max(0.0, began + cue.at_s - loop.time()))
                await self._stage.send((cue.message,))
        await self._until(is_over, deadline)

    def answer(self, command: DialCommand) -> None:
        """The system makes the call, or an agent asks whether it may be made."""
        request = self._story.ask(command, self._clock.now())
        if request is None:
            self._begin(self._call(command))
        else:
            self._asked[command.command_id] = command
            self._begin(self._stage.send((request,)))

    def decided(self, decided: PlacementDecided[object]) -> None:
        """The agent who asked makes the call, if it is allowed."""
        command = self._asked.pop(decided.request_id, None)
        if command is not None and decided.allowed:
            self._begin(self._call(command))

    def moved(self, record: CallbackLifecycle[object]) -> None:
        """A callback is where the next event about it needs it."""
        messages = self._story.after(record, self._clock.now())
        if messages:
            self._begin(self._stage.send(messages))

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        call = asyncio.create_task(doing)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, command: DialCommand) -> None:
        """Somebody talks; what comes of it is sent when the call has ended."""
        lasts_s = CALL_LASTS_S[len(self._calls) % len(CALL_LASTS_S)]
        await asyncio.sleep(lasts_s)
        await self._stage.send(self._story.answer(command, self._clock.now()))

    def _may_begin(self, scene: Scene) -> bool:
        if scene.begins_with_waiting is None:
            return True
        campaign_id, count = scene.begins_with_waiting
        return self._tally.standing(Transition.WAITING, campaign_id) >= count

    async def _until(self, done: Callable[[], bool], deadline: float) -> None:
        # What is waited for is read from Kafka by somebody else; there is no event to wait for.
        while not done() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)
