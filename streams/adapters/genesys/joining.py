"""Joins the events of a conversation: wrap-ups with the contact, whichever comes first.

Source: docs/adapters.md, section "What becomes of what".
"""

from collections.abc import Callable
from typing import Any

import msgspec

from streams.adapters.genesys import callbacks
from streams.adapters.genesys.conversation import AGENTS_MAX, Facts, Half, Turn
from streams.adapters.genesys.envelopes import Envelope, Kind, opened
from streams.adapters.genesys.shapes import PostContact, Spoken
from streams.adapters.genesys.wrap_ups import joined, of_post_contact, post_contact_id, wrap_up_id, wrapped_up
from streams.adapters.numbers import e164
from streams.adapters.reading import instant, shaped
from streams.adapters.seam import Raw, Skip
from topics.codec import BadEvent, ErrorCode

LINK = "ringbackCallbackId"
"""The attribute of a conversation by which a call says which callback it is."""


def hear(turn: Turn, envelope: Envelope, raw: Raw) -> None:
    """One more event of a conversation. Raises BadEvent for one that cannot be mapped."""
    if envelope.kind is Kind.CALLBACK:
        callbacks.hear(turn, envelope, raw)
    elif envelope.kind is Kind.POST_CONTACT:
        _post_contact(turn, shaped(envelope.shown, PostContact, envelope.at), envelope)
    else:
        _HEARD[envelope.kind](turn, shaped(envelope.shown, Spoken, envelope.at), envelope, raw)
    if turn.row.facts is not None and turn.row.waiting:
        _release(turn)


def _release(turn: Turn) -> None:
    """The contact is known: whatever waited for it is heard again, in its order."""
    waiting = turn.row.waiting
    turn.learn(waiting=())
    for half in waiting:
        try:
            envelope = opened(half.raw)
            assert isinstance(envelope, Envelope), "what waits was read before"
            hear(turn, envelope, half.raw)
        except BadEvent as bad:
            turn.refuse(half.raw, bad)


def _outbound(turn: Turn, spoken: Spoken, envelope: Envelope, raw: Raw) -> None:
    called_ms = envelope.at_ms if spoken.event_time is None else spoken.event_time
    instant(called_ms, f"{envelope.at}.eventTime")  # What no calendar has could not be kept.
    facts = Facts(
        campaign_id=_needed(spoken.outbound_campaign_id, envelope, "outboundCampaignId"),
        contact_list_id=_needed(spoken.outbound_contact_list_id, envelope, "outboundContactListId"),
        contact_id=_needed(spoken.outbound_contact_id, envelope, "outboundContactId"),
        phone_number=e164(spoken.dnis, turn.terms.region),
        called_ms=called_ms,
    )
    before = turn.row.facts
    if before is not None and _contact(before) != _contact(facts):
        raise BadEvent(ErrorCode.ID_REUSED, f"{envelope.at}.conversationId", "The conversation has another contact")
    if before is not None and before.called_ms is not None:
        turn.skip(Skip.REPEATED)
        return
    turn.learn(facts=facts)
    if not turn.row.written:
        turn.learn(outbound=Half(raw, turn.now_ms + turn.terms.window_ms))
        turn.done.waiting += 1


def _contact(facts: Facts) -> tuple[str, str, str]:
    return facts.campaign_id, facts.contact_list_id, facts.contact_id


def _needed(value: str | None, envelope: Envelope, name: str) -> str:
    if not value:
        raise BadEvent(ErrorCode.INVALID, envelope.at, f"Object missing required field `{name}`")
    return value


def _wrapped(turn: Turn, spoken: Spoken, envelope: Envelope, raw: Raw) -> None:
    if turn.row.facts is None:
        turn.put_by(raw)
        return
    event_id = wrap_up_id(spoken)
    turn.wrap_up(event_id, wrapped_up(joined(turn, turn.row.facts, spoken, envelope), event_id))


def _post_contact(turn: Turn, spoken: PostContact, envelope: Envelope) -> None:
    if not spoken.wrapup_code:
        turn.skip(Skip.NO_CODE)
        return
    told = of_post_contact(turn, spoken, envelope)
    turn.wrap_up(event_id := post_contact_id(spoken), wrapped_up(told, event_id))
    if turn.row.facts is None:
        turn.learn(facts=Facts(told.campaign_id, told.contact_list_id, told.contact_id, told.phone_number))


def _attributes(turn: Turn, spoken: Spoken, envelope: Envelope, raw: Raw) -> None:
    given = spoken.attributes or {}
    allowed = {name: text for name in sorted(turn.terms.attributes) if (text := as_text(given.get(name))) is not None}
    link = given.get(LINK)
    turn.learn(
        attributes=turn.row.attributes | allowed, linked=link if isinstance(link, str) and link else turn.row.linked
    )


def as_text(value: Any) -> str | None:
    """An attribute as Ringback has them; None for a list, an object or nothing."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, bool | int | float) else None


def _user(turn: Turn, spoken: Spoken, envelope: Envelope, raw: Raw) -> None:
    who, agent = spoken.participant_id, spoken.user_id
    if who is None or agent is None or len(turn.row.agents) >= AGENTS_MAX:
        turn.skip(Skip.NOT_USED)
        return
    turn.learn(agents=turn.row.agents | {who: agent})


_HEARD: dict[Kind, Callable[[Turn, Spoken, Envelope, Raw], None]] = {
    Kind.OUTBOUND: _outbound,
    Kind.AFTER_CALL_WORK: _wrapped,
    Kind.WRAP_UP: _wrapped,
    Kind.ATTRIBUTES: _attributes,
    Kind.USER_START: _user,
    Kind.USER_END: _user,
}
