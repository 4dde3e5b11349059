"""The story of the demo as data: what is set up, what is sent when, how calls end, and what must come of it all.

Pure: the beginning of the story and the instant of an answer are arguments.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from msgspec.structs import replace

from streams.dev.demo.cast import (
    CONTACTS,
    PARTS,
    PILOT,
    RENEWALS,
    SPOKE,
    WINBACK,
    Answer,
    Hindrance,
    Plot,
    campaigns,
    contact,
    do_not_call,
    hours,
    rules,
    winback,
)
from streams.dev.demo.expected_ends import ends
from streams.dev.demo.plots import DUE_AFTER_MAX_S, Cue, Message, Player, message
from streams.dev.demo.tally import ALLOWED, Expected
from topics.callback_events import CallbackCancelled
from topics.codec import contact_key, encode
from topics.commands import Checks, DialCommand
from topics.configuration import CampaignStatus
from topics.events import CampaignRecycle, PlacementOrigin, PlacementRequested, WrapUp
from topics.names import TopicName
from topics.records import CallbackLifecycle, Reason, Transition

REDELIVERED_EVERY = 25
AFTER_MORNING_S = 13.0
"""What comes after the morning: the last callbacks fall due, campaigns change, the last answers."""

# Coprime to the number of contacts, so that every contact has its turn once and the parts are mixed.
STRIDE = 389


def setting(now: datetime) -> tuple[Message, ...]:
    """What is there before the worker starts: campaigns, rules, hours, numbers not to be called, contacts."""
    return (
        *(message(TopicName.CAMPAIGNS, campaign) for campaign in campaigns()),
        message(TopicName.RULE_SETS, rules()),
        message(TopicName.CALLABLE_TIME_SETS, hours(now)),
        *(message(TopicName.DNC_ENTRIES, entry) for entry in do_not_call()),
        *(message(TopicName.CONTACTS, contact(number)) for number in range(CONTACTS)),
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the story: it begins when so many callbacks of a campaign wait, and then its cues are played."""

    title: str
    cues: tuple[Cue, ...]
    begins_with_waiting: tuple[str, int] | None = None


