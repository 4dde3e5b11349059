"""The demo's story played on the worker's core with a virtual clock: no Kafka, and no second that really passes."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from heapq import heappop, heappush
from types import MappingProxyType

from streams.dev.demo.plots import Message
from streams.dev.demo.story import Story, setting
from streams.dev.demo.tally import ANALYSIS, PREVIEW, Tally
from streams.simulator.lines import Line
from streams.simulator.simulate import VirtualWorker, Written
from topics.codec import decode
from topics.commands import DialCommand
from topics.records import CallbackLifecycle, OutstandingCallbacks, PlacementDecided, Transition

CALL_LASTS = timedelta(seconds=0.5)


def play(story: Story, partitions: int = 4, late_s: Mapping[str, float] = MappingProxyType({})) -> Tally:
    """Play the whole story; returns what a reader of the output topics would have counted.

    late_s: by topic, how long the machine takes to bring an event to the worker.
    """
    stage = Stage(story, partitions, late_s)
    for message in setting(story.start):
        stage.arrive(message)
    for scene in story.scenes:
        if scene.begins_with_waiting:
            campaign_id, count = scene.begins_with_waiting
            stage.run_until_waiting(campaign_id, count)
        began = stage.now
        for cue in scene.cues:
            stage.send(began + timedelta(seconds=cue.at_s), cue.message)
        if scene.cues:
            stage.run_to(began + timedelta(seconds=scene.cues[-1].at_s))
    stage.run_to(stage.now + timedelta(seconds=15 + 3 * max(late_s.values(), default=0.0)))
    return stage.tally


class Stage:
    def __init__(self, story: Story, partitions: int, late_s: Mapping[str, float]) -> None:
        self.story = story
        self._late_s = late_s
        self.tally = Tally()
        self.now = story.start
        self.worker = VirtualWorker(partitions)
        self._under_way: list[tuple[datetime, int, Message]] = []
        self._count = 0
        self._asked: dict[str, DialCommand] = {}

    def send(self, at: datetime, message: Message) -> None:
        self._count += 1
        arrives_at = at + timedelta(seconds=self._late_s.get(message.topic, 0.0))
        heappush(self._under_way, (arrives_at, self._count, message))

    def run_until_waiting(self, campaign_id: str, count: int) -> None:
        for _ in range(1000):
            if self.tally.standing(Transition.WAITING, campaign_id) >= count:
                return
            self.run_to(self.now + timedelta(milliseconds=100))
        raise TimeoutError(self.tally.lives)

    def run_to(self, at: datetime) -> None:
        while self._under_way and self._under_way[0][0] <= at:
            arrives_at, _, message = heappop(self._under_way)
            self.now = max(self.now, arrives_at)
            self.arrive(message)
        self.now = max(self.now, at)
        self._read(self.worker.advance(self.now))

    def arrive(self, message: Message) -> None:
        self._read(self.worker.arrive(Line(message.topic, self.now, message.key, message.value)))

    def _read(self, written: Iterator[Written]) -> None:
        for one in list(written):
            self._take(one)

    def _take(self, written: Written) -> None:
        record = written.record
        if record.topic == "dead-letter":
            self.tally.dead_letter(dict(record.headers)["ringback.error"].decode())
            return
        assert record.key is not None
        value = None if record.value is None else decode(record.topic, record.value)
        match value:
            case CallbackLifecycle():
                self.tally.transition(value)
                for message in self.story.after(value, written.at):
                    self.send(written.at, message)
            case DialCommand():
                assert record.topic in (PREVIEW, ANALYSIS)
                self.tally.command(record.topic, value, written.at, written.at)
                request = self.story.ask(value, written.at)
                if request is None:
                    self._end_call(value, written.at)
                else:
                    self._asked[value.command_id] = value
                    self.send(written.at, request)
            case PlacementDecided():
                self.tally.decided(value)
                if value.allowed:
                    self._end_call(self._asked[value.request_id], written.at)
            case OutstandingCallbacks() | None:
                self.tally.view(record.key.decode(), value)

    def _end_call(self, command: DialCommand, began: datetime) -> None:
        ends = began + CALL_LASTS
        for message in self.story.answer(command, ends):
            self.send(ends, message)
