"""Random histories, each from its seed: what a few contacts and two campaigns go through in some days."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tests.oracle.conditions import Json
from tests.oracle.model import SPOILED

NUMBERS = ["+12125550101", "+13105550101", "+18005550199", "+15550000000"]
"""New York, Los Angeles, toll-free (of many zones), and one that no plan knows."""

ZONES = ["America/New_York", "America/Los_Angeles", "Australia/Lord_Howe", "Mars/Olympus"]
BEGINNINGS = [
    datetime(2026, 11, 23, 8, tzinfo=UTC),
    datetime(2027, 11, 6, 20, tzinfo=UTC),
    datetime(2027, 3, 13, 20, tzinfo=UTC),
]
"""An ordinary Monday, and the nights in which the clocks of America go back and forward."""

CODES = ["AGAIN", "DONE", "ANGRY", "ININ-OUTBOUND-DNC-SKIPPED"]
ATTRIBUTES = {
    "age": ["17", "18", "42.0", "old"],
    "plan": ["gold", "none"],
    "paid": ["2026-11-20T00:00:00Z", "2027-03-12T00:00:00Z", "2027-11-06T00:00:00Z", "never"],
}
LINES = 60
REPEATED_OF = 3
"""A request is one of the last three when it is repeated: a contact keeps 16 KiB of answers, four of the longest."""


class Told(NamedTuple):
    """An event, and when it arrives."""

    topic: str
    at: datetime
    key: str
    value: Json | None


def text(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


class Teller:
    """Makes up a history; `callbacks` are those it has scheduled, by contact."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = self.chance.choice(BEGINNINGS)
        self.count = 0
        self.requests: list[Told] = []

    def history(self) -> Iterator[Told]:
        for campaign_id in ("P", "Q"):
            yield self._told("campaigns", campaign_id, self._campaign(campaign_id))
        yield self._told("rule-sets", "R", self._rule_set("R"))
        yield self._told("callable-time-sets", "T", self._times())
        for contact_id in ("c1", "c2"):
            yield self._told("contacts", f"L|{contact_id}", self._contact(contact_id))
        for _ in range(LINES):
            self.now += timedelta(seconds=self.chance.choice([0, 1, 60, 600, 3600, 6 * 3600, 5 * 3600 + 59 * 60 + 59]))
            yield self._anything()

    def _maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _told(self, topic: str, key: str, value: Json | None) -> Told:
        return Told(topic, self.now, key, value)

    def _record(self, topic: str, key: str, value: Json, *, gone: float) -> Told:
        """A record, a tombstone, or now and then a record that nobody can read."""
        if self._maybe(0.08):
            return Told(topic, self.now, key, SPOILED)
        return self._told(topic, key, None if self._maybe(gone) else value)

    def _anything(self) -> Told:
        kinds = {
            self._place: 34, self._wrap_up: 24, self._schedule: 6, self._change: 5, self._any_contact: 8,
            self._any_campaign: 8, self._any_rule_set: 4, self._any_times: 3, self._any_dnc: 5, self._recycle: 6,
        }  # fmt: skip
        return self.chance.choices(list(kinds), list(kinds.values()))[0]()

    def _event(self, prefix: str) -> Json:
        self.count += 1
        occurred_at = self.now - timedelta(seconds=self.chance.choice([0, 0, 1, 300]))
        return {
            "event_id": f"{prefix}{self.count}",
            "occurred_at": text(occurred_at),
            "campaign_id": self.chance.choice(["P", "Q"] if self._maybe(0.96) else ["X"]),
            "contact_list_id": "L",
            "contact_id": self.chance.choice(["c1", "c2"] if self._maybe(0.95) else ["c3"]),
        }

    def _place(self) -> Told:
        if self.requests and self._maybe(0.1):
            again = self.chance.choice(self.requests[-REPEATED_OF:])
            self.count += 1
            fresh = {"event_id": f"p{self.count}", "occurred_at": text(self.now)}
            return Told(again.topic, self.now, again.key, {**(again.value or {}), **fresh})
        event = self._event("p")
        for_callback = self._maybe(0.4)
        event |= {
            "request_id": f"q{self.count}",
            "origin": "callback" if for_callback else "campaign",
            "callback_id": self.chance.choice(["k1", "k2", "k3"]) if for_callback else None,
            "phone_number": self.chance.choice(NUMBERS if self._maybe(0.3) else NUMBERS[:2]),
        }
        told = self._told("placement-requested", f"L|{event['contact_id']}", event)
        self.requests.append(told)
        return told

    def _wrap_up(self) -> Told:
        event = self._event("w")
        event |= {
            "conversation_id": f"v{self.count}" if self._maybe(0.9) else "v",
            "phone_number": self.chance.choice(NUMBERS[:2]),
            "wrap_up_code": self.chance.choice(CODES),
            "call_analysis": self.chance.choice([None, "busy", "person"]),
            "phone_column": self.chance.choice([None, "mobile", "work"]),
            "attributes": self._attributes() if self._maybe(0.3) else {},
            "callback_id": self.chance.choice([None, None, "k1", "k2"]),
        }
        return self._told("wrap-up", f"L|{event['contact_id']}", event)

    def _schedule(self) -> Told:
        event = self._event("s")
        due = self.now + timedelta(seconds=self.chance.choice([1, 600, 3600, 12 * 3600, 30 * 3600]))
        event |= {
            "type": "scheduled", "callback_id": self.chance.choice(["k1", "k2", f"k{self.count}"]), "source": "widget",
            "phone_number": self.chance.choice(NUMBERS[:3]), "due_at": text(due), "agent_id": "a1",
            "owner": self.chance.choice(["anyone", "only"]),
        }  # fmt: skip
        return self._told("callback-scheduled", f"L|{event['contact_id']}", event)

    def _change(self) -> Told:
        event = self._event("m") | {"callback_id": self.chance.choice(["k1", "k2", "k3"])}
        if self._maybe(0.5):
            event |= {"type": "cancelled"}
        else:
            due = self.now + timedelta(seconds=self.chance.choice([60, 7200]))
            event |= {"type": "rescheduled", "due_at": text(due)}
        return self._told("callback-scheduled", f"L|{event['contact_id']}", event)

    def _any_contact(self) -> Told:
        contact_id = self.chance.choice(["c1", "c2"])
        return self._record("contacts", f"L|{contact_id}", self._contact(contact_id), gone=0.15)

    def _any_campaign(self) -> Told:
        campaign_id = self.chance.choice(["P", "Q"])
        return self._record("campaigns", campaign_id, self._campaign(campaign_id), gone=0.05)

    def _any_rule_set(self) -> Told:
        name = self.chance.choice(["R", "S"])
        return self._record("rule-sets", name, self._rule_set(name), gone=0.1)

    def _any_times(self) -> Told:
        return self._record("callable-time-sets", "T", self._times(), gone=0.1)

    def _any_dnc(self) -> Told:
        name, number = self.chance.choice(["D", "E"]), self.chance.choice(NUMBERS[:2])
        expires = self.chance.choice([None, text(self.now + timedelta(hours=3)), text(self.now)])
        entry = {"dnc_list_id": name, "phone_number": number, "expires_at": expires}
        return self._told("dnc-entries", f"{name}|{number}", None if self._maybe(0.5) else entry)

    def _recycle(self) -> Told:
        event = {name: value for name, value in self._event("y").items() if not name.startswith("contact")}
        return self._told("campaign-recycle", event["campaign_id"], event)

    def _attributes(self) -> dict[str, str]:
        return {name: self.chance.choice(values) for name, values in ATTRIBUTES.items() if self._maybe(0.8)}

    def _contact(self, contact_id: str) -> Json:
        numbers = [
            {
                "column": column, "type": kind, "phone_number": self.chance.choice(NUMBERS[:2]),
                "callable": self._maybe(0.95), "time_zone": self.chance.choice([*[None] * 9, *ZONES]),
            }
            for column, kind in (("mobile", "CELL"), ("work", "WORK")) if self._maybe(0.7)
        ]  # fmt: skip
        return {
            "contact_list_id": "L", "contact_id": contact_id, "callable": self._maybe(0.95),
            "time_zone": self.chance.choice([None, *["America/New_York"] * 8, *ZONES]),
            "attributes": self._attributes(), "numbers": numbers,
        }  # fmt: skip

    def _campaign(self, campaign_id: str) -> Json:
        limits = {
            "max_attempts_per_contact": self.chance.choice([None, 2, 5]),
            "max_attempts_per_number": self.chance.choice([None, 1, 3]),
            "reset_period": self.chance.choice(["never", "today", "days_2", "days_30"]),
            "time_zone": self.chance.choice(["America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu", "Nowhere"]),
        }
        return {
            "campaign_id": campaign_id,
            "dialing_mode": self.chance.choice(["preview", "power", "power"]),
            "status": self.chance.choice(["on", "on", "on", "off"]),
            "contact_list_id": "L",
            "rule_set_ids": self.chance.choice([["R"]] * 8 + [["R", "S"], []]),
            "dnc_list_ids": self.chance.choice([[], ["D"], ["E", "D"]]),
            "callable_time_set_id": self.chance.choice([None, "T"] if self._maybe(0.95) else ["gone"]),
            "attempt_limits": self.chance.choice([None, None, limits]),
            "contact_filter": self.chance.choice([None] * 5 + [[self._condition()]]),
            "wrap_up_mappings": {"ANGRY": self.chance.choice([[], ["contact_uncallable"], ["number_uncallable"]])},
            **{name: self._maybe(0.5) for name in ("suppress_contacts_with_callback", "reschedule_zone_blocked")},
            "screen_previews": self._maybe(0.3),
        }

    def _times(self) -> Json:
        times = [{"time_zone": zone, "slots": self._slots()} for zone in ZONES if self._maybe(0.85)]
        return {"callable_time_set_id": "T", "times": times}

    def _slots(self) -> list[Json]:
        if self._maybe(0.4):
            return [{"day": day, "start": "00:00", "stop": "24:00"} for day in range(1, 8)]
        days = [day for day in range(1, 8) if self._maybe(0.7)]
        spans = [("00:00", "02:30"), ("02:15", "03:00"), ("08:00", "12:00"), ("12:00", "24:00"), ("01:30", "01:45")]
        return [
            {"day": day, "start": start, "stop": stop}
            for day in days
            for start, stop in self.chance.sample(spans, self.chance.choice([1, 2, 3]))
        ]

    def _rule_set(self, name: str) -> Json:
        return {"rule_set_id": name, "rules": [self._rule(number) for number in range(self.chance.choice([2, 3]))]}

    def _rule(self, number: int) -> Json:
        category = self.chance.choice(["wrap_up", "wrap_up", "wrap_up", "pre_call"])
        count = self.chance.choice([0, 1, 2] if category == "wrap_up" else [1, 1, 2])
        return {
            "rule_id": f"rule-{number}", "order": self.chance.choice([1, 2]), "category": category,
            "conditions": [self._condition() for _ in range(count)], "actions": self._actions(category),
        }  # fmt: skip

    def _actions(self, category: str) -> list[Json]:
        shared = [
            {"type": "set_attribute", "attribute": "tries", "update": "increment"},
            {"type": "set_attribute", "attribute": "paid", "update": "current_time"},
            {"type": "set_attribute", "attribute": "plan", "update": "set", "value": "gold"},
        ]
        own: dict[str, list[Json]] = {
            "wrap_up": [
                {"type": "append_to_dnc", "expires_after_days": 1}, {"type": "mark_number_uncallable"},
                *[{"type": "schedule_callback", "offset_minutes": minutes} for minutes in (5, 60, 90, 400, 700, 900)],
            ],
            "pre_call": [{"type": "do_not_dial"}, {"type": "switch_to_preview"}],
        }  # fmt: skip
        return self.chance.sample([*shared, *own[category]], self.chance.choice([1, 2, 3]))

    def _condition(self) -> Json:
        return {**self.chance.choice(CONDITIONS), "inverted": self._maybe(0.3)}


