"""Whether a callback that falls due keeps to the rate of its campaign, and has to wait for it.

It looks at nothing unless a campaign asks for it.
Source: docs/rules.md, section 9; docs/decisions/0047-holds-and-paces.md.
"""

from datetime import datetime
from typing import NamedTuple

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.pacing import gap_of, governs_due
from streams.logic.contact.callback import TimerKind
from streams.logic.contact.exchange import Outcome
from streams.logic.contact.rows import decode_outline
from streams.logic.partition.waiting_room import WaitingRoom
from topics.configuration import Campaign


class Turn(NamedTuple):
    """Of a callback whose timer fires. campaign_id: whose rate governs it, None if none does. waits: has to wait."""

    campaign_id: str | None = None
    waits: bool = False


UNPACED = Turn()


class Pacing:
    """Of one partition."""

    def __init__(self, partitions: int, configuration: Configuration, waiting: WaitingRoom) -> None:
        self._partitions = partitions
        self._configuration = configuration
        self._waiting = waiting

    def turn(self, row: bytes | None, callback_id: str, now: datetime) -> Turn:
        """Of a callback whose timer fires now. row: of its contact."""
        campaign = self._campaign_of(row, callback_id) if row is not None and self._configuration.paced else None
        if campaign is None:
            return UNPACED
        gap = gap_of(campaign, self._partitions)
        return Turn(campaign.campaign_id, self._waiting.is_full(campaign.campaign_id, gap, now))

    def took(self, turn: Turn, outcome: Outcome, now: datetime) -> None:
        """What came of it: a command counts."""
        if turn.campaign_id is not None and outcome.fired:
            self._waiting.passed(turn.campaign_id, now)

    def _campaign_of(self, row: bytes, callback_id: str) -> Campaign | None:
        """The campaign of the callback, if it falls due and the rate governs that."""
        configuration = self._configuration
        callback = next((one for one in decode_outline(row).callbacks if one.callback_id == callback_id), None)
        if callback is None or callback.campaign_id not in configuration.paced:
            return None
        if callback.timer is None or callback.timer.kind is not TimerKind.DUE:
            return None
        campaign = configuration.campaigns[callback.campaign_id]
        return campaign if governs_due(campaign, moved=callback.first_due_at is not None) else None