class Story:
    """A story of about `seconds` (20 or more) that begins at `start`, an instant in whole milliseconds."""

    def __init__(self, start: datetime, seconds: float) -> None:
        self.start = start
        self.morning_s = seconds - AFTER_MORNING_S
        self.players = tuple(self._players())
        self._by_key = {player.key: player for player in self.players}

    def _players(self) -> Iterator[Player]:
        number = 0
        for part in PARTS:
            for index in range(part.count):
                turn = number * STRIDE % CONTACTS
                yield Player(number, index, part, self.start, round(self.morning_s * turn / CONTACTS, 3))
                number += 1

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """What is sent, scene by scene."""
        return (
            Scene("The morning: calls are wrapped up, agents and rules arrange callbacks", self._morning()),
            Scene(
                "Campaign winback comes on: what has waited for it goes out",
                (Cue(0, message(TopicName.CAMPAIGNS, winback(CampaignStatus.ON))),),
                (WINBACK, self._count(Plot.BY_RULE, WINBACK)),
            ),
            Scene(
                "Campaign pilot is removed: what has waited for it is blocked",
                (Cue(0, Message(TopicName.CAMPAIGNS, PILOT.encode(), None)),),
                (PILOT, self._count(Plot.BY_RULE, PILOT)),
            ),
            Scene("The last callbacks fall due, the last calls end", ()),
        )

    @cached_property
    def expected(self) -> Expected:
        """What must come of it."""
        return Expected(
            ends={name: end for player in self.players for name, end in ends(player)},
            placements=Counter({ALLOWED: self._allowed(), Reason.DNC.value: self._hindered()}),
            rejections=Counter(
                {
                    Reason.SECOND_FOR_CONVERSATION.value: self._count(Plot.ASKED_TWICE),
                    Reason.TOO_FAR_AHEAD.value: self._count(Plot.TOO_FAR_AHEAD),
                    Reason.CALLBACK_UNKNOWN.value: 1,
                    Reason.RECYCLED_TOO_SOON.value: 1,
                }
            ),
            dead_letters=Counter(undecodable=1, invalid=1, wrong_key=1, campaign_unknown=1),
        )

    def ask(self, command: DialCommand, now: datetime) -> Message | None:
        """What an agent who has been shown a callback sends before the call; None for a call of the system."""
        if command.checks is not Checks.AT_PLACEMENT or self._player(command).answer is Answer.NOT_YET:
            return None
        request = PlacementRequested(
            event_id=f"pr-{command.command_id}",
            request_id=command.command_id,
            occurred_at=now,
            origin=PlacementOrigin.CALLBACK,
            callback_id=command.callback_id,
            campaign_id=command.campaign_id,
            contact_list_id=command.contact_list_id,
            contact_id=command.contact_id,
            phone_number=command.phone_number,
            agent_id=command.agent_id,
        )
        return message(TopicName.PLACEMENT_REQUESTED, request)

    def answer(self, command: DialCommand, now: datetime) -> tuple[Message, ...]:
        """The events after a call that a command asked for. now: the end of the call."""
        player = self._player(command)
        match player.answer:
            case Answer.NOT_YET:
                return ()
            case Answer.TOMORROW:
                return (player.put_off(command.callback_id, now),)
            case Answer.BUSY_AGAIN:
                return (player.call_ended(command.callback_id, now, "BUSY"),)
            case Answer.SPOKE:
                return (player.call_ended(command.callback_id, now),)

    def after(self, record: CallbackLifecycle[object], now: datetime) -> tuple[Message, ...]:
        """What is sent once a callback is known to be where the next event needs it.

        Kafka has no order between two topics, so whoever sends on both has to see the first one done.
        """
        player = self._by_key.get(contact_key(record.contact_list_id or "", record.contact_id or ""))
        match record.transition:
            case Transition.SCHEDULED if player and player.part.plot is Plot.AGENT_THEN_RULE:
                return (player.wrapped_up(),) if record.callback_id == player.arranged else ()
            case Transition.RESCHEDULED if player and player.answer is Answer.TOMORROW:
                assert record.callback_id, "only a rejection may lack it"
                return (player.call_ended(record.callback_id, now),)
        return ()

    def _player(self, command: DialCommand) -> Player:
        return self._by_key[contact_key(command.contact_list_id, command.contact_id)]

    def _allowed(self) -> int:
        """Calls that agents ask about and may make: every preview that somebody answers, but the hindered ones."""
        ends_of = ((player, end) for player in self.players for _, end in ends(player))
        return sum(
            end.previews
            for player, end in ends_of
            if player.part.hindrance is None and player.answer is not Answer.NOT_YET
        )

    def _hindered(self) -> int:
        plot, hindrance = Plot.BY_AGENT, Hindrance.ON_DNC
        return sum(part.count for part in PARTS if (part.plot, part.hindrance) == (plot, hindrance))

    def _morning(self) -> tuple[Cue, ...]:
        played = [cue for player in self.players for cue in player.play()]
        again = [Cue(cue.at_s + DUE_AFTER_MAX_S / 2, cue.message) for cue in played[::REDELIVERED_EVERY]]
        return tuple(sorted([*played, *again, *self._strange(), *self._recycles()], key=lambda cue: cue.at_s))

    def _recycles(self) -> Iterator[Cue]:
        """A new pass begins, by a button pressed twice. Callbacks stay as they are."""
        at_s = 0.6 * self.morning_s
        for number in range(2):
            pressed = self.start + timedelta(seconds=at_s + number)
            event = CampaignRecycle(event_id=f"rc-{number}", occurred_at=pressed, campaign_id=RENEWALS)
            yield Cue(at_s + number, message(TopicName.CAMPAIGN_RECYCLE, event))

    def _strange(self) -> Iterator[Cue]:
        """Events that cannot be used, and one about a callback that nobody knows; all of contacts not called."""
        players = [player for player in self.players if player.part.plot is Plot.NOT_CALLED]
        at_s = 0.4 * self.morning_s
        good = WrapUp(
            event_id="wu-strange",
            occurred_at=self.start,
            conversation_id="conv-strange",
            campaign_id=RENEWALS,
            contact_list_id=contact(0).contact_list_id,
            contact_id=contact(players[0].number).contact_id,
            phone_number=contact(players[0].number).numbers[0].phone_number,
            wrap_up_code=SPOKE,
        )
        key = players[0].key.encode()
        yield Cue(at_s, Message(TopicName.WRAP_UP, key, b"<wrap-up>not JSON</wrap-up>"))
        yield Cue(at_s, Message(TopicName.WRAP_UP, key, encode(good).replace(b'"occurred_at"', b'"occured_at"')))
        yield Cue(at_s, Message(TopicName.WRAP_UP, players[1].key.encode(), encode(good)))
        yield Cue(at_s, message(TopicName.WRAP_UP, replace(good, campaign_id="nobody-told-us")))
        unknown = CallbackCancelled(
            event_id="cc-strange",
            occurred_at=self.start,
            callback_id="cb-unknown",
            campaign_id=RENEWALS,
            contact_list_id=good.contact_list_id,
            contact_id=good.contact_id,
        )
        yield Cue(at_s, message(TopicName.CALLBACK_SCHEDULED, unknown))

    def _count(self, plot: Plot, campaign_id: str | None = None) -> int:
        return sum(part.count for part in PARTS if part.plot is plot and campaign_id in (None, part.campaign_id))
