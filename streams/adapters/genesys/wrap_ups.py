"""Wrap-ups: of an event and the contact that it was joined with, or of a post-contact event, which has all."""

from streams.adapters.genesys.conversation import Facts, Turn
from streams.adapters.genesys.envelopes import Envelope
from streams.adapters.genesys.shapes import PostContact, Spoken
from streams.adapters.ids import made_of
from streams.adapters.numbers import to_dial
from streams.adapters.reading import instant, out
from streams.adapters.seam import Out
from topics.codec import BadEvent, ErrorCode
from topics.events import CallAnalysis, WrapUp
from topics.names import TopicName

CALLBACK = "CALLBACK"
DIALED_BEFORE_MS = 35 * 24 * 3600 * 1000
"""A call that was dialed longer ago would make its wrap-up too old."""

_DISPOSITION = "disposition.classification.callable."
_ANALYSIS = {
    "person": CallAnalysis.PERSON,
    "machine": CallAnalysis.MACHINE,
    "busy": CallAnalysis.BUSY,
    "noanswer": CallAnalysis.NO_ANSWER,
    "fax": CallAnalysis.FAX,
    "sit": CallAnalysis.SIT,
}


class Told:
    """A wrap-up before it is checked; its event_id is given when it is written."""

    def __init__(self, spoken: Spoken | PostContact, facts: Facts, phone_number: str, occurred_ms: int) -> None:
        self.conversation_id, self.wrap_up_code = spoken.conversation_id, spoken.wrapup_code or ""
        self.campaign_id, self.contact_list_id = facts.campaign_id, facts.contact_list_id
        self.contact_id, self.phone_number = facts.contact_id, phone_number
        self.occurred_ms = occurred_ms
        self.agent_id: str | None = None
        self.call_analysis: CallAnalysis | None = None
        self.callback_id: str | None = None
        self.attributes: dict[str, str] | None = None
        self.dialed_ms: int | None = None


def wrap_up_id(spoken: Spoken) -> str:
    """`acw` and `wrapup` of one party tell of the same wrap-up, so they have one id."""
    who = (spoken.participant_id, spoken.session_id)
    return made_of("wrap_up", spoken.conversation_id, *who, spoken.wrapup_code)


def post_contact_id(spoken: PostContact) -> str:
    """That of a post-contact event."""
    return made_of("post_contact", spoken.conversation_id, spoken.event_time, spoken.wrapup_code)


def joined(turn: Turn, facts: Facts, spoken: Spoken, envelope: Envelope) -> Told:
    """A wrap-up of an event that names no contact. Raises BadEvent."""
    is_callback = spoken.media_type == CALLBACK
    occurred_ms = envelope.at_ms if spoken.event_time is None else spoken.event_time
    told = Told(spoken, facts, _number(turn, facts, spoken, envelope), occurred_ms)
    told.agent_id = spoken.user_id or turn.row.agents.get(spoken.participant_id or "")
    told.callback_id = turn.row.linked or (spoken.conversation_id if is_callback else None)
    told.attributes = turn.row.attributes or None
    called_ms = None if is_callback else facts.called_ms
    if called_ms is not None and occurred_ms - DIALED_BEFORE_MS < called_ms <= occurred_ms:
        told.dialed_ms = called_ms
    return told


def of_post_contact(turn: Turn, spoken: PostContact, envelope: Envelope) -> Told:
    """A wrap-up of an event that has all. Raises BadEvent."""
    campaign_id, list_id = spoken.outbound_campaign_id, spoken.outbound_contact_list_id
    contact_id = spoken.outbound_contact_id
    if not (campaign_id and list_id and contact_id):
        raise BadEvent(ErrorCode.INVALID, envelope.at, "A campaign, contact list or contact is not named")
    voice = spoken.voice_attributes
    number = to_dial(
        voice.contact_phone_number if voice else None, turn.terms.region,
        f"{envelope.at}.voiceAttributes.contactPhoneNumber",
    )  # fmt: skip
    occurred_ms = envelope.at_ms if spoken.event_time is None else spoken.event_time
    told = Told(spoken, Facts(campaign_id, list_id, contact_id), number, occurred_ms)
    told.agent_id = spoken.agent_id
    told.call_analysis = analysis_of(spoken.call_analysis_disposition)
    told.callback_id = turn.row.linked
    told.attributes = turn.row.attributes or None
    return told


def analysis_of(disposition: str | None) -> CallAnalysis | None:
    """What call analysis heard, by the last part of a disposition, or its first part after `callable`."""
    word, _, _ = (disposition or "").lower().removeprefix(_DISPOSITION).partition(".")
    return _ANALYSIS.get(word)


def wrapped_up(told: Told, event_id: str) -> Out:
    """The record. Raises BadEvent."""
    event = WrapUp(
        event_id=event_id,
        occurred_at=instant(told.occurred_ms, "$"),
        conversation_id=told.conversation_id,
        campaign_id=told.campaign_id,
        contact_list_id=told.contact_list_id,
        contact_id=told.contact_id,
        phone_number=told.phone_number,
        wrap_up_code=told.wrap_up_code,
        agent_id=told.agent_id,
        call_analysis=told.call_analysis,
        callback_id=told.callback_id,
        attributes=told.attributes,
        dialed_at=None if told.dialed_ms is None else instant(told.dialed_ms, "$"),
    )
    return out(TopicName.WRAP_UP, event)


def _number(turn: Turn, facts: Facts, spoken: Spoken, envelope: Envelope) -> str:
    """The number that was dialed."""
    if spoken.media_type == CALLBACK:
        if spoken.callback_numbers:
            return to_dial(spoken.callback_numbers[0], turn.terms.region, f"{envelope.at}.callbackNumbers[0]")
        if turn.row.callback is not None:
            return turn.row.callback.phone_number
    if facts.phone_number is not None:
        return facts.phone_number
    return to_dial(spoken.dnis, turn.terms.region, f"{envelope.at}.dnis")
