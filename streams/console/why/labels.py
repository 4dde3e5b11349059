"""Facts as labelled values: every field of every struct of facts has a label, and every value words.

A fact of another version has its own name as its label. Nothing is left out. Phone numbers are shown by their last
four digits, unless the reader may see them.
Source: docs/contract.md, sections "placement-decided" and "callback-lifecycle".
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from streams.console.why.moments import Moments, in_zone, seconds
from streams.console.why.reading import as_instant
from streams.console.why.words import said
from topics.callback_events import Owner, ReturnReason, Source
from topics.check_facts import FilterOutcome, NotDoneBecause, RuleOutcome, ZoneOf
from topics.configuration import CampaignStatus, DialingMode
from topics.events import CallAnalysis
from topics.facts import Because, HeldBy
from topics.names import TopicName
from topics.records import CallbackState
from topics.rejection_facts import EventType
from topics.rules import IfOutstanding

LABELS: Mapping[str, str] = {
    "accepted_at": "accepted recycle at",
    "action": "action",
    "actor": "by",
    "after": "after",
    "agent_id": "agent",
    "allowed": "allowed",
    "asked_for": "asked for",
    "at": "at",
    "at_local_time": "at local time",
    "attempts": "attempts",
    "because": "shown first because",
    "before": "before",
    "by": "whose",
    "call_analysis": "call analysis",
    "callable": "callable by the record",
    "callable_time": "callable time",
    "callable_time_set_id": "callable time set",
    "callback": "callback",
    "callback_id": "callback",
    "campaign": "campaign",
    "campaign_id": "campaign",
    "campaign_status": "campaign is",
    "cancelled_by": "cancelled by",
    "checks": "checks",
    "command_id": "command",
    "contact": "contact",
    "contact_filter": "filter",
    "conversation_id": "conversation",
    "count": "count",
    "cut": "cut",
    "decided_before_at": "decided before at",
    "dialing_mode": "dialing mode",
    "dnc": "Do Not Call",
    "dnc_list_id": "list",
    "dnc_list_ids": "lists searched",
    "due_at": "due at",
    "event_id": "event",
    "event_type": "kind of event",
    "exception": "date with slots of its own",
    "expire_after_s": "expires after",
    "expires_at": "expires at",
    "first_at": "the code that counts, at",
    "first_due_at": "first due at",
    "fits_at": "fits from",
    "gap": "gap between calls",
    "held_by": "waited for",
    "hold_id": "hold",
    "holds": "holds",
    "if_outstanding": "if one is outstanding",
    "in_call": "calls in flight",
    "judged_by": "judged by the slots of",
    "last_attempt_at": "last attempt at",
    "last_call_at": "last call at",
    "left_open_by": "left open by",
    "limit": "limit",
    "list_cleared_at": "list cleared at",
    "local_time": "local time",
    "marked_by": "marked by",
    "min_gap_s": "at least",
    "missed": "windows missed",
    "no_open_slot_within_days": "no open slot within days",
    "not_done": "actions not done",
    "not_scheduled": "not scheduled",
    "notes": "notes",
    "number": "number",
    "offset_minutes": "minutes after the wrap-up",
    "on_record": "on the contact's record",
    "open": "open",
    "outcome": "outcome",
    "outstanding_callbacks": "outstanding callbacks",
    "owned_since": "the contact belongs to the agent since callback",
    "owner": "for",
    "pass": "pass",
    "phone_number": "number",
    "pre_call_rules": "pre-call rules",
    "presentation": "presentation",
    "presented_at": "shown at",
    "previous_due_at": "due before at",
    "previous_window_end_at": "window before ended at",
    "queue_id": "queue",
    "reason": "reason given",
    "recorded_at": "recorded at",
    "recycled_at": "recycled at",
    "refused": "does not count",
    "region": "region",
    "regions": "regions",
    "remembered": "kept in case it fits later",
    "reopened": "reopened",
    "request_id": "request",
    "reset_period": "reset period",
    "returned": "came back because",
    "returns": "times it came back",
    "right_party_contact": "right party reached",
    "right_party_contact_at": "right party reached at",
    "rule_id": "rule",
    "rule_set_id": "rule set",
    "since": "since",
    "source": "scheduled",
    "started_at": "began at",
    "state": "state",
    "step": "step",
    "steps": "of steps",
    "superseded": "fields that stay as they are",
    "superseded_by": "superseded by event",
    "switch_to_preview": "switched to preview by",
    "time_zone": "time zone",
    "unreadable": "cannot be read",
    "until": "until",
    "why": "why",
    "window_end_at": "window ends at",
    "wrap_up_code": "wrap-up code",
    "zone_of": "zone from",
    "zones": "zones",
}

_ENUMS: Mapping[str, type[StrEnum]] = {
    "because": Because,
    "by": ZoneOf,
    "call_analysis": CallAnalysis,
    "campaign_status": CampaignStatus,
    "cancelled_by": TopicName,
    "dialing_mode": DialingMode,
    "event_type": EventType,
    "held_by": HeldBy,
    "if_outstanding": IfOutstanding,
    "owner": Owner,
    "returned": ReturnReason,
    "source": Source,
    "state": CallbackState,
    "why": NotDoneBecause,
    "zone_of": ZoneOf,
}
"""Of the fields that have words of an enum; `outcome` depends on what it is the outcome of."""

_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}")


class Fact(Struct, frozen=True, kw_only=True):
    """A fact in words. path: where it stands in the record's facts, as `checks.dnc.dnc_list_id`."""

    label: str
    value: str
    path: str


