"""What each contact of the demo goes through, as events.

Pure: times are in seconds from the beginning of the story, which is an argument. An event that calls for a callback is
dated back so far that the callback falls due while the story lasts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from streams.dev.demo.cast import (
    BUSY_MINUTES,
    LIST,
    NO_ANSWER_MINUTES,
    SPOKE,
    Answer,
    Part,
    Plot,
    contact_id,
    phone_number,
)
from streams.logic.contact.ids import rule_callback_id
from topics.callback_events import CallbackCancelled, CallbackRescheduled, CallbackScheduled, Owner, Source
from topics.codec import contact_key, encode, value_key
from topics.events import CallAnalysis, WrapUp
from topics.names import TopicName

CHANGE_AFTER_S = 1.0
DUE_AFTER_S = 3.0
DUE_AFTER_MAX_S = 6.0
DUE_UNLESS_CHANGED_S = 60.0
"""When a callback would fall due that is moved away or called off: far off, so that on a slow machine the change comes
first, too."""
TOMORROW = timedelta(days=1)


class Message(NamedTuple):
    """One record to send; `topic` without prefix."""

    topic: str
    key: bytes
    value: bytes | None


class Cue(NamedTuple):
    """A message and when it is sent, in seconds from the beginning of its scene."""

    at_s: float
    message: Message


def message(topic: str, value: msgspec.Struct) -> Message:
    """A struct with the key it must have."""
    return Message(topic, value_key(topic, value).encode(), encode(value))  # type: ignore[arg-type]


def answer_event_id(callback_id: str) -> str:
    """Id of the wrap-up that ends the call of a callback."""
    return f"wu-{callback_id}"


@dataclass(frozen=True, slots=True)
class Player:
    """One contact, the `number`th of all and the `index`th of its part; called `at_s` seconds into the story."""

    number: int
    index: int
    part: Part
    start: datetime
    at_s: float

    @property
    def key(self) -> str:
        """The contact's key."""
        return contact_key(LIST, contact_id(self.number))

    @property
    def ruled(self) -> str:
        """Id of the callback that the rules make of this contact's first wrap-up."""
        return rule_callback_id(LIST, contact_id(self.number), f"wu-{self.number}")

    @property
    def arranged(self) -> str:
        """Id of the callback that an agent arranges with this contact."""
        return f"cb-{self.number}"

    @property
    def answer(self) -> Answer:
        """How the call of its callback ends."""
        return self.part.answer(self.index)

    @property
    def soon(self) -> datetime:
        """When its callback falls due, if it does so while the story lasts."""
        return self.at(self.at_s + DUE_AFTER_S + self.index % 4)

    def at(self, seconds: float) -> datetime:
        """An instant of the story."""
        return self.start + timedelta(milliseconds=round(seconds * 1000))

    def play(self) -> Iterator[Cue]:
        """The events about this contact, in their order for each topic."""
        if self.part.plot is not Plot.NOT_CALLED:
            yield from self._callbacks()
            if self.part.plot is not Plot.AGENT_THEN_RULE:
                yield Cue(self.at_s, self.wrapped_up())

    def wrapped_up(self) -> Message:
        """The end of the contact's first call."""
        return message(TopicName.WRAP_UP, self._wrap_up())

    def call_ended(self, callback_id: str, now: datetime, code: str = SPOKE) -> Message:
        """The end of the call that a callback was for."""
        ended = WrapUp(
            event_id=answer_event_id(callback_id),
            occurred_at=now,
            conversation_id=f"conv-{callback_id}",
            campaign_id=self.part.campaign_id,
            contact_list_id=LIST,
            contact_id=contact_id(self.number),
            phone_number=phone_number(self.number),
            wrap_up_code=code,
            agent_id=f"agent-{self.number % 20}",
            callback_id=callback_id,
        )
        return message(TopicName.WRAP_UP, ended)

    def put_off(self, callback_id: str, now: datetime) -> Message:
        """The contact has no time, and the callback moves to the next day."""
        event = CallbackRescheduled(
            event_id=f"cr-{callback_id}",
            occurred_at=now,
            callback_id=callback_id,
            campaign_id=self.part.campaign_id,
            contact_list_id=LIST,
            contact_id=contact_id(self.number),
            due_at=now + TOMORROW,
            reason="call me tomorrow",
        )
        return message(TopicName.CALLBACK_SCHEDULED, event)

    def _callbacks(self) -> Iterator[Cue]:
        tomorrow = self.at(self.at_s) + TOMORROW
        later = self.at_s + CHANGE_AFTER_S
        unless_changed = self.at(self.at_s + DUE_UNLESS_CHANGED_S)
        match self.part.plot:
            case Plot.BY_AGENT:
                yield self._scheduled(self.soon)
            case Plot.BY_AGENT_TOMORROW | Plot.AGENT_THEN_RULE:
                yield self._scheduled(tomorrow)
            case Plot.MOVED_NEARER:
                yield self._scheduled(tomorrow)
                yield self._moved(later, self.soon)
            case Plot.MOVED_AWAY:
                yield self._scheduled(unless_changed)
                yield self._moved(later, tomorrow)
            case Plot.CALLED_OFF:
                yield self._scheduled(unless_changed)
                yield self._called_off(later)
            case Plot.ASKED_TWICE:
                yield self._scheduled(tomorrow)
                yield self._scheduled(tomorrow, second=True)
            case Plot.TOO_FAR_AHEAD:
                yield self._scheduled(self.at(self.at_s) + timedelta(days=31))

    def _wrap_up(self) -> WrapUp:
        minutes = {"BUSY": BUSY_MINUTES, "NO-ANSWER": NO_ANSWER_MINUTES}.get(self.part.code)
        occurred_at = self.at(self.at_s) if minutes is None else self.soon - timedelta(minutes=minutes)
        unanswered = self.part.code in ("NO-ANSWER", "ININ-OUTBOUND-STUCK-INTERACTION")
        return WrapUp(
            event_id=f"wu-{self.number}",
            occurred_at=occurred_at,
            conversation_id=f"conv-{self.number}",
            campaign_id=self.part.campaign_id,
            contact_list_id=LIST,
            contact_id=contact_id(self.number),
            phone_number=phone_number(self.number),
            phone_column="home",
            wrap_up_code=self.part.code,
            agent_id=None if unanswered or self.part.code == "BUSY" else f"agent-{self.number % 20}",
            call_analysis=CallAnalysis.NO_ANSWER if unanswered else None,
        )

    def _scheduled(self, due_at: datetime, *, second: bool = False) -> Cue:
        suffix = "-second" if second else ""
        event = CallbackScheduled(
            event_id=f"cs-{self.number}{suffix}",
            occurred_at=self.at(self.at_s) - timedelta(seconds=30),
            callback_id=self.arranged + suffix,
            source=(Source.WIDGET, Source.SCRIPT)[self.index % 2],
            campaign_id=self.part.campaign_id,
            contact_list_id=LIST,
            contact_id=contact_id(self.number),
            phone_number=phone_number(self.number),
            due_at=due_at,
            agent_id=f"agent-{self.number % 20}",
            owner=tuple(Owner)[self.index % 3],
            queue_id=f"{self.part.campaign_id}-desk",
            conversation_id=f"conv-{self.number}",
        )
        return Cue(self.at_s, message(TopicName.CALLBACK_SCHEDULED, event))

    def _moved(self, at_s: float, due_at: datetime) -> Cue:
        event = CallbackRescheduled(
            event_id=f"cr-{self.number}",
            occurred_at=self.at(at_s),
            callback_id=self.arranged,
            campaign_id=self.part.campaign_id,
            contact_list_id=LIST,
            contact_id=contact_id(self.number),
            due_at=due_at,
            actor=f"agent-{self.number % 20}",
        )
        return Cue(at_s, message(TopicName.CALLBACK_SCHEDULED, event))

    def _called_off(self, at_s: float) -> Cue:
        event = CallbackCancelled(
            event_id=f"cc-{self.number}",
            occurred_at=self.at(at_s),
            callback_id=self.arranged,
            campaign_id=self.part.campaign_id,
            contact_list_id=LIST,
            contact_id=contact_id(self.number),
            actor="supervisor-1",
        )
        return Cue(at_s, message(TopicName.CALLBACK_SCHEDULED, event))
