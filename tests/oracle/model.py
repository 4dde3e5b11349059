"""What is known at a moment, from all that was told: contacts, campaigns, lists, holds, and the lives of callbacks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import phonenumbers

from tests.oracle.conditions import OTHERWISE, Asked, Json
from tests.oracle.flights import Flights
from tests.oracle.ladders import CallOff
from tests.oracle.lives import ENDS, GAPS, LONG_AGO, REOPENED, Command, Life, at, goes_again, return_refused

SPOILED: Json = {"spoiled": True}
"""A record without its ids, so that nobody can read it."""

TABLES = ("campaigns", "rule-sets", "callable-time-sets", "holds")


def is_valid(number: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(number)) and number not in OTHERWISE


@dataclass
class Person:
    """What is known of a contact. rungs: the steps taken, by campaign, rule set and rule."""

    record: Json | None = None
    recorded_at: datetime | None = None
    unreadable: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    marked: bool = False
    marked_numbers: set[str] = field(default_factory=set)
    attempts: list[tuple[datetime, str, str]] = field(default_factory=list)
    codes: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    conversations: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    lives: dict[str, Life] = field(default_factory=dict)
    presented: dict[str, list[datetime]] = field(default_factory=dict)
    closed: dict[str, datetime] = field(default_factory=dict)
    flights: Flights = field(default_factory=Flights)
    rungs: dict[tuple[str, str, str], int] = field(default_factory=dict)
    call_offs: list[CallOff] = field(default_factory=list)

    def asked(self, number: str, now: datetime, wrap_up: Json | None = None) -> Asked:
        last: dict[str, datetime] = {}
        for when, _, dialed in self.attempts:
            last[dialed] = max(when, last.get(dialed, when))
        numbers = self.record["numbers"] if self.record else []
        return Asked(self.attributes, numbers, number, now, last, self.codes, wrap_up)

    @property
    def has_outstanding(self) -> bool:
        return any(life.is_outstanding for life in self.lives.values())


class Model:
    """Told every event in the order of arrival, and every lifecycle record as it comes out."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.tables: dict[str, dict[str, Json]] = {topic: {} for topic in TABLES}
        self.unreadable: dict[str, set[str]] = {topic: set() for topic in TABLES}
        self.dnc: dict[str, Json] = {}
        self.recycles: dict[str, list[datetime]] = {}
        self.cleared: datetime | None = None
        self.acted: set[str] = set()
        self.reschedules: dict[str, Json] = {}

    def person(self, contact_id: str) -> Person:
        return self.people.setdefault(contact_id, Person())

    def told(self, topic: str, key: str, value: Json | None, now: datetime) -> None:
        """Anything but a wrap-up, which `wrap_ups` applies, and a change, return or request."""
        if value == SPOILED:
            if topic == "contacts":
                self.person(key.split("|")[1]).unreadable = True
            else:
                self.tables[topic].pop(key, None)
                self.unreadable[topic].add(key)
            return
        if topic in self.tables:
            self.unreadable[topic].discard(key)
            self._table(self.tables[topic], key, value)
        elif topic == "dnc-entries":
            self._table(self.dnc, key, value)
        elif topic == "contacts":
            self._record(self.person(key.split("|")[1]), value, now)
        elif topic == "contact-list-cleared":
            assert value is not None
            when = at(value["occurred_at"])
            self.cleared = max(when, self.cleared or when)
        elif topic == "campaign-recycle":
            assert value is not None
            accepted = self.recycles.setdefault(key, [])
            when = at(value["occurred_at"])
            if all(abs(when - other) >= timedelta(seconds=5) for other in accepted):
                accepted.append(when)

    def _table(self, table: dict[str, Json], key: str, value: Json | None) -> None:
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value

    def _record(self, person: Person, value: Json | None, now: datetime) -> None:
        person.record, person.recorded_at, person.unreadable = value, now, False
        if value is None:
            person.marked, person.marked_numbers, person.changed = False, set(), {}
        person.attributes = {**value["attributes"], **person.changed} if value else {}

    def is_known(self, person: Person) -> bool:
        if person.record is None or person.recorded_at is None:
            return False
        return self.cleared is None or self.cleared <= person.recorded_at

    def is_held(self, campaign_id: str) -> bool:
        holds = self.tables["holds"].values()
        return bool(self.unreadable["holds"]) or any(
            (one.get("campaign_id") or campaign_id) == campaign_id for one in holds
        )

    def rules(self, campaign: Json, category: str) -> list[Json]:
        """Each with the id of its set."""
        known = self.tables["rule-sets"]
        ordered = [
            {**rule, "rule_set_id": name}
            for name in campaign["rule_set_ids"]
            if name in known
            for rule in sorted(known[name]["rules"], key=lambda one: one["order"])
        ]
        return [rule for rule in ordered if rule["category"] == category]

    def changing(self, event: Json, now: datetime) -> str | None:
        """A reschedule or change is heard of; why its fields are refused. Docs: 9.2."""
        life = self.person(event["contact_id"]).lives.get(event["callback_id"])
        if event["type"] == "rescheduled":
            self.reschedules[event["event_id"]] = event
        if life is None:
            return "callback_unknown"
        refused = None
        if not life.is_outstanding:
            refused = "callback_ended"
            if life.state not in REOPENED:
                return refused
        if event.get("phone_number") and not is_valid(event["phone_number"]):
            return refused or "invalid_number"
        if event["type"] == "rescheduled":
            life.moves.append(min(at(event["occurred_at"]), now))
        taken = life.carry(event)
        return refused or (None if taken else "superseded")

    def returned(self, event: Json, now: datetime) -> tuple[str | None, bool]:
        """A command comes back: why that is refused, and whether its callback stays open by itself. Docs: 9.1."""
        person = self.person(event["contact_id"])
        life = person.lives.get(event["callback_id"])
        refused = return_refused(life, event)
        if refused or life is None:
            return refused, False
        command = life.commands[-1]
        command.is_closed = True
        later = [one for one in person.presented[event["callback_id"]] if one > command.began]
        person.flights.ended(event["callback_id"], now, min(later, default=None))
        stays = not life.in_hands and life.moved_within(command.call_began, at(event["occurred_at"]))
        if stays and goes_again(life, self.tables["campaigns"].get(life.campaign_id)):
            life.returns += 1
        return None, stays

    def lived(self, record: Json, event: Json | None, now: datetime) -> None:
        if record["transition"] in ("rejected", "changed"):
            return
        person, name = self.person(record["contact_id"]), record["callback_id"]
        if record["transition"] == "scheduled":
            assert event is not None
            person.lives[name] = self._arranged(record, event)
            return
        life = person.lives[name]
        life.due = at(record["due_at"])
        life.state = "scheduled" if record["transition"] == "rescheduled" else record["transition"]
        if record["transition"] == "rescheduled":
            self._rescheduled(life, record)
        elif life.in_hands:
            self._presented(person, life, record, now)
        by_wrap_up = record["cause"]["topic"] == "wrap-up"
        if by_wrap_up and (life.state in REOPENED or record["reasons"] == ["returned"]):
            person.flights.ended(name, now)

    def _arranged(self, record: Json, event: Json) -> Life:
        due, end = at(record["due_at"]), event.get("window_end_at")
        return Life(
            record["campaign_id"], record["origin"], "scheduled", due, event["phone_number"],
            at(event["occurred_at"]), event.get("conversation_id"), (due, at(end)) if end else None,
        )  # fmt: skip

    def _rescheduled(self, life: Life, record: Json) -> None:
        reasons, facts = set(record["reasons"]), record["facts"]
        if reasons == {"returned"}:
            life.returns, life.moved_for = life.returns + 1, set()
        elif reasons == {"window_over"}:
            life.missed, life.moved_for = life.missed + 1, set()
        elif reasons:
            life.moved_for = reasons
        elif record["cause"]["event_id"] in self.reschedules:
            event = self.reschedules[facts.get("superseded_by", record["cause"]["event_id"])]
            end = event.get("window_end_at")
            life.window = (at(event["due_at"]), at(end)) if end else None
            life.missed, life.moved_for = 0, set()
            assert facts.get("window_end_at") == end, record

    def _presented(self, person: Person, life: Life, record: Json, now: datetime) -> None:
        before = life.open_command()
        began = before.call_began if before and record["facts"].get("because") == "changed" else now
        life.commands.append(Command(now, began, record["facts"]["command_id"]))
        self.handed_out(person, record["callback_id"], now)

    def handed_out(self, person: Person, callback_id: str, when: datetime) -> None:
        person.presented.setdefault(callback_id, []).append(when)

    def let_go_soon(self, person: Person) -> list[tuple[str, Life]]:
        """Callbacks that wait for a gap or a call in flight."""
        return [(name, one) for name, one in person.lives.items() if one.state == "scheduled" and one.moved_for & GAPS]


__all__ = ["ENDS", "LONG_AGO", "SPOILED", "Model", "Person", "at", "is_valid"]
