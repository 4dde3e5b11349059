"""What the checks must say, from all that was told: contacts, campaigns, lists, wrap-ups and the lifecycle."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import phonenumbers

from tests.oracle.conditions import OTHERWISE, Asked, Json, all_of, instant, same
from tests.oracle.zones import derived, one_clock

PREFIX = "ININ-OUTBOUND-"
ENDS = {"completed", "blocked", "cancelled", "expired", "owner_expired", "not_dialed"}
ORDER = [
    "dnc", "outside_callable_time", "zone_not_callable", "contact_uncallable", "number_uncallable",
    "contact_attempt_limit", "number_attempt_limit", "pre_call_rule", "contact_filtered", "callback_outstanding",
    "already_called_this_pass", "campaign_off", "campaign_unknown", "contact_unknown", "callback_unknown",
    "callback_ended", "invalid_number", "time_zone_unknown", "callable_time_set_unknown", "rule_set_unknown",
    "contact_unreadable", "campaign_unreadable", "rule_set_unreadable", "callable_time_set_unreadable",
]  # fmt: skip
UNREADABLE = ORDER[-4:]
SPOILED: Json = {"spoiled": True}
"""A record without its ids, so that nobody can read it."""


def at(text: str) -> datetime:
    read = instant(text)
    assert read is not None
    return read


@dataclass
class Person:
    """What is known of a contact."""

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
    callbacks: dict[str, tuple[str, str]] = field(default_factory=dict)
    presented: dict[str, list[datetime]] = field(default_factory=dict)
    closed: dict[str, datetime] = field(default_factory=dict)

    def asked(self, number: str, now: datetime, wrap_up: Json | None = None) -> Asked:
        last: dict[str, datetime] = {}
        for when, _, dialed in self.attempts:
            last[dialed] = max(when, last.get(dialed, when))
        numbers = self.record["numbers"] if self.record else []
        return Asked(self.attributes, numbers, number, now, last, self.codes, wrap_up)


class Model:
    """Told every event in the order of arrival, and every lifecycle record as it comes out."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.tables: dict[str, dict[str, Json]] = {"campaigns": {}, "rule-sets": {}, "callable-time-sets": {}}
        self.unreadable: dict[str, set[str]] = {topic: set() for topic in self.tables}
        self.dnc: dict[str, Json] = {}
        self.recycles: dict[str, list[datetime]] = {}
        self.cleared: datetime | None = None
        self.acted: set[str] = set()

    def person(self, contact_id: str) -> Person:
        return self.people.setdefault(contact_id, Person())

    def told(self, topic: str, key: str, value: Json | None, now: datetime) -> None:
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
        elif topic == "wrap-up":
            assert value is not None
            self._wrap_up(self.person(value["contact_id"]), value)

    def lived(self, record: Json) -> None:
        if record["transition"] != "rejected":
            callbacks = self.person(record["contact_id"]).callbacks
            callbacks[record["callback_id"]] = (record["campaign_id"], record["transition"])
        if record["transition"] in ("presented", "dialing"):
            self.handed_out(record["contact_id"], record["callback_id"], at(record["occurred_at"]))

    def handed_out(self, contact_id: str, callback_id: str, when: datetime) -> None:
        self.person(contact_id).presented.setdefault(callback_id, []).append(when)

    def outstanding(self, person: Person) -> bool:
        return any(state not in ENDS for _, state in person.callbacks.values())

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

    def _of_a_presentation(self, person: Person, event: Json, when: datetime) -> bool:
        name = event.get("callback_id")
        closed = person.closed.get(name or "", datetime(1, 1, 1, tzinfo=UTC))
        return any(closed < began <= when for began in person.presented.get(name or "", [])[-4:])

    def _wrap_up(self, person: Person, event: Json) -> None:
        campaign = self.tables["campaigns"].get(event["campaign_id"])
        when = at(event["occurred_at"])
        first = event["conversation_id"] not in person.conversations or self._of_a_presentation(person, event, when)
        if event["event_id"] in person.seen or not first:
            return
        if campaign is None or any(name not in self.tables["rule-sets"] for name in campaign["rule_set_ids"]):
            return  # A dead letter.
        person.seen.add(event["event_id"])
        person.conversations.add(event["conversation_id"])
        if (name := event.get("callback_id")) in person.callbacks:
            person.closed[name] = max(when, person.closed.get(name, when))
        number, code = event["phone_number"], event["wrap_up_code"]
        if not (code.startswith(PREFIX) and code.endswith(("-SKIPPED", "-NOT-CALLABLE-TIME"))):
            person.attempts.append((at(event.get("dialed_at") or event["occurred_at"]), event["campaign_id"], number))
        if number not in person.codes or person.codes[number][0] <= when:
            person.codes.pop(number, None)
            person.codes[number] = (when, code)
        person.attributes.update(event.get("attributes") or {})
        flags = (campaign.get("wrap_up_mappings") or {}).get(code, [])
        person.marked = person.marked or "contact_uncallable" in flags
        if "number_uncallable" in flags or code == PREFIX + "SIT-UNCALLABLE":
            person.marked_numbers.add(number)
        if code == "ININ-OUTBOUND-DNC-SKIPPED" and campaign["dialing_mode"] == "preview":
            return
        asked = person.asked(number, when, event)
        matched = [rule for rule in self._rules(campaign, "wrap_up") if all_of(rule["conditions"], asked)]
        self._act(person, campaign, matched, number, when)

    def _rules(self, campaign: Json, category: str) -> list[Json]:
        known = self.tables["rule-sets"]
        sets = [known[name]["rules"] for name in campaign["rule_set_ids"] if name in known]
        ordered = [rule for rules in sets for rule in sorted(rules, key=lambda one: one["order"])]
        return [rule for rule in ordered if rule["category"] == category]

    def _act(self, person: Person, campaign: Json, rules: list[Json], number: str, when: datetime) -> None:
        for action in (action for rule in rules for action in rule["actions"]):
            match action["type"]:
                case "mark_contact_uncallable":
                    person.marked = True
                case "mark_number_uncallable":
                    person.marked_numbers.add(number)
                case "append_to_dnc" if campaign["dnc_list_ids"]:
                    days = action.get("expires_after_days")
                    expires = (when + timedelta(days=days)).isoformat().replace("+00:00", "Z") if days else None
                    self.dnc[f"{campaign['dnc_list_ids'][0]}|{number}"] = {"expires_at": expires}
                case "set_attribute":
                    self._set(person, action, when)
                    person.changed[action["attribute"]] = person.attributes[action["attribute"]]

    def _set(self, person: Person, action: Json, when: datetime) -> None:
        name, value = action["attribute"], action.get("value")
        match action["update"]:
            case "set":
                person.attributes[name] = value or ""
            case "current_time":
                person.attributes[name] = when.isoformat().replace("+00:00", "Z")
            case counted:
                sign = 1 if counted == "increment" else -1
                total = Decimal(person.attributes.get(name, "0")) + sign * Decimal(value or "1")
                person.attributes[name] = format(total, "f")

    def placed(self, contact_id: str, campaign_id: str, number: str, when: datetime, now: datetime) -> None:
        """A call was let through: the actions of its pre-call rules are carried out."""
        person, campaign = self.person(contact_id), self.tables["campaigns"][campaign_id]
        asked = person.asked(number, now)
        matched = [rule for rule in self._rules(campaign, "pre_call") if all_of(rule["conditions"], asked)]
        self._act(person, campaign, matched, number, when)

    def wants_preview(self, contact_id: str, campaign_id: str, number: str, now: datetime) -> bool:
        asked = self.person(contact_id).asked(number, now)
        rules = self._rules(self.tables["campaigns"][campaign_id], "pre_call")
        return any(
            all_of(rule["conditions"], asked) and {"type": "switch_to_preview"} in rule["actions"] for rule in rules
        )

    def reasons(self, contact_id: str, campaign_id: str, number: str, now: datetime, *, own: bool = False) -> list[str]:
        """Every check that fails, in the order of the contract. own: for the campaign's own next record."""
        person, campaign = self.person(contact_id), self.tables["campaigns"].get(campaign_id)
        failed: set[str] = set()
        if person.unreadable:
            failed.add("contact_unreadable")
        if person.record is None or not self.is_known(person):
            failed |= set() if person.unreadable and person.record is None else {"contact_unknown"}
        elif not person.record["callable"] or person.marked:
            failed.add("contact_uncallable")
        numbers = person.record["numbers"] if person.record else []
        here = [one["callable"] for one in numbers if same(one["phone_number"], number)]
        if any(same(marked, number) for marked in person.marked_numbers) or not all(here):
            failed.add("number_uncallable")
        if not phonenumbers.is_valid_number(phonenumbers.parse(number)) or number in OTHERWISE:
            failed.add("invalid_number")
        if campaign is None:
            failed.add(self._missing("campaigns", campaign_id, "campaign"))
        else:
            failed |= self._dnc(campaign, number, now) | self._time(campaign, person, number, now)
            failed |= self._attempts(campaign, person, number, now) | self._by_rule(campaign, person, number, now)
            failed |= self._own(campaign, person) if own else set()
        return sorted(failed, key=ORDER.index)

    def _missing(self, topic: str, key: str, what: str) -> str:
        return f"{what}_unreadable" if key in self.unreadable[topic] else f"{what}_unknown"

    def _dnc(self, campaign: Json, number: str, now: datetime) -> set[str]:
        held = [(key.partition("|"), entry) for key, entry in self.dnc.items()]
        names = campaign["dnc_list_ids"]
        entries = [entry for (name, _, put), entry in held if name in names and same(put, number)]
        blocks = any(not one.get("expires_at") or at(one["expires_at"]) > now for one in entries)
        return {"dnc"} if blocks else set()

    def zones(self, person: Person, number: str) -> list[str]:
        numbers = person.record["numbers"] if person.record else []
        entries = [one.get("time_zone") for one in numbers if same(one["phone_number"], number)] or [None]
        of_contact = person.record.get("time_zone") if person.record else None
        found = []
        for zone in entries:
            instead = [of_contact] if of_contact else derived(number)
            found.append([zone] if zone else instead)
        if [] in found and any(entries):
            found.append(["nowhere"])
        return [zone for zones in found for zone in zones]

    def _time(self, campaign: Json, person: Person, number: str, now: datetime) -> set[str]:
        name = campaign.get("callable_time_set_id")
        if name is None:
            return set()
        times = self.tables["callable-time-sets"].get(name)
        if times is None:
            return {self._missing("callable-time-sets", name, "callable_time_set")}
        zones = self.zones(person, number)
        return {self._zone(times, zone, now) for zone in zones} - {""} if zones else {"time_zone_unknown"}

    def _zone(self, times: Json, zone: str, now: datetime) -> str:
        try:
            local = now.astimezone(ZoneInfo(zone))
        except Exception:
            return "time_zone_unknown"
        named = {one["time_zone"] for one in times["times"]}
        judges = [zone] if zone in named else [one for one in named if one_clock(one, zone)]
        if not judges:
            return "zone_not_callable"
        clock, day = local.strftime("%H:%M:%S"), local.isoweekday()
        for judge in judges:
            slots = [slot for one in times["times"] if one["time_zone"] == judge for slot in one["slots"]]
            if not any(slot["day"] == day and slot["start"] <= clock < slot["stop"] for slot in slots):
                return "outside_callable_time"
        return ""

    def _attempts(self, campaign: Json, person: Person, number: str, now: datetime) -> set[str]:
        limits = campaign.get("attempt_limits")
        if limits is None:
            return set()
        try:
            zone = ZoneInfo(limits["time_zone"])
        except Exception:
            return {"time_zone_unknown"}
        period = limits["reset_period"]
        days = 1 if period == "today" else None if period == "never" else int(period[5:])
        today = now.astimezone(zone).date()
        counted = [
            dialed
            for when, _, dialed in person.attempts
            if days is None or (today - when.astimezone(zone).date()).days < days
        ]
        failed = set()
        if len(counted) >= (limits.get("max_attempts_per_contact") or 10**9):
            failed.add("contact_attempt_limit")
        if sum(same(dialed, number) for dialed in counted) >= (limits.get("max_attempts_per_number") or 10**9):
            failed.add("number_attempt_limit")
        return failed

    def _by_rule(self, campaign: Json, person: Person, number: str, now: datetime) -> set[str]:
        asked, failed = person.asked(number, now), set()
        missing = [name for name in campaign["rule_set_ids"] if name not in self.tables["rule-sets"]]
        failed |= {self._missing("rule-sets", name, "rule_set") for name in missing}
        for rule in self._rules(campaign, "pre_call"):
            held = all_of(rule["conditions"], asked)
            if held is None or (held and {"type": "do_not_dial"} in rule["actions"]):
                failed.add("pre_call_rule")
        if campaign.get("contact_filter") is not None and not all_of(campaign["contact_filter"], asked):
            failed.add("contact_filtered")
        return failed

    def _own(self, campaign: Json, person: Person) -> set[str]:
        failed = set() if campaign["status"] == "on" else {"campaign_off"}
        began = max(self.recycles.get(campaign["campaign_id"], []), default=datetime(1, 1, 1, tzinfo=UTC))
        if any(name == campaign["campaign_id"] and when >= began for when, name, _ in person.attempts):
            failed.add("already_called_this_pass")
        if campaign.get("suppress_contacts_with_callback") and self.outstanding(person):
            failed.add("callback_outstanding")
        return failed

    def callback(self, contact_id: str, campaign_id: str, callback_id: str) -> list[str]:
        """Why a callback cannot be placed, besides the checks."""
        named = self.person(contact_id).callbacks.get(callback_id)
        if named is None or named[0] != campaign_id:
            return ["callback_unknown"]
        return ["callback_ended"] if named[1] in ENDS else []
