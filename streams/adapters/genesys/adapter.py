"""Genesys Cloud as an adapter: which events are used, what they are joined by, and what is kept meanwhile."""

from datetime import datetime

import msgspec

from streams.adapters.genesys import configuration, conversation, joining, shapes
from streams.adapters.genesys.envelopes import OF_CONVERSATIONS, Envelope, Kind, opened
from streams.adapters.reading import ms_of, shaped
from streams.adapters.seam import Raw, Routed, Rows, Skip, Spread, Stepped, Terms
from topics.codec import BadEvent, ErrorCode, contact_key

NAME = "genesys"
OF_CALLS = (None, "UNKNOWN", "VOICE", "CALLBACK")
"""Media of which events are used."""

CONVERSATION = "conversation"
BYTES_MAX = 128 * 1024
"""Of an event of a conversation, since several may have to wait in one row."""


class Genesys:
    """The adapter of one installation."""

    name = NAME

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def route(self, raw: Raw) -> Routed | Skip:
        """By conversation, by contact, or to the partition that has the campaigns. Raises BadEvent."""
        envelope = opened(raw)
        if isinstance(envelope, Skip):
            return envelope
        value = msgspec.json.encode(envelope.document)
        if envelope.kind not in OF_CONVERSATIONS:
            return _routed_configuration(envelope, value)
        if len(value) > BYTES_MAX:
            raise BadEvent(ErrorCode.TOO_LARGE, "$", f"An event of a conversation has at most {BYTES_MAX} bytes")
        return self._routed(envelope, value)

    def step(self, raw: Raw, rows: Rows, now: datetime) -> Stepped:
        """One more event. Raises BadEvent; then nothing changes."""
        envelope = opened(raw)
        assert isinstance(envelope, Envelope), "only what is used is routed"
        if envelope.kind not in OF_CONVERSATIONS:
            return configuration.step(envelope, raw, rows, self._terms, ms_of(now))
        key = f"{CONVERSATION}|{_conversation_id(envelope)}"
        turn = conversation.Turn(conversation.row_of(rows.get(key)), self._terms, ms_of(now))
        joining.hear(turn, envelope, raw)
        turn.done.writes[key] = conversation.stored(turn.ended())
        return turn.done

    def due_ms(self, key: str, row: bytes) -> int | None:
        """Of conversations, and of campaigns and contacts that wait."""
        if key.startswith(f"{CONVERSATION}|"):
            return conversation.due_ms(conversation.row_of(row))
        return configuration.due_ms(row) if key.startswith((f"{Kind.CAMPAIGN}|", f"{Kind.CONTACT}|")) else None

    def expire(self, key: str, row: bytes, now_ms: int) -> Stepped:
        """What has waited for too long becomes a dead letter; what is old is forgotten."""
        if not key.startswith(f"{CONVERSATION}|"):
            return configuration.expire(key, row, now_ms)
        left, letters = conversation.expire(conversation.row_of(row), now_ms)
        return Stepped(letters=letters, writes={key: None if left is None else conversation.stored(left)})

    def _routed(self, envelope: Envelope, value: bytes) -> Routed | Skip:
        if envelope.kind in (Kind.CALLBACK, Kind.POST_CONTACT):
            return Routed(_conversation_id(envelope), value)
        spoken = shaped(envelope.shown, shapes.Spoken, envelope.at)
        if (why := _passed_over(envelope.kind, spoken, self._terms)) is not None:
            return why
        return Routed(spoken.conversation_id, value)


def _passed_over(kind: Kind, spoken: shapes.Spoken, terms: Terms) -> Skip | None:
    """Why an event of a conversation is none of a campaign's call, or says nothing that is used."""
    if kind is Kind.ATTRIBUTES:
        used = {joining.LINK, *terms.attributes}
        return None if used & set(spoken.attributes or ()) else Skip.NOT_USED
    if spoken.media_type not in OF_CALLS:
        return Skip.OTHER_MEDIA
    if spoken.direction == "INBOUND" and spoken.media_type != "CALLBACK":
        return Skip.NOT_OUTBOUND
    if kind in (Kind.AFTER_CALL_WORK, Kind.WRAP_UP) and not spoken.wrapup_code:
        return Skip.NO_CODE
    return None


def _routed_configuration(envelope: Envelope, value: bytes) -> Routed:
    match envelope.kind:
        case Kind.CONTACT:
            contact = shaped(envelope.shown, shapes.Contact, envelope.at)
            return Routed(contact_key(contact.contact_list_id, contact.id), value)
        case Kind.DNC_NUMBERS:
            return Routed(envelope.object_id, value)
        case Kind.CONTACT_LIST:
            return Routed(envelope.object_id, value, Spread.ALL)
        case _:
            return Routed(envelope.object_id, value, Spread.FIRST)


def _conversation_id(envelope: Envelope) -> str:
    name = "id" if envelope.kind is Kind.CALLBACK else "conversationId"
    found = envelope.shown.get(name)
    if not isinstance(found, str) or not found:
        raise BadEvent(ErrorCode.INVALID, envelope.at, f"Object missing required field `{name}`")
    return found
