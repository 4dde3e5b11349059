"""The names of all topics, without the prefix that a deployment puts before them: nowhere else are they spelled.

Source: docs/contract.md, section "Topics".
"""

from enum import StrEnum


class TopicName(StrEnum):
    """A topic by its name without prefix. A member is that text: it compares, hashes, prints and is encoded as it."""

    WRAP_UP = "wrap-up"
    CALLBACK_SCHEDULED = "callback-scheduled"
    PLACEMENT_REQUESTED = "placement-requested"
    CONTACTS = "contacts"

    CAMPAIGNS = "campaigns"
    RULE_SETS = "rule-sets"
    CALLABLE_TIME_SETS = "callable-time-sets"
    DNC_ENTRIES = "dnc-entries"
    CAMPAIGN_RECYCLE = "campaign-recycle"
    CONTACT_LIST_CLEARED = "contact-list-cleared"
    HOLDS = "holds"

    DIAL_PREVIEW = "dial-preview"
    DIAL_ANALYSIS = "dial-analysis"
    PLACEMENT_DECIDED = "placement-decided"
    CALLBACK_LIFECYCLE = "callback-lifecycle"
    OUTSTANDING_CALLBACKS = "outstanding-callbacks"
    DEAD_LETTER = "dead-letter"

    CONTACT_STATE = "contact-state"

    CONSOLE_AUDIT = "console-audit"

    GENESYS_EVENTS = "genesys-events"
    GENESYS_KEYED = "genesys-keyed"
    GENESYS_STATE = "genesys-state"
    VICIDIAL_EVENTS = "vicidial-events"
    VICIDIAL_KEYED = "vicidial-keyed"
    VICIDIAL_STATE = "vicidial-state"
