"""Facts of another version, or cut ones, still give a sentence and a line: facts are for people, and may change."""

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.console.view.model import Story, Told
from streams.console.why.sentence import sentence
from streams.console.why.timeline import lines
from streams.simulator.simulate import converse
from tests.builders import instant
from tests.console.why.stories import stories
from tests.console.why.test_sentence import SCENARIOS
from tests.rules.scenario import lines as scenario_lines

NOW = instant("2026-11-23T18:00:00Z")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
"""Where the day begins: what is late in UTC may be too late here for any calendar."""


def every_story() -> list[Story]:
    return [story for path in SCENARIOS for story in stories(converse(scenario_lines(path), None, 1))]


STORIES = every_story()
OTHER = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just([]), st.just({}), st.just([{"x": 1}, 2]),
    st.just(["a", "b"]), st.just("2026-11-23T15:00:00Z"), st.just("9999-12-31T23:59:59.999999-14:00"),
    st.just("9999-12-31T23:59:59Z"), st.just("0001-01-01T00:00:00Z"),
)  # fmt: skip


def with_facts(story: Story, change: Callable[[dict[str, Any]], object]) -> Story:
    """The story with the facts of each record changed."""

    def changed(told: Told) -> Told:
        if told.value is None or "facts" not in told.value:
            return told
        value = json.loads(json.dumps(told.value))
        value["facts"] = change(value["facts"])
        return replace(told, value=value)

    return replace(story, told=tuple(changed(told) for told in story.told))


def is_said(story: Story) -> None:
    words = sentence(story, NOW, None)
    assert words and words[0].isupper() and "None" not in words
    assert all(one.text for one in lines(story, None))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="no facts at all"),
        pytest.param({"cut": {"bytes": 2_000_000, "parts": ["facts"]}}, id="cut to nothing"),
        pytest.param({"checks": "later", "agent": {"a7": [1]}}, id="facts of a later version"),
        pytest.param([1], id="no object"),
        pytest.param(None, id="null"),
    ],
)
def test_every_transition_of_every_scenario_has_words_whatever_its_facts_are(facts):
    for story in STORIES:
        is_said(with_facts(story, lambda _: facts))


def test_a_transition_and_reasons_of_a_later_version_are_said_as_they_stand():
    story = STORIES[0]
    value: dict[str, Any] = {"transition": "put_off", "reasons": ["full_moon"], "facts": {}, "campaign_id": "P"}
    later = replace(story.told[-1], topic="callback-lifecycle", value=value, at=NOW)
    assert sentence(replace(story, told=(*story.told, later)), NOW, None) == "Put off: full moon at 18:00"


@st.composite
def mutilated(draw: st.DrawFn) -> Story:
    """A story of a scenario in which some facts, at any depth, are gone, others, or of another shape."""
    story = draw(st.sampled_from(STORIES))

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: change(one) for name, one in value.items() if draw(st.integers(0, 9)) > 0}
        if isinstance(value, list):
            return [change(one) for one in value[: draw(st.integers(0, 3))]]
        return draw(OTHER) if draw(st.integers(0, 9)) == 0 else value

    return with_facts(story, change)


@given(story=mutilated())
def test_no_shape_of_facts_leaves_a_callback_without_a_sentence(story):
    assert sentence(story, NOW, KIRITIMATI)
    assert all(one.text and one.at_utc for one in lines(story, KIRITIMATI))
