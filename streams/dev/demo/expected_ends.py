"""The expected end of each callback of the demo, contact by contact. Pure.

It follows from the parts and not from what the worker writes: whatever differs is a bug, here or there.
"""

from collections.abc import Iterator

from streams.dev.demo.cast import FLASH_SALE, LIST, LOYALTY, PILOT, Answer, Hindrance, Plot, contact_id
from streams.dev.demo.plots import Player, answer_event_id
from streams.dev.demo.tally import End, Name
from streams.logic.contact.ids import rule_callback_id
from topics.records import Transition

_NOT_DUE = {
    Plot.BY_AGENT_TOMORROW: Transition.SCHEDULED,
    Plot.ASKED_TWICE: Transition.SCHEDULED,
    Plot.AGENT_THEN_RULE: Transition.SCHEDULED,
    Plot.MOVED_AWAY: Transition.RESCHEDULED,
    Plot.CALLED_OFF: Transition.CANCELLED,
}
"""Where a callback stands that an agent arranged and that does not fall due while the story lasts."""

_NEVER_LET_OUT = {FLASH_SALE: Transition.EXPIRED, PILOT: Transition.BLOCKED}
"""How callbacks end that wait for a campaign which does not come on."""

_HINDERED = {Hindrance.ON_DNC: Transition.BLOCKED, Hindrance.ASLEEP: Transition.RESCHEDULED}
"""What the checks make of a callback that the system would have placed."""


def ends(player: Player) -> Iterator[tuple[Name, End]]:
    """What must become of a contact's callbacks."""
    part = player.part
    if part.hindrance is not None:
        yield _hindered(player, part.hindrance)
        return
    if part.plot in _NOT_DUE:
        yield (player.key, player.arranged), End(0, 0, _NOT_DUE[part.plot])
    match part.plot:
        case Plot.BY_AGENT | Plot.MOVED_NEARER:
            yield from _gone_out(player, player.arranged, as_preview=True)
        case Plot.AGENT_THEN_RULE:
            yield from _gone_out(player, player.ruled, as_preview=True)
        case Plot.BY_RULE_TOMORROW:
            yield (player.key, player.ruled), End(0, 0, Transition.SCHEDULED)
        case Plot.BY_RULE if part.campaign_id in _NEVER_LET_OUT:
            yield (player.key, player.ruled), End(0, 0, _NEVER_LET_OUT[part.campaign_id])
        case Plot.BY_RULE:
            yield from _gone_out(player, player.ruled, as_preview=part.campaign_id == LOYALTY)


def _hindered(player: Player, hindrance: Hindrance) -> tuple[Name, End]:
    if player.part.plot is Plot.BY_AGENT:
        # The agent sees it, asks, and may not call.
        return (player.key, player.arranged), End(1, 0, Transition.PRESENTED)
    return (player.key, player.ruled), End(0, 0, _HINDERED[hindrance])


def _gone_out(player: Player, callback_id: str, *, as_preview: bool) -> Iterator[tuple[Name, End]]:
    answer = player.answer
    handed_out = Transition.PRESENTED if as_preview else Transition.DIALING
    state = {Answer.NOT_YET: handed_out, Answer.TOMORROW: Transition.RESCHEDULED}.get(answer, Transition.COMPLETED)
    yield (player.key, callback_id), End(int(as_preview), int(not as_preview), state)
    if answer is Answer.BUSY_AGAIN:
        again = rule_callback_id(LIST, contact_id(player.number), answer_event_id(callback_id))
        yield (player.key, again), End(0, 0, Transition.SCHEDULED)
