"""Random histories, each from its seed: what a few contacts and two campaigns go through in some days."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tests.oracle.conditions import Json
from tests.oracle.lives import command_of, rule_callback_of
from tests.oracle.model import SPOILED
from tests.oracle.settings import NUMBERS, OPTIONS, Records

BEGINNINGS = [
    datetime(2026, 11, 23, 8, tzinfo=UTC),
    datetime(2027, 11, 6, 20, tzinfo=UTC),
    datetime(2027, 3, 13, 20, tzinfo=UTC),
]
"""An ordinary Monday, and the nights in which the clocks of America go back and forward."""

CODES = [
    *["AGAIN", "DONE", "ANGRY"] * 2, "ININ-OUTBOUND-DNC-SKIPPED", "VERIFICATION-SKIPPED",
    "ININ-OUTBOUND-NOT-CALLABLE-TIME", "ININ-OUTBOUND-SIT-UNCALLABLE",
]  # fmt: skip
LINES = 90
LATEST = 3
"""Requests that may be repeated: of its answers a contact keeps 16 KiB, and one about 42 zones has 4."""


class Told(NamedTuple):
    """An event, and when it arrives."""

    topic: str
    at: datetime
    key: str
    value: Json | None


def text(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


class Teller(Records):
    """Makes up a history; `callbacks` are those it has scheduled, by contact."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = self.chance.choice(BEGINNINGS)
        self.is_easy = self._maybe(0.6)
        self.favourites = self.chance.sample(list(OPTIONS), 4)
        self.count = 0
        self.requests: list[Told] = []
        self.moved: list[tuple[str, str, str]] = []
        self.arranged: list[tuple[str, str, str]] = []

    def history(self) -> Iterator[Told]:
        for campaign_id in ("P", "Q"):
            yield self._told("campaigns", campaign_id, self._campaign(campaign_id))
        yield self._told("rule-sets", "R", self._rule_set("R"))
        yield self._told("callable-time-sets", "T", self._times())
        for contact_id in ("c1", "c2"):
            yield self._told("contacts", f"L|{contact_id}", self._contact(contact_id))
        for _ in range(LINES):
            pauses = [0, 1, 60, 600, 3600, 6 * 3600, 5 * 3600 + 59 * 60 + 59]
            self.now += timedelta(seconds=self.chance.choice([*pauses, *([1, 60, 60, 600] if self.is_easy else [])]))
            yield self._anything()

    def _told(self, topic: str, key: str, value: Json | None) -> Told:
        return Told(topic, self.now, key, value)

    def _record(self, topic: str, key: str, value: Json, *, gone: float) -> Told:
        """A record, a tombstone, or now and then a record that nobody can read."""
        if self._maybe(0.02 if self.is_easy else 0.08):
            return Told(topic, self.now, key, SPOILED)
        return self._told(
            topic, key, None if self._maybe(gone / 3 if self.is_easy and topic != "holds" else gone) else value
        )

    def _anything(self) -> Told:
        kinds = [
            (self._place, 34, 34), (self._wrap_up, 24, 22), (self._schedule, 6, 12), (self._change, 5, 8),
            (self._any_contact, 8, 2), (self._any_campaign, 8, 6), (self._any_rule_set, 4, 2), (self._any_times, 3, 2),
            (self._any_dnc, 5, 1), (self._recycle, 6, 6), (self._clear, 1, 0), (self._return, 6, 10),
            (self._any_hold, 3, 1),
        ]  # fmt: skip
        weights = [easy if self.is_easy else usual for _, usual, easy in kinds]
        return self.chance.choices([kind for kind, _, _ in kinds], weights)[0]()

    def _event(self, prefix: str) -> Json:
        self.count += 1
        occurred_at = self.now - timedelta(seconds=self.chance.choice([0, 0, 1, 300]))
        return {
            "event_id": f"{prefix}{self.count}",
            "occurred_at": text(occurred_at),
            "campaign_id": self.chance.choice(["P", "Q"] if self._maybe(0.96) else ["X"]),
            "contact_list_id": "L",
            "contact_id": self.chance.choice(
                ["c1", "c1", "c2"] if self._maybe(0.99 if self.is_easy else 0.95) else ["c3"]
            ),
        }

    def _place(self) -> Told:
        if self.requests and self._maybe(0.1):
            again = self.chance.choice(self.requests[-LATEST:])
            self.count += 1
            fresh = {"event_id": f"p{self.count}", "occurred_at": text(self.now), "reply_to": f"d{self.count % 3}"}
            return Told(again.topic, self.now, again.key, {**(again.value or {}), **fresh})
        for_callback = self._maybe(0.4)
        event = self._named("p") if for_callback else self._event("p") | {"callback_id": None}
        event |= {
            "request_id": f"q{self.count}",
            "origin": "callback" if for_callback else "campaign",
            "phone_number": self._number(len(NUMBERS) if self._maybe(0.3) else 2),
        }
        if self._maybe(0.2):
            event["command_id"] = self._command(event["contact_id"], event["callback_id"] or "k1")
        if self._maybe(0.3):
            event["reply_to"] = "d1"
        told = self._told("placement-requested", f"L|{event['contact_id']}", event)
        self.requests.append(told)
        return told

    def _named(self, prefix: str, share: float = 0.85) -> Json:
        """An event about a callback that may have been arranged lately, with its contact and campaign."""
        event = self._event(prefix)
        names = [event["contact_id"], event["campaign_id"], self.chance.choice(["k1", "k2", "k3"])]
        if self.arranged and self._maybe(share):
            names = list(self.chance.choice(self.arranged[-5:]))
        return event | dict(zip(("contact_id", "campaign_id", "callback_id"), names, strict=True))

    def _arranges(self, event: Json, callback_id: str) -> None:
        self.arranged.append((event["contact_id"], event["campaign_id"], callback_id))

    def _command(self, contact_id: str, callback_id: str) -> str:
        """Of one of its first presentations, whether it had them or not."""
        return command_of(contact_id, callback_id, self.chance.choice([1, 1, 1, 2, 2, 3]))

    def _return(self) -> Told:
        event = self._named("u") | {"type": "returned"}
        if self.moved and self._maybe(0.4):
            names = ("contact_id", "campaign_id", "callback_id")
            event |= dict(zip(names, self.chance.choice(self.moved[-2:]), strict=True))
        event["command_id"] = self._command(event["contact_id"], event["callback_id"])
        event["reason"] = self.chance.choice(["skipped", "expired", "no_agent", "failed", "shed"])
        if self._maybe(0.3):
            event["retry_at"] = text(self.now + timedelta(hours=self.chance.choice([-1, 1, 30, 800])))
        return self._told("callback-scheduled", f"L|{event['contact_id']}", event)

    def _any_hold(self) -> Told:
        hold_id = self.chance.choice(["h1", "h2"])
        return self._record("holds", hold_id, self._hold(hold_id), gone=0.6)

    def _wrap_up(self) -> Told:
        event = self._named("w") if self._maybe(0.4) else self._event("w") | {"callback_id": None}
        if self.requests and self._maybe(0.3):
            asked = self.requests[-1].value or {}
            event |= {name: asked[name] for name in ("contact_id", "campaign_id", "callback_id")}
        event |= {
            "conversation_id": f"v{self.count}" if self._maybe(0.9) else "v",
            "phone_number": self._number(2),
            "wrap_up_code": self.chance.choice(CODES[:-1] if self.is_easy else CODES),
            "call_analysis": self.chance.choice([None, "busy", "person"]),
            "phone_column": self.chance.choice([None, "mobile", "work"]),
            "attributes": self._attributes() if self._maybe(0.3) else {},
        }
        if self._maybe(0.2):
            event["dialed_at"] = text(self.now - timedelta(seconds=self.chance.choice([300, 3600])))
        if self._maybe(0.1):
            event |= {"history": True, "dialed_at": text(self.now - timedelta(days=self.chance.choice([0, 2, 50])))}
        self._arranges(event, rule_callback_of(event["contact_id"], event["event_id"]))
        return self._told("wrap-up", f"L|{event['contact_id']}", event)

    def _schedule(self) -> Told:
        event = self._event("s")
        due = self.now + timedelta(seconds=self.chance.choice([1, 600, 3600, 12 * 3600, 30 * 3600]))
        event |= {
            "type": "scheduled", "callback_id": self.chance.choice(["k1", "k2", f"k{self.count}"]), "source": "widget",
            "phone_number": self._number(3), "due_at": text(due), "agent_id": "a1",
            "owner": self.chance.choice(["anyone", "only"]),
        }  # fmt: skip
        self._arranges(event, event["callback_id"])
        if self._maybe(0.3):
            event["window_end_at"] = text(due + self._length())
        if self._maybe(0.15):
            event["conversation_id"] = f"v{self.chance.choice([self.count - 1, self.count + 1, self.count + 2])}"
        return self._told("callback-scheduled", f"L|{event['contact_id']}", event)

    def _length(self) -> timedelta:
        return timedelta(seconds=self.chance.choice([1, 600, 3600, 3600, 7 * 3600, 30 * 3600]))

    def _change(self) -> Told:
        event = self._named("m")
        kind = self.chance.choice(["cancelled", "rescheduled", "rescheduled", "changed", "changed"])
        event["type"] = kind
        if kind == "rescheduled":
            self.moved.append((event["contact_id"], event["campaign_id"], event["callback_id"]))
            due = self.now + timedelta(seconds=self.chance.choice([60, 7200]))
            event["due_at"] = text(due)
            if self._maybe(0.3):
                event["window_end_at"] = text(due + self._length())
        if kind == "changed" or (kind == "rescheduled" and self._maybe(0.3)):
            event |= self._fields()
        return self._told("callback-scheduled", f"L|{event['contact_id']}", event)

    def _fields(self) -> Json:
        fields = {
            "phone_number": self._number(2), "agent_id": self.chance.choice(["a1", "a2"]), "notes": "at noon",
            "queue_id": "q2", "owner": self.chance.choice(["anyone", "preferred"]),
        }  # fmt: skip
        fields |= {"agent_id": "a2"} if fields["owner"] == "preferred" else {}
        names = self.chance.sample(["phone_number", "phone_number", "agent_id", "notes", "queue_id"], 2)
        carried = {name: fields[name] for name in names}
        return carried | ({"owner": fields["owner"], "agent_id": fields["agent_id"]} if self._maybe(0.2) else {})

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
        name, number = self.chance.choice(["D", "E"]), self._number(2)
        expires = self.chance.choice([None, text(self.now + timedelta(hours=3)), text(self.now)])
        entry = {"dnc_list_id": name, "phone_number": number, "expires_at": expires}
        return self._told("dnc-entries", f"{name}|{number}", None if self._maybe(0.5) else entry)

    def _recycle(self) -> Told:
        event = {name: value for name, value in self._event("y").items() if not name.startswith("contact")}
        return self._told("campaign-recycle", event["campaign_id"], event)

    def _clear(self) -> Told:
        at = text(self.now - timedelta(seconds=self.chance.choice([0, 60])))
        self.count += 1
        return self._told(
            "contact-list-cleared", "L", {"event_id": f"z{self.count}", "occurred_at": at, "contact_list_id": "L"}
        )
