"""What is read of the bodies of events and of the answers of the API, by the names that Genesys gives them.

Every field may be absent, so each is optional here; what must be there is said where it is used. A body is read only
as far as it is used: an unknown field, or word, is no error.
"""

from typing import Any

from msgspec import Struct


class Named(Struct, frozen=True, rename="camel"):
    """A reference to something."""

    id: str | None = None


class Spoken(Struct, frozen=True, rename="camel"):
    """What events of a conversation have in common, and what each may add. Times: milliseconds of the epoch.

    Source: the detail events `outbound`, `acw`, `wrapup`, `attributes`, `user.start`, `user.end`.
    """

    conversation_id: str
    event_time: int | None = None
    participant_id: str | None = None
    session_id: str | None = None
    media_type: str | None = None
    direction: str | None = None
    dnis: str | None = None
    user_id: str | None = None
    queue_id: str | None = None
    callback_numbers: tuple[str, ...] | None = None
    wrapup_code: str | None = None
    outbound_campaign_id: str | None = None
    outbound_contact_list_id: str | None = None
    outbound_contact_id: str | None = None
    attributes: dict[str, Any] | None = None


class VoiceAttributes(Struct, frozen=True, rename="camel"):
    """Of a call of a campaign."""

    contact_phone_number: str | None = None


class PostContact(Struct, frozen=True, rename="camel"):
    """The end of a campaign's call: all that a wrap-up needs, in one event."""

    conversation_id: str
    event_time: int | None = None
    wrapup_code: str | None = None
    outbound_campaign_id: str | None = None
    outbound_contact_list_id: str | None = None
    outbound_contact_id: str | None = None
    voice_attributes: VoiceAttributes | None = None
    call_analysis_disposition: str | None = None
    agent_id: str | None = None


class OutboundPreview(Struct, frozen=True, rename="camel"):
    """Which contact a callback is about."""

    contact_id: str | None = None
    contact_list_id: str | None = None
    campaign_id: str | None = None


class Scored(Struct, frozen=True, rename="camel"):
    """An agent who should have a callback, and how much so, up to 100."""

    agent: Named | None = None
    score: int | None = None


class Routing(Struct, frozen=True, rename="camel"):
    """To whom a callback is routed."""

    queue: Named | None = None
    scored_agents: tuple[Scored, ...] | None = None
    routing_flags: tuple[str, ...] | None = None


class Participant(Struct, frozen=True, rename="camel"):
    """One party of a callback's conversation."""

    id: str | None = None
    purpose: str | None = None
    state: str | None = None
    disconnect_type: str | None = None
    connected_time: str | None = None
    queue: Named | None = None
    conversation_routing_data: Routing | None = None
    outbound_preview: OutboundPreview | None = None
    callback_numbers: tuple[str, ...] | None = None
    callback_scheduled_time: str | int | None = None


class CallbackConversation(Struct, frozen=True, rename="camel"):
    """A conversation that is a callback, whole, as after every change of it."""

    id: str
    participants: tuple[Participant, ...] = ()


class PhoneColumn(Struct, frozen=True, rename="camel"):
    """A column of a contact list that has numbers."""

    column_name: str
    type: str | None = None
    callable_time_column: str | None = None


class ContactList(Struct, frozen=True, rename="camel"):
    """Which columns have numbers, and which limits hold for the contacts."""

    id: str
    phone_columns: tuple[PhoneColumn, ...] | None = None
    attempt_limits: Named | None = None


class Status(Struct, frozen=True, rename="camel"):
    """Whether a contact, or a number of it, may be called."""

    callable: bool | None = None
    contactable: bool | None = None
    column_status: "dict[str, Status] | None" = None


class ColumnTimeZone(Struct, frozen=True, rename="camel"):
    """The time zone of what a column holds: a number (PHONE) or a postal code (ZIP)."""

    time_zone: str | None = None
    column_type: str | None = None


class Contact(Struct, frozen=True, rename="camel"):
    """A contact, with its columns."""

    id: str
    contact_list_id: str
    data: dict[str, Any] | None = None
    callable: bool | None = None
    phone_number_status: dict[str, Status] | None = None
    contactable_status: dict[str, Status] | None = None
    contact_column_time_zones: dict[str, ColumnTimeZone] | None = None


class AttemptLimits(Struct, frozen=True, rename="camel"):
    """How often contacts and numbers are tried."""

    id: str
    max_attempts_per_contact: int | None = None
    max_attempts_per_number: int | None = None
    time_zone_id: str | None = None
    reset_period: str | None = None


class Campaign(Struct, frozen=True, rename="camel"):
    """A campaign: most of it by reference."""

    id: str
    name: str | None = None
    contact_list: Named | None = None
    queue: Named | None = None
    dialing_mode: str | None = None
    campaign_status: str | None = None
    dnc_lists: tuple[Named, ...] | None = None
    callable_time_set: Named | None = None
    rule_sets: tuple[Named, ...] | None = None
    contact_list_filters: tuple[Named, ...] | None = None


class WrapUpMapping(Struct, frozen=True, rename="camel"):
    """What wrap-up codes mean, for the whole organization."""

    default_set: tuple[str, ...] | None = None
    mapping: dict[str, tuple[str, ...]] | None = None


class TimeSlot(Struct, frozen=True, rename="camel"):
    """Hours of a weekday, 1 is Monday."""

    start_time: str
    stop_time: str
    day: int


class CallableTime(Struct, frozen=True, rename="camel"):
    """The hours of a time zone."""

    time_zone_id: str
    time_slots: tuple[TimeSlot, ...] | None = None


class CallableTimeSet(Struct, frozen=True, rename="camel"):
    """When contacts may be called."""

    id: str
    callable_times: tuple[CallableTime, ...] | None = None


class DncNumbers(Struct, frozen=True, rename="camel"):
    """A change of a list: the body of the request by which numbers are put on it or taken off it."""

    action: str | None = None
    phone_numbers: tuple[str, ...] | None = None
    expiration_date_time: str | None = None


class Condition(Struct, frozen=True, rename="camel"):
    """A condition of a rule."""

    type: str
    inverted: bool | None = None
    codes: tuple[str, ...] | None = None
    attribute_name: str | None = None
    operator: str | None = None
    value: str | None = None
    value_type: str | None = None
    property: str | None = None
    property_type: str | None = None


class Action(Struct, frozen=True, rename="camel"):
    """What a rule does."""

    action_type_name: str | None = None
    update_option: str | None = None
    properties: dict[str, Any] | None = None


class Rule(Struct, frozen=True, rename="camel"):
    """A rule of a rule set."""

    id: str
    order: int | None = None
    category: str | None = None
    conditions: tuple[Condition, ...] | None = None
    actions: tuple[Action, ...] | None = None


class RuleSet(Struct, frozen=True, rename="camel"):
    """Rules in their order."""

    id: str
    rules: tuple[Rule, ...] | None = None
