"""Every check that fails, in the order of the contract. Docs: section 3, 9.2, 9.3, 9.5 to 9.7."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle import hours
from tests.oracle.conditions import Json, all_of, same
from tests.oracle.flights import fits_at
from tests.oracle.lives import LONG_AGO, Life, at
from tests.oracle.model import Model, Person, is_valid
from tests.oracle.wrap_ups import act

ORDER = [
    "dnc", "outside_callable_time", "zone_not_callable", "contact_uncallable", "number_uncallable",
    "contact_attempt_limit", "number_attempt_limit", "pre_call_rule", "contact_filtered", "callback_outstanding",
    "already_called_this_pass", "campaign_off", "campaign_unknown", "contact_unknown", "callback_unknown",
    "callback_ended", "invalid_number", "time_zone_unknown", "callable_time_set_unknown", "rule_set_unknown",
    "contact_unreadable", "campaign_unreadable", "rule_set_unreadable", "callable_time_set_unreadable",
    "region_unknown", "too_soon", "in_call", "on_hold", "window_over", "superseded",
]  # fmt: skip
UNREADABLE = ["contact_unreadable", "campaign_unreadable", "rule_set_unreadable", "callable_time_set_unreadable"]

Of = tuple[str, str, str]
"""Contact, campaign, number."""


class Checks:
    """The checks, by what the model knows."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def placed(self, of: Of, when: datetime, now: datetime) -> None:
        """A call was let through: the actions of its pre-call rules are carried out."""
        person, campaign = self.model.person(of[0]), self.model.tables["campaigns"][of[1]]
        asked = person.asked(of[2], now)
        matched = [rule for rule in self.model.rules(campaign, "pre_call") if all_of(rule["conditions"], asked)]
        act(self.model, person, campaign, matched, of[2], when)

    def wants_preview(self, of: Of, now: datetime) -> bool:
        asked = self.model.person(of[0]).asked(of[2], now)
        rules = self.model.rules(self.model.tables["campaigns"][of[1]], "pre_call")
        return any(
            all_of(rule["conditions"], asked) and {"type": "switch_to_preview"} in rule["actions"] for rule in rules
        )

    def reasons(
        self, of: Of, now: datetime, *, own: bool = False, callback: str | None = None, request: str | None = None
    ) -> list[str]:
        """Those of a call. own: the campaign's own next record. callback, request: that it is for."""
        contact_id, campaign_id, number = of
        model = self.model
        person, campaign = model.person(contact_id), model.tables["campaigns"].get(campaign_id)
        failed: set[str] = {"on_hold"} if model.is_held(campaign_id) else set()
        if person.unreadable:
            failed.add("contact_unreadable")
        if person.record is None or not model.is_known(person):
            failed |= set() if person.unreadable and person.record is None else {"contact_unknown"}
        elif not person.record["callable"] or person.marked:
            failed.add("contact_uncallable")
        numbers = person.record["numbers"] if person.record else []
        here = [one["callable"] for one in numbers if same(one["phone_number"], number)]
        if any(same(marked, number) for marked in person.marked_numbers) or not all(here):
            failed.add("number_uncallable")
        if not is_valid(number):
            failed.add("invalid_number")
        if campaign is None:
            failed.add(self._missing("campaigns", campaign_id, "campaign"))
        else:
            failed |= self._dnc(campaign, number, now) | self.time(campaign, person, number, now)
            failed |= self._attempts(campaign, person, number, now) | self._by_rule(campaign, person, number, now)
            failed |= self._own(campaign, person) if own else set()
            failed |= self.gaps(campaign, person, callback, request, now)[1]
        return sorted(failed, key=ORDER.index)

    def gaps(
        self, campaign: Json, person: Person, callback: str | None, request: str | None, now: datetime
    ) -> tuple[datetime, set[str]]:
        others = person.flights.others(callback, request, now)
        return fits_at(campaign, [when for when, _, _ in person.attempts], others, now)

    def _missing(self, topic: str, key: str, what: str) -> str:
        return f"{what}_unreadable" if key in self.model.unreadable[topic] else f"{what}_unknown"

    def _dnc(self, campaign: Json, number: str, now: datetime) -> set[str]:
        held = [(key.partition("|"), entry) for key, entry in self.model.dnc.items()]
        names = campaign["dnc_list_ids"]
        entries = [entry for (name, _, put), entry in held if name in names and same(put, number)]
        blocks = any(not one.get("expires_at") or at(one["expires_at"]) > now for one in entries)
        return {"dnc"} if blocks else set()

    def time(self, campaign: Json, person: Person, number: str, now: datetime) -> set[str]:
        name = campaign.get("callable_time_set_id")
        if name is None:
            return set()
        times = self.model.tables["callable-time-sets"].get(name)
        if times is None:
            return {self._missing("callable-time-sets", name, "callable_time_set")}
        return hours.failed(times, person.record, number, now)

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
        missing = [name for name in campaign["rule_set_ids"] if name not in self.model.tables["rule-sets"]]
        failed |= {self._missing("rule-sets", name, "rule_set") for name in missing}
        for rule in self.model.rules(campaign, "pre_call"):
            held = all_of(rule["conditions"], asked)
            if held is None or (held and {"type": "do_not_dial"} in rule["actions"]):
                failed.add("pre_call_rule")
        if campaign.get("contact_filter") is not None and not all_of(campaign["contact_filter"], asked):
            failed.add("contact_filtered")
        return failed

    def _own(self, campaign: Json, person: Person) -> set[str]:
        failed = set() if campaign["status"] == "on" else {"campaign_off"}
        began = max(self.model.recycles.get(campaign["campaign_id"], []), default=LONG_AGO)
        if any(name == campaign["campaign_id"] and when >= began for when, name, _ in person.attempts):
            failed.add("already_called_this_pass")
        if campaign.get("suppress_contacts_with_callback") and person.has_outstanding:
            failed.add("callback_outstanding")
        return failed

    def of_callback(self, request: Json, now: datetime) -> list[str]:
        """Why a callback cannot be placed, besides the checks."""
        life = self.model.person(request["contact_id"]).lives.get(request["callback_id"])
        if life is None or life.campaign_id != request["campaign_id"]:
            return ["callback_unknown"]
        latest = life.commands[-1].command_id if life.commands else None
        failed = [] if request.get("command_id") in (None, latest) else ["superseded"]
        if not life.is_outstanding:
            return ["callback_ended", *failed]
        return [*failed, "window_over"] if life.is_over(now) else failed

    def fits(self, of: Of, campaign: Json, callback: str, now: datetime) -> datetime | None:
        """The first instant that fits all that can be waited out. Docs: 9.5 and row 19."""
        person = self.model.person(of[0])
        base, _ = self.gaps(campaign, person, callback, None, now)
        times = self.model.tables["callable-time-sets"].get(campaign.get("callable_time_set_id") or "")
        if not campaign["reschedule_zone_blocked"] or times is None:
            return base
        return hours.first_open(times, person.record, of[2], base, base + hours.FURTHEST_SLOT)

    def is_open(self, of: Of, campaign: Json, when: datetime) -> bool:
        return not self.time(campaign, self.model.person(of[0]), of[2], when)

    def next_window(self, of: Of, life: Life, now: datetime) -> tuple[datetime, tuple[datetime, datetime]] | None:
        campaign = self.model.tables["campaigns"][of[1]]
        times = self.model.tables["callable-time-sets"].get(campaign.get("callable_time_set_id") or "")
        assert life.window is not None
        return hours.next_window(times, self.model.person(of[0]).record, of[2], life.window, now)

    def rule_due(self, of: Of, when: datetime, minutes: int, at_local_time: str | None) -> datetime:
        """When a rule's callback is due. Docs: 9.4."""
        due, record = when + timedelta(minutes=minutes), self.model.person(of[0]).record
        if at_local_time is None:
            return due
        zone = hours.westernmost(record, of[2], due)
        due = hours.next_at(zone, at_local_time, due)
        campaign = self.model.tables["campaigns"][of[1]]
        times = self.model.tables["callable-time-sets"].get(campaign.get("callable_time_set_id") or "")
        if times is None:
            return due
        return hours.first_open(times, record, of[2], due, due + hours.FURTHEST_SLOT) or due
