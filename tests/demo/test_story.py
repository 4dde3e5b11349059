"""The demo's story says of itself what must come of it, and the worker's own decisions agree."""

from datetime import UTC, datetime

import pytest

from streams.dev.demo.accounts import accounts, differences
from streams.dev.demo.cast import CONTACTS, contact
from streams.dev.demo.story import Story
from streams.dev.demo.tally import ANALYSIS, PREVIEW
from streams.logic.hours.numbers import is_valid_number
from tests.demo.virtual import play
from topics.names import TopicName

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SENT = (
    TopicName.WRAP_UP,
    TopicName.CALLBACK_SCHEDULED,
    TopicName.PLACEMENT_REQUESTED,
    TopicName.CAMPAIGNS,
    TopicName.CAMPAIGN_RECYCLE,
)
"""The topics that are sent on while the story lasts."""


@pytest.mark.parametrize("seconds", [20, 45])
@pytest.mark.parametrize("partitions", [1, 4])
def test_on_the_virtual_clock_everything_comes_out_as_the_story_expects(seconds, partitions):
    story = Story(START, seconds)
    tally = play(story, partitions)
    assert differences(tally, story.expected) == []
    assert all(account.adds_up for account in accounts(tally))
    assert sum(tally.commands[PREVIEW].values()) == 275
    assert sum(tally.commands[ANALYSIS].values()) == 280


@pytest.mark.parametrize("late", [SENT, *((topic,) for topic in SENT)])
def test_on_a_machine_that_is_late_on_all_topics_or_on_one_the_same_comes_out(late):
    story = Story(START, 20)
    assert differences(play(story, late_s=dict.fromkeys(late, 20.0)), story.expected) == []


def test_every_contact_has_a_valid_number_of_its_own():
    numbers = [number.phone_number for one in map(contact, range(CONTACTS)) for number in one.numbers]
    assert len(set(numbers)) == CONTACTS
    assert all(map(is_valid_number, numbers))


def test_the_same_start_tells_the_same_story():
    one, other = Story(START, 30), Story(START, 30)
    assert one.scenes == other.scenes
    assert one.expected == other.expected


def test_what_is_redelivered_is_the_same_to_the_byte():
    morning = Story(START, 30).scenes[0].cues
    messages = [cue.message for cue in morning]
    assert len(messages) - len(set(messages)) > 40
