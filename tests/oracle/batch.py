"""What an event must lead to, and what must hold after it. Docs: 9.1 to 9.5."""

from collections import Counter
from datetime import datetime

from tests.oracle.conditions import Json
from tests.oracle.ladders import Wish
from tests.oracle.lives import GAPS, Life, at, due_again, goes_again, rule_callback_of
from tests.oracle.model import is_valid
from tests.oracle.reasons import Checks
from tests.oracle.wrap_ups import Counted


class Batch:
    """One event: told before the records of it are looked at, and `done` after them."""

    def __init__(self, checks: Checks, seen: Counter[str], now: datetime) -> None:
        self.checks, self.model, self.seen, self.now = checks, checks.model, seen, now
        self.event: Json | None = None
        self.counted: Counted | None = None
        self.expected: list[tuple[str, list[str]]] | None = None
        self.due: datetime | None = None
        self.named: Life | None = None
        self.named_before: tuple[str, str] = ("", "")
        self.outstanding: list[str] = []

    def asked(self, event: Json) -> None:
        """A change or a return: what it must lead to for the callback it names, if that is sure."""
        self.event = event
        person = self.model.person(event["contact_id"])
        self.named = person.lives.get(event["callback_id"])
        if self.named:
            self.named_before = (self.named.number, self.named.state)
        if event["type"] == "returned":
            self._returned(event)
        elif event["type"] in ("changed", "rescheduled"):
            refused = self.model.changing(event, self.now)
            if event["type"] == "changed":
                self.expected = [("rejected", [refused])] if refused else [("changed", [])]

    def _returned(self, event: Json) -> None:
        before = self.named.returns if self.named else 0
        refused, stays = self.model.returned(event, self.now)
        if refused:
            self.expected = [("rejected", [refused])]
            self.seen[f"return {refused}"] += 1
            return
        assert self.named is not None and before <= self.named.returns
        campaign = self.model.tables["campaigns"].get(self.named.campaign_id)
        if stays:
            self.expected = []
            self.seen["left open by a return"] += 1
        elif goes_again(self.named, campaign):
            assert campaign is not None
            self.due = due_again(self.named, event, campaign)
            self.expected = [("rescheduled", ["returned"])]
        else:
            self.expected = [("not_dialed", [event["reason"]])]

    def wrapped_up(self, event: Json, counted: Counted | None) -> None:
        self.event, self.counted = event, counted

    def hears(self, record: Json) -> None:
        """A record, before the model hears of it."""
        if self.counted and record["transition"] in ("scheduled", "rejected"):
            name = rule_callback_of(self.counted.event["contact_id"], self.counted.event["event_id"])
            if record["callback_id"] == name:
                campaign_id, lives = self.counted.event["campaign_id"], self.counted.person.lives
                self.outstanding = [
                    one for one, life in lives.items()
                    if life.campaign_id == campaign_id and life.origin == "rule" and life.is_outstanding
                ]  # fmt: skip

    def done(self, lifecycle: list[Json]) -> None:
        lifecycle = [record for record in lifecycle if record["contact_id"] is not None]
        if self.event is not None and self.event.get("type") in ("changed", "returned", "rescheduled"):
            self._named(self.event, [one for one in lifecycle if one["callback_id"] == self.event["callback_id"]])
        if self.counted:
            self._wished(self.counted, lifecycle)
            self._given_back(self.counted, lifecycle)
        elif self.event is not None and self.event.get("history"):
            assert lifecycle == [], lifecycle
            self.seen["history"] += 1
        self._call_offs(lifecycle)
        self._flights()

    def settled(self) -> None:
        """What must hold when all that was due at this instant has gone out."""
        self._windows()
        self._waiting()

    def _named(self, event: Json, records: list[Json]) -> None:
        shown = [(one["transition"], one["reasons"]) for one in records]
        if self.expected is not None:
            assert shown[: len(self.expected)] == self.expected, (event, shown, self.expected)
            assert self.expected or not records, (event, records)
        if self.due is not None:
            assert at(records[0]["due_at"]) == self.due, (records[0], self.due)
        for record in records:
            if record["transition"] == "changed":
                self.seen["changed"] += 1
                if "phone_number" in record["facts"]["after"]:
                    assert self.named is not None
                    assert record["facts"]["after"]["phone_number"] == self.named.number[-2:], record
        self._anew(event, records)

    def _anew(self, event: Json, records: list[Json]) -> None:
        """A presented callback whose number, agent or owner is another is presented anew, unless it may not be."""
        life, shown = self.named, [one["transition"] for one in records]
        anew = [one for one in records if one["facts"].get("because") == "changed"]
        if life is None or "changed" not in shown or shown[0] == "rescheduled":
            assert not [one for one in anew if one["transition"] == "presented"], records
            return
        differs = {"phone_number", "agent_id", "owner"} & set(records[shown.index("changed")]["facts"]["after"])
        if (event.get("phone_number") and is_valid(event["phone_number"])) and life.number != self.named_before[0]:
            assert "phone_number" in differs, records
        if (
            self.named_before[1] == "presented"
            and differs
            and not life.is_over(self.now)
            and "rescheduled" not in shown
        ):
            way = "waiting" if self.model.is_held(life.campaign_id) else "presented"
            assert [one["transition"] for one in anew] == [way], records
        else:
            assert not anew, records

    def _wished(self, counted: Counted, lifecycle: list[Json]) -> None:
        """The rules' callback is scheduled, or a record says why not."""
        event, wish = counted.event, counted.wish
        name = rule_callback_of(event["contact_id"], event["event_id"])
        mine = [
            one for one in lifecycle if one["callback_id"] == name and one["transition"] in ("scheduled", "rejected")
        ]
        if wish is None:
            wanted = [["ladder_ended"]] if counted.is_ladder_over else []
            assert [one["reasons"] for one in mine] == wanted, (event, mine)
            self.seen["ladder ended"] += len(wanted)
            return
        assert len(mine) == 1, (event, wish, mine)
        record = mine[0]
        facts = record["facts"]
        shown = (facts["rule_set_id"], facts["rule_id"]), facts["offset_minutes"], facts.get("step"), facts.get("steps")
        assert shown == (wish.rule, wish.minutes, wish.step, wish.steps), (record, wish)
        self.seen["step"] += wish.step is not None and wish.step > 1
        of = (event["contact_id"], event["campaign_id"], event["phone_number"])
        assert at(record["due_at"]) == self.checks.rule_due(of, counted.when, wish.minutes, wish.at_local_time), record
        self._if_outstanding(counted, wish, record, [one for one in lifecycle if "rule_id" in one["facts"]])

    def _if_outstanding(self, counted: Counted, wish: Wish, record: Json, by_rules: list[Json]) -> None:
        if "invalid_number" in record["reasons"] or "callback_id_taken" in record["reasons"]:
            return
        lives = counted.person.lives
        others = [one for one in self.outstanding if one != record["callback_id"]]
        later = [one for one in others if lives[one].arranged_at > counted.when]
        refused = (wish.if_outstanding == "keep" and others) or (wish.if_outstanding == "replace" and later)
        assert record["reasons"] == (["callback_outstanding"] if refused else []), (record, wish, others)
        self.seen["kept"] += bool(refused)
        replaced = [one for one in by_rules if one["transition"] == "cancelled"]
        if wish.if_outstanding == "replace" and not refused:
            assert others == [], (record, others)
            self.seen["replaced"] += len(replaced)

    def _given_back(self, counted: Counted, lifecycle: list[Json]) -> None:
        """A callback that a wrap-up names is completed by an attempt alone, and given back by what is none alone."""
        name = counted.event.get("callback_id")
        shown = [one["transition"] for one in lifecycle if one["callback_id"] == name]
        if counted.is_attempt:
            assert "not_dialed" not in shown, lifecycle
        else:
            assert "completed" not in shown, lifecycle

    def _call_offs(self, lifecycle: list[Json]) -> None:
        for person in self.model.people.values():
            for name, life in person.lives.items():
                if life.is_outstanding:
                    assert not any(one.is_of(life) for one in person.call_offs), (name, life, person.call_offs)
        for record in lifecycle:
            if record["transition"] == "cancelled" and "rule_id" in record["facts"]:
                person = self.model.person(record["contact_id"])
                life = person.lives[record["callback_id"]]
                replaced = self.counted and self.counted.wish and self.counted.wish.if_outstanding == "replace"
                off = any(one.is_of(life) for one in person.call_offs)
                assert off or (replaced and life.origin == "rule"), record
                self.seen["called off"] += off

    def _flights(self) -> None:
        """A call that ended let go what waited for it."""
        for contact_id, person in self.model.people.items():
            if not person.flights.has_ended:
                continue
            person.flights.has_ended = False
            for name, life in self.model.let_go_soon(person):
                campaign = self.model.tables["campaigns"].get(life.campaign_id)
                if campaign is not None and life.moved_for & GAPS:
                    of = (contact_id, life.campaign_id, life.number)
                    fits = self.checks.fits(of, campaign, name, self.now)
                    assert fits is None or fits >= life.due, (name, life, fits)

    def _windows(self) -> None:
        """At the end of its window nothing is left that nobody has, unless it waits for what cannot be read."""
        for person in self.model.people.values():
            for name, life in person.lives.items():
                if life.state in ("scheduled", "waiting") and life.is_over(self.now):
                    campaign = self.model.tables["campaigns"].get(life.campaign_id)
                    unread = life.campaign_id in self.model.unreadable["campaigns"]
                    by_system = life.state == "waiting" and life.origin == "rule"
                    waits = by_system and campaign is not None and self._cannot_read(campaign)
                    assert unread or waits, (name, life)

    def _waiting(self) -> None:
        """What waits has something to wait for."""
        for person in self.model.people.values():
            for name, life in person.lives.items():
                if life.state != "waiting" or self.model.is_held(life.campaign_id):
                    continue
                campaign = self.model.tables["campaigns"].get(life.campaign_id)
                if campaign is None:
                    assert life.campaign_id in self.model.unreadable["campaigns"], (name, life)
                    continue
                assert life.origin == "rule" and campaign["dialing_mode"] != "preview", (name, life)
                waits = campaign["status"] != "on" or self._cannot_read(campaign)
                assert waits, (name, life)

    def _cannot_read(self, campaign: Json) -> bool:
        sets, times = self.model.unreadable["rule-sets"], self.model.unreadable["callable-time-sets"]
        return bool(sets & set(campaign["rule_set_ids"])) or campaign.get("callable_time_set_id") in times
