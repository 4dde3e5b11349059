"""Callback conversations: a callback is its conversation, which is told whole after every change.

Source: docs/adapters.md, section "What becomes of what".
"""

from msgspec.structs import replace

from streams.adapters.callback_changes import Known, between, called_off
from streams.adapters.genesys.conversation import Facts, Turn
from streams.adapters.genesys.envelopes import Envelope, Kind, opened
from streams.adapters.genesys.shapes import CallbackConversation, Participant, Routing, Scored
from streams.adapters.numbers import to_dial
from streams.adapters.reading import instant_ms, shaped
from streams.adapters.seam import Out, Raw, Skip
from topics.callback_events import Owner
from topics.codec import BadEvent, ErrorCode

SCHEDULED = "scheduled"
OVER = ("disconnected", "terminated")
AGENT_OWNED = "AGENT_OWNED_CALLBACK"
AGENTS = ("agent", "user")
WHOLLY = 100
"""The score of an agent who owns a callback."""


def hear(turn: Turn, envelope: Envelope, raw: Raw) -> None:
    """A callback conversation as it is now. Raises BadEvent for one that cannot be mapped."""
    conversation = shaped(envelope.shown, CallbackConversation, envelope.at)
    _learn_contact(turn, conversation)
    is_scheduled = [one for one in conversation.participants if one.state == SCHEDULED]
    if not is_scheduled:
        _not_scheduled(turn, conversation, envelope)
    elif envelope.at_ms < turn.row.over_ms:
        turn.skip(Skip.SUPERSEDED)
    elif turn.row.facts is None:
        _put_by(turn, envelope, raw)
    else:
        _scheduled(turn, turn.row.facts, conversation.id, is_scheduled[-1], envelope)


def _learn_contact(turn: Turn, conversation: CallbackConversation) -> None:
    """A preview names the contact as `outbound` does."""
    for one in conversation.participants:
        preview = one.outbound_preview
        if preview and preview.campaign_id and preview.contact_list_id and preview.contact_id and not turn.row.facts:
            turn.learn(facts=Facts(preview.campaign_id, preview.contact_list_id, preview.contact_id))


def _put_by(turn: Turn, envelope: Envelope, raw: Raw) -> None:
    """It waits for its contact; an older state of it that waits has had its time, or this one has."""
    for half in turn.row.waiting:
        other = opened(half.raw)
        if isinstance(other, Envelope) and other.kind is Kind.CALLBACK:
            turn.skip(Skip.SUPERSEDED)
            if other.at_ms > envelope.at_ms:
                return
            turn.learn(waiting=tuple(one for one in turn.row.waiting if one is not half))
    turn.put_by(raw)


def _scheduled(turn: Turn, facts: Facts, callback_id: str, one: Participant, envelope: Envelope) -> None:
    at = f"{envelope.at}.participants[...]"
    routing = one.conversation_routing_data
    owner, agent_id = owner_of(routing)
    queue = (routing.queue if routing else None) or one.queue
    after = Known(
        callback_id=callback_id,
        campaign_id=facts.campaign_id,
        contact_list_id=facts.contact_list_id,
        contact_id=facts.contact_id,
        due_ms=_due_ms(one, f"{at}.callbackScheduledTime"),
        phone_number=to_dial((one.callback_numbers or ("",))[0], turn.terms.region, f"{at}.callbackNumbers"),
        owner=owner,
        agent_id=agent_id,
        queue_id=queue.id if queue else None,
        conversation_id=callback_id,
        at_ms=envelope.at_ms,
    )
    found = between(turn.row.callback, after)
    if isinstance(found, Out):
        turn.done.outs.append(found)
    else:
        turn.skip(found)
    if found is not Skip.SUPERSEDED:
        turn.learn(callback=after, participant_id=one.id)


def _due_ms(one: Participant, at: str) -> int:
    due = one.callback_scheduled_time
    if due is None:
        raise BadEvent(ErrorCode.INVALID, at, "A scheduled callback has no time")
    return due if isinstance(due, int) else instant_ms(due, at)


def owner_of(routing: Routing | None) -> tuple[Owner, str | None]:
    """Whom a callback is for, and which agent.

    One agent with the full score owns it, unless the flags are told and do not say so; otherwise agents with a score
    are preferred, the one with the highest.
    """
    scored = [one for one in (routing.scored_agents if routing else None) or () if one.agent and one.agent.id]
    if not scored:
        return Owner.ANYONE, None
    best = max(scored, key=_score)
    flags = routing.routing_flags if routing else None
    is_owned = len(scored) == 1 and _score(best) == WHOLLY and (flags is None or AGENT_OWNED in flags)
    return (Owner.ONLY if is_owned else Owner.PREFERRED), best.agent.id if best.agent else None


def _score(one: Scored) -> int:
    return one.score or 0


def _not_scheduled(turn: Turn, conversation: CallbackConversation, envelope: Envelope) -> None:
    """It is on its way to an agent, or over; that it went to no agent calls it off."""
    known = turn.row.callback
    if known is None or known.ended:
        is_over = bool(conversation.participants) and all(one.state in OVER for one in conversation.participants)
        turn.learn(over_ms=max(turn.row.over_ms, envelope.at_ms) if is_over else turn.row.over_ms)
        turn.skip(Skip.NOT_OUTSTANDING)
        return
    own = [one for one in conversation.participants if one.id == turn.row.participant_id]
    if envelope.at_ms < known.at_ms or not own:
        turn.skip(Skip.SUPERSEDED if own else Skip.UNCHANGED)
        return
    if own[0].state not in OVER or _reached_an_agent(conversation, known.at_ms):
        turn.skip(Skip.UNCHANGED)
        return
    turn.done.outs.append(called_off(known, envelope.at_ms, own[0].disconnect_type))
    turn.learn(callback=replace(known, ended=True, at_ms=envelope.at_ms), over_ms=envelope.at_ms)


def _reached_an_agent(conversation: CallbackConversation, since_ms: int) -> bool:
    """Whether an agent has had it since then: its wrap-up ends it. An agent of the call before does not count."""
    for one in conversation.participants:
        if one.purpose in AGENTS and one.connected_time:
            try:
                if instant_ms(one.connected_time, "$") >= since_ms:
                    return True
            except BadEvent:
                return True
    return False
