"""The words and forecasts by the real view, filled with what a worker reads and writes in every scenario."""

from datetime import datetime
from pathlib import Path

import pytest

from streams.console.view.memory import Line as Kept
from streams.console.view.memory import fill
from streams.console.view.model import Filter
from streams.console.view.view import View
from streams.console.why.configured import configured
from streams.console.why.forecast import forecast
from streams.console.why.listing import numbers_of, with_entries
from streams.console.why.sentence import sentence
from streams.console.why.timeline import lines
from streams.simulator.lines import Line
from streams.simulator.simulate import VirtualWorker, Written
from tests.console.why.test_sentence import SCENARIOS
from tests.rules.scenario import lines as scenario_lines
from topics.catalog import CATALOG
from topics.names import TopicName


class Topics:
    """What stands on the topics: what came, what was written, and the rows of the contacts."""

    def __init__(self) -> None:
        self.worker = VirtualWorker(1)
        self.records: list[Kept] = []
        self._offsets: dict[str, int] = {}

    def play(self, events: list[Line]) -> datetime:
        for event in events:
            for one in self.worker.advance(event.at):
                self._written(one)
            self._put(event.topic, event.at, event.key, event.value, event.headers)
            for one in self.worker.arrive(event):
                self._written(one)
        now = events[-1].at
        for key, row in self.worker.partitions[0].table.items():
            self._put(TopicName.CONTACT_STATE, now, key, row)
        return now

    def _written(self, one: Written) -> None:
        self._put(one.record.topic, one.at, one.record.key, one.record.value, one.record.headers)

    def _put(self, topic: str, at: datetime, key: bytes | None, value: bytes | None, headers=()) -> None:
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        assert topic in CATALOG
        self.records.append((topic, 0, offset, int(at.timestamp() * 1000), key, value, tuple(headers)))


@pytest.mark.parametrize("path", SCENARIOS[::3], ids=lambda path: path.stem)
def test_every_callback_of_a_view_has_a_sentence_a_timeline_and_the_workers_forecast(path: Path, tmp_path: Path):
    topics = Topics()
    now = topics.play(scenario_lines(path))
    fill(tmp_path, topics.records)
    view = View(tmp_path)
    configuration = configured(view.configuration())
    for row in view.each(Filter(), now):
        story = view.story(row.key)
        assert story is not None
        story = with_entries(story, view.dnc_entries(numbers_of(story)))
        words = sentence(story, now, None)
        assert words[0].isupper() and "None" not in words
        assert len(lines(story, None)) == len(story.told)
        state = view.state_row(row.contact_list_id, row.contact_id)
        theirs = topics.worker.configuration
        if not theirs.dnc.names:
            assert forecast(state, configuration, row.key, now) == forecast(state, theirs, row.key, now)
