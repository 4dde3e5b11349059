"""The envelope of an event, and which kind of event is in it.

EventBridge has the notification in `detail`; a notification by itself, as a WebSocket gives it, is read too.
"""

import re
from enum import StrEnum
from typing import Any

from msgspec import Struct

from streams.adapters.reading import instant_ms, object_of
from streams.adapters.seam import Raw, Skip
from topics.codec import BadEvent, ErrorCode


class Kind(StrEnum):
    """What an event is about."""

    OUTBOUND = "outbound"
    AFTER_CALL_WORK = "acw"
    WRAP_UP = "wrapup"
    ATTRIBUTES = "attributes"
    USER_START = "user.start"
    USER_END = "user.end"
    POST_CONTACT = "post_contact"
    CALLBACK = "callback"
    CAMPAIGN = "campaign"
    CONTACT_LIST = "contact_list"
    ATTEMPT_LIMITS = "attempt_limits"
    WRAP_UP_MAPPING = "wrap_up_mapping"
    RULE_SET = "rule_set"
    CALLABLE_TIME_SET = "callable_time_set"
    CONTACT = "contact"
    DNC_NUMBERS = "dnc_numbers"


ID = "{id}"
_CONVERSATION = f"v2.detail.events.conversation.{ID}."
_OUTBOUND = "v2.outbound."
USED: dict[str, Kind] = {
    f"{_CONVERSATION}outbound": Kind.OUTBOUND,
    f"{_CONVERSATION}acw": Kind.AFTER_CALL_WORK,
    f"{_CONVERSATION}wrapup": Kind.WRAP_UP,
    f"{_CONVERSATION}attributes": Kind.ATTRIBUTES,
    f"{_CONVERSATION}user.start": Kind.USER_START,
    f"{_CONVERSATION}user.end": Kind.USER_END,
    f"{_OUTBOUND}voice.campaigns.contact.postContact": Kind.POST_CONTACT,
    f"{_OUTBOUND}preview.campaigns.contact.postContact": Kind.POST_CONTACT,
    f"v2.users.{ID}.conversations.callbacks": Kind.CALLBACK,
    f"v2.routing.queues.{ID}.conversations.callbacks": Kind.CALLBACK,
    f"{_OUTBOUND}campaigns.{ID}": Kind.CAMPAIGN,
    f"{_OUTBOUND}contactlists.{ID}": Kind.CONTACT_LIST,
    f"{_OUTBOUND}attemptlimits.{ID}": Kind.ATTEMPT_LIMITS,
    f"{_OUTBOUND}wrapupcodemappings": Kind.WRAP_UP_MAPPING,
    f"{_OUTBOUND}wrapupcodemappings.{ID}": Kind.WRAP_UP_MAPPING,
    f"{_OUTBOUND}rulesets.{ID}": Kind.RULE_SET,
    f"{_OUTBOUND}callabletimesets.{ID}": Kind.CALLABLE_TIME_SET,
    # Genesys has no event of these; whoever asks its API puts the answer into the same envelope.
    f"{_OUTBOUND}contactlists.{ID}.contacts": Kind.CONTACT,
    f"{_OUTBOUND}dnclists.{ID}.phonenumbers": Kind.DNC_NUMBERS,
}
_PASSED_OVER = (
    _CONVERSATION,
    f"{_OUTBOUND}voice.campaigns.contact.preContact",
    f"{_OUTBOUND}preview.campaigns.contact.preContact",
    *(f"{_OUTBOUND}campaigns.{ID}.{part}" for part in ("progress", "stats")),
    *(f"{_OUTBOUND}{part}" for part in ("campaignrules", "contactlistfilters", "sequences", "schedules", "settings")),
    f"{_OUTBOUND}dnclists.{ID}",
    "channel.metadata",
)
OF_CONVERSATIONS = tuple(Kind)[: tuple(Kind).index(Kind.CAMPAIGN)]
"""What is joined by its conversation."""

REMOVABLE = (Kind.CAMPAIGN, Kind.CONTACT_LIST, Kind.ATTEMPT_LIMITS, Kind.WRAP_UP_MAPPING, Kind.RULE_SET,
             Kind.CALLABLE_TIME_SET)  # fmt: skip
"""What is removed by a body of null."""

PERSONAL = ("wrapupNotes", "callbackUserName", "subject", "notes")
"""Fields of bodies that are taken out before anything else is done: nothing of ours needs them."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Envelope(Struct, frozen=True):
    """A notification. object_id: that of its topic, "" if there is none. at_ms: when it was sent.

    document: all of it, without what is personal; body: its `eventBody`, None for something that was removed.
    at: path of the body in the document.
    """

    kind: Kind
    object_id: str
    at_ms: int
    at: str
    document: dict[str, Any]
    body: dict[str, Any] | None

    @property
    def shown(self) -> dict[str, Any]:
        """The body, of what cannot be removed."""
        return self.body or {}


def opened(raw: Raw) -> Envelope | Skip:
    """What a record holds, or why it is passed over. Raises BadEvent for what is no envelope."""
    document = object_of(raw.value)
    detail = document.get("detail", document)
    if not isinstance(detail, dict):
        raise BadEvent(ErrorCode.INVALID, "$.detail", "Expected `object`")
    at = "$.detail" if "detail" in document else "$"
    name = _text(detail, "topicName")
    kind = _kind(_text(document, "detail-type"), name)
    if not isinstance(kind, Kind):
        return kind
    body = detail.get("eventBody")
    if body is None and kind in REMOVABLE and "eventBody" in detail:
        return Envelope(kind, _object_id(name), _sent_ms(document, raw), f"{at}.eventBody", document, None)
    if not isinstance(body, dict):
        raise BadEvent(ErrorCode.INVALID, f"{at}.eventBody", "Expected `object`")
    _take_out_personal(kind, body)
    return Envelope(kind, _object_id(name), _sent_ms(document, raw), f"{at}.eventBody", document, body)


def _kind(of_bus: str, name: str) -> Kind | Skip:
    """By the type that the bus gives it, which has `{id}` in it, else by the notification's own topic."""
    if not of_bus and not name:
        raise BadEvent(ErrorCode.INVALID, "$", "Object missing required field `detail-type` or `topicName`")
    passed_over = Skip.UNKNOWN_TYPE
    for text in filter(None, (of_bus, name)):
        general = ".".join(ID if _UUID.fullmatch(part) else part for part in text.split("."))
        if found := USED.get(general):
            return found
        if general.startswith(_PASSED_OVER):
            passed_over = Skip.NOT_USED
    return passed_over


def _object_id(name: str) -> str:
    """The first id in the topic of a notification."""
    return next((part for part in name.split(".") if _UUID.fullmatch(part)), "")


def _sent_ms(document: dict[str, Any], raw: Raw) -> int:
    """When the bus took it; of a notification by itself, when it was written to the raw topic."""
    text = _text(document, "time")
    return instant_ms(text, "$.time") if text else raw.timestamp_ms


def _text(document: dict[str, Any], name: str) -> str:
    found = document.get(name)
    return found if isinstance(found, str) else ""


def _take_out_personal(kind: Kind, body: dict[str, Any]) -> None:
    """Attributes, and columns of contacts, may have any name: what is passed on of them is on a list."""
    if kind in OF_CONVERSATIONS:
        participants = [one for one in _listed(body.get("participants")) if isinstance(one, dict)]
        wrap_ups = [one["wrapup"] for one in participants if isinstance(one.get("wrapup"), dict)]
        for one in (body, *participants, *wrap_ups):
            for name in PERSONAL:
                one.pop(name, None)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