def masked(text: str) -> str:
    """A text in which every phone number is shown by its last four digits."""
    return _NUMBER.sub(lambda found: f"…{found[0][-4:]}", text)


def facts_of(facts: Any, moments: Moments, *, numbers: bool = False) -> tuple[Fact, ...]:
    """All facts, the nested ones behind the labels of what they are in. numbers: whether whole numbers are shown."""
    found = _flat(facts, "", "", moments)
    return tuple(found if numbers else (Fact(label=one.label, value=masked(one.value), path=one.path) for one in found))


def label_of(name: str) -> str:
    """The label of a fact; its name in plain text if it is not known."""
    return LABELS.get(name, name.replace("_", " "))


def _flat(value: Any, label: str, path: str, moments: Moments) -> Iterator[Fact]:
    if isinstance(value, Mapping) and value:
        for name, one in value.items():
            key = f"{path}.{name}" if path else str(name)
            yield from _flat(one, f"{label}, {label_of(str(name))}" if label else label_of(str(name)), key, moments)
    elif isinstance(value, list | tuple) and any(isinstance(one, Mapping | list | tuple) for one in value):
        for number, one in enumerate(value):
            yield from _flat(one, f"{label} {number + 1}" if len(value) > 1 else label, f"{path}[{number}]", moments)
    else:
        yield Fact(label=label, value=_said(value, path, moments), path=path)


def _said(value: Any, path: str, moments: Moments) -> str:
    name = path.rpartition(".")[2].partition("[")[0]
    match value:
        case None:
            return "never" if name == "expires_at" else "none"
        case bool():
            return "yes" if value else "no"
        case int() if name.endswith("_s"):
            return seconds(value)
        case list() | tuple():
            return ", ".join(_said(one, path, moments) for one in value) or "none"
        case str():
            return _text(value, name, path, moments)
        case Mapping():
            return "none"
        case _:
            return str(value)


def _text(value: str, name: str, path: str, moments: Moments) -> str:
    if name == "phone_number" and value.isdigit():
        return f"…{value}"  # Of a change, the last two digits.
    if name == "outcome":
        return said(FilterOutcome if "contact_filter" in path else RuleOutcome, value)
    if name in _ENUMS:
        return said(_ENUMS[name], value)
    at = as_instant(value) if name.endswith("_at") or name in ("at", "since", "until", "asked_for") else None
    return value if at is None else in_zone(at, moments.zone)