def _attribute(attribute: str, operator: str, value: str, value_type: str) -> Json:
    compared = {"operator": operator, "value": value, "value_type": value_type}
    return {"type": "contact_attribute", "attribute": attribute, **compared}


def _property(property: str, scope: str, operator: str, value: str) -> Json:
    return {"type": "contact_property", "property": property, "scope": scope, "operator": operator, "value": value}


CONDITIONS: list[Json] = [
    {"type": "wrap_up_code", "codes": ["AGAIN", "DONE"]},
    {"type": "call_analysis", "results": ["busy"]},
    *[_attribute("age", operator, "18", "numeric") for operator in ("equals", "less_than", "greater_than_equals")],
    _attribute("age", "between", "17,18", "numeric"),
    _attribute("plan", "equals", "gold", "string"),
    _attribute("plan", "contains", "o", "string"),
    _attribute("plan", "in", "gold, x", "string"),
    _attribute("paid", "after", "2026-11-21T00:00:00Z", "datetime"),
    _attribute("paid", "before", "P1D", "period"),
    _attribute("paid", "after", "PT12H", "period"),
    _attribute("paid", "between", "P9D,PT1H", "period"),
    {"type": "phone_number", "operator": "begins_with", "value": "+1212"},
    {"type": "phone_column", "columns": ["mobile", "WORK"]},
    _property("last_attempt", "overall", "before", "PT3H"),
    _property("last_attempt", "number", "after", "PT3H"),
    _property("last_wrap_up", "overall", "equals", "DONE"),
    _property("last_wrap_up", "number", "begins_with", "A"),
    {"type": "time_and_date", "time_zone": "America/New_York", "from": "09:00", "to": "17:30", "days": [1, 2, 3, 4, 5]},
    {"type": "time_and_date", "time_zone": "Asia/Kathmandu", "from": "22:00", "to": "06:00"},
    {"type": "time_and_date", "time_zone": "Nowhere"},
]  # fmt: skip
