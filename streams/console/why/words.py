"""Words of the contract in the words of people: reasons, transitions, and what stands in facts.

Each table has every member of its enum; a test sees to that. A word that is in none is of another version, and is said
as it stands.
"""

from collections.abc import Mapping
from enum import StrEnum

from topics.callback_events import Owner, ReturnReason, Source
from topics.check_facts import FilterOutcome, NotDoneBecause, RuleOutcome, ZoneOf
from topics.configuration import CampaignStatus, DialingMode
from topics.events import CallAnalysis, PlacementOrigin
from topics.facts import Because, HeldBy
from topics.names import TopicName
from topics.records import CallbackState, Reason, Transition
from topics.rejection_facts import EventType
from topics.rules import IfOutstanding

Words = Mapping[str, str]

REASONS: Mapping[Reason, str] = {
    Reason.DNC: "on a Do Not Call list",
    Reason.OUTSIDE_CALLABLE_TIME: "outside callable time",
    Reason.ZONE_NOT_CALLABLE: "its time zone is not in the callable time set",
    Reason.CONTACT_UNCALLABLE: "the contact may not be called",
    Reason.NUMBER_UNCALLABLE: "the number may not be called",
    Reason.CONTACT_ATTEMPT_LIMIT: "the contact has had as many attempts as it may have",
    Reason.NUMBER_ATTEMPT_LIMIT: "the number has had as many attempts as it may have",
    Reason.PRE_CALL_RULE: "a pre-call rule forbids it",
    Reason.CONTACT_FILTERED: "the campaign's filter excludes the contact",
    Reason.CALLBACK_OUTSTANDING: "the contact has a callback outstanding",
    Reason.ALREADY_CALLED_THIS_PASS: "the contact has been called in this pass",
    Reason.CAMPAIGN_OFF: "the campaign is off",
    Reason.CAMPAIGN_UNKNOWN: "there is no record of the campaign",
    Reason.CONTACT_UNKNOWN: "there is no record of the contact",
    Reason.CALLBACK_UNKNOWN: "no such callback is known",
    Reason.CALLBACK_ENDED: "the callback has ended",
    Reason.INVALID_NUMBER: "no numbering plan has such a number",
    Reason.TIME_ZONE_UNKNOWN: "its time zone is not known",
    Reason.CALLABLE_TIME_SET_UNKNOWN: "there is no record of the callable time set",
    Reason.RULE_SET_UNKNOWN: "there is no record of a rule set",
    Reason.CONTACT_UNREADABLE: "the contact's record cannot be read",
    Reason.CAMPAIGN_UNREADABLE: "the campaign's record cannot be read",
    Reason.RULE_SET_UNREADABLE: "the record of a rule set cannot be read",
    Reason.CALLABLE_TIME_SET_UNREADABLE: "the record of the callable time set cannot be read",
    Reason.REGION_UNKNOWN: "its region is not known",
    Reason.TOO_SOON: "too soon after the contact's last call",
    Reason.IN_CALL: "another call of the contact is in flight",
    Reason.ON_HOLD: "on hold",
    Reason.WINDOW_OVER: "its window is over",
    Reason.SUPERSEDED: "something later counts instead",
    Reason.TOO_FAR_AHEAD: "the due time is more than 30 days ahead",
    Reason.DUE_BEFORE_SCHEDULED: "the due time is before the event itself",
    Reason.SECOND_FOR_CONVERSATION: "an agent had scheduled a callback in that call already",
    Reason.CALLBACK_ID_TAKEN: "the contact has a callback of this id already",
    Reason.RECYCLED_TOO_SOON: "less than 5 s from another recycle of the campaign",
    Reason.LATER_CODE_FIRST: "a later code of the same call came first",
    Reason.LADDER_ENDED: "all steps of the rule's ladder have been taken",
    Reason.TOO_LATE: "it was too late to go out",
    Reason.NO_OUTCOME: "nobody said how its call ended",
    Reason.RATE: "the campaign's rate",
    Reason.ERASED: "the contact was erased",
    Reason.RETURNED: "it came back undialed",
    Reason.SKIPPED: "an agent or the dialer passed it over",
    Reason.EXPIRED: "the dialer found its command expired",
    Reason.NO_AGENT: "no agent was there for it",
    Reason.FAILED: "the dialer met an error",
    Reason.SHED: "the dialer had too much to do",
}
"""As they stand behind "Not dialed: ", and behind the rejection of an event."""

TRANSITIONS: Mapping[Transition, str] = {
    Transition.SCHEDULED: "scheduled",
    Transition.RESCHEDULED: "moved",
    Transition.DUE: "due",
    Transition.WAITING: "waits",
    Transition.PRESENTED: "shown to an agent",
    Transition.DIALING: "given to the dialer",
    Transition.BLOCKED: "blocked",
    Transition.COMPLETED: "completed",
    Transition.CANCELLED: "cancelled",
    Transition.EXPIRED: "expired",
    Transition.OWNER_EXPIRED: "its owner's time ran out",
    Transition.REJECTED: "an event was refused",
    Transition.NOT_DIALED: "not dialed",
    Transition.CHANGED: "changed",
}

OF_ENUMS: Mapping[type[StrEnum], Words] = {
    Owner: {"anyone": "anyone", "preferred": "preferably the agent", "only": "the agent alone"},
    Source: {"widget": "in the widget", "script": "by a script"},
    ReturnReason: {one.value: REASONS[Reason(one.value)] for one in ReturnReason},
    Reason: {one.value: words for one, words in REASONS.items()},
    Transition: {one.value: words for one, words in TRANSITIONS.items()},
    ZoneOf: {"number": "the number's record", "contact": "the contact's record", "derived": "the number itself"},
    RuleOutcome: {
        "matched": "matched",
        "cannot_be_evaluated": "cannot be evaluated",
        "unknown": "there is no record of it",
        "unreadable": "its record cannot be read",
        "too_much_work": "needs too much work",
    },
    FilterOutcome: {
        "passed": "lets the contact pass",
        "filtered": "excludes the contact",
        "cannot_be_evaluated": "cannot be evaluated",
        "too_much_work": "needs too much work",
    },
    NotDoneBecause: {
        "not_a_decimal": "the attribute is no plain decimal",
        "no_room": "the attributes would take too much room",
        "no_dnc_list": "the campaign has no Do Not Call list",
    },
    CampaignStatus: {
        "on": "on",
        "stopping": "stopping",
        "off": "off",
        "complete": "complete",
        "forced_off": "forced off",
    },
    DialingMode: {one.value: one.value for one in DialingMode},
    CallAnalysis: {
        "person": "a person",
        "machine": "a machine",
        "busy": "busy",
        "no_answer": "no answer",
        "fax": "a fax",
        "sit": "a tone of the network",
    },
    HeldBy: {
        "campaign_off": "the campaign was off",
        "unreadable": "a record could not be read",
        "rate": "the campaign's rate spread it",
        "hold": "it was on hold",
    },
    Because: {
        "agent_scheduled": "an agent arranged it",
        "agent_owned": "the contact belongs to an agent",
        "preview_campaign": "the campaign is in preview mode",
        "switch_to_preview": "a pre-call rule says so",
        "owner_expired": "its owner's time ran out",
        "changed": "it was changed",
    },
    CallbackState: {
        "scheduled": "scheduled",
        "due": "due",
        "waiting": "waiting",
        "presented": "with an agent",
        "dialing": "with the dialer",
    },
    EventType: {
        "rescheduled": "a move",
        "cancelled": "a cancel",
        "wrap_up": "a wrap-up",
        "changed": "a change",
        "returned": "a return",
    },
    IfOutstanding: {"add": "one more", "keep": "none", "replace": "instead of the other"},
    PlacementOrigin: {"callback": "a callback", "campaign": "the campaign's next record"},
    TopicName: {one.value: f"the topic {one.value}" for one in TopicName},
}
"""By enum, its words. Also those of facts."""


def said(enum: type[StrEnum], word: str) -> str:
    """A word of an enum in the words of people; of one that is not known, the word itself."""
    return OF_ENUMS[enum].get(word, word.replace("_", " "))


def joined(parts: list[str] | tuple[str, ...]) -> str:
    """Parts of a sentence: "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def some(parts: list[str], most: int = 3) -> str:
    """The same of which the first few are named, and of the others how many they are."""
    if len(parts) <= most:
        return joined(parts)
    return f"{', '.join(parts[:most])} and {len(parts) - most} more"


def times(count: int) -> str:
    """How often: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
