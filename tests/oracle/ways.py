"""Whether a callback may go the way that a record tells of, by the state of things when it is written."""

from collections import Counter
from datetime import datetime

from tests.oracle.conditions import Json
from tests.oracle.lives import GAPS, Life, at, command_of, goes_again
from tests.oracle.reasons import UNREADABLE, Checks, Of
from tests.oracle.wrap_ups import tells_of_a_check

OUTCOMES = ("dialing", "presented", "blocked", "rescheduled", "waiting", "expired", "not_dialed")
UNREADABLE_CONFIGURATION = UNREADABLE[1:]


class Ways:
    """Each method is one way out; each is given the record before the model hears of it."""

    def __init__(self, checks: Checks, seen: Counter[str]) -> None:
        self.checks = checks
        self.model = checks.model
        self.seen = seen

    def lived(self, record: Json, event: Json | None, now: datetime) -> None:
        if record["transition"] not in OUTCOMES:
            return
        life = self.model.person(record["contact_id"]).lives[record["callback_id"]]
        of = (record["contact_id"], record["campaign_id"], life.number)
        assert life.is_outstanding or record["transition"] == "rescheduled", record
        if record["transition"] in ("presented", "dialing"):
            self._goes_out(record, life, now)
        match record["transition"], record["reasons"]:
            case "rescheduled", []:
                if event is None or event.get("type") != "rescheduled":
                    self._let_go(record, life, of, now)
            case "rescheduled", ["returned"]:
                self._due_again(record, life, event)
            case "rescheduled", ["window_over"]:
                self._next_day(record, life, of, now)
            case "expired", ["window_over"]:
                self._missed(record, life, of, now)
            case "waiting", _:
                self._waits(record, life, of, now)
            case "not_dialed", _:
                self._not_dialed(record, life, event)
            case "expired", _:
                self.seen["expired"] += 1
            case _:
                self._checked(record, life, of, now)

    def _goes_out(self, record: Json, life: Life, now: datetime) -> None:
        """No command under a hold, or when the window is over."""
        assert not self.model.is_held(life.campaign_id) and not life.is_over(now), record
        presentation = len(life.commands) + 1
        assert record["facts"]["presentation"] == presentation, record
        made = command_of(record["contact_id"], record["callback_id"], presentation)
        assert record["facts"]["command_id"] == made, record

    def _checked(self, record: Json, life: Life, of: Of, now: datetime) -> None:
        campaign = self.model.tables["campaigns"].get(of[1])
        if campaign is None:
            return
        reasons = self.checks.reasons(of, now, callback=record["callback_id"])
        others = [reason for reason in reasons if reason not in UNREADABLE]
        waited_for = [reason for reason in reasons if reason in UNREADABLE_CONFIGURATION]
        waitable = GAPS | ({"outside_callable_time"} if campaign["reschedule_zone_blocked"] else set())
        self.seen[record["transition"] if record["transition"] != "rescheduled" else "moved"] += 1
        match record["transition"]:
            case "dialing":
                assert reasons == [] and not self.checks.wants_preview(of, now), (record, reasons)
                self.checks.placed(of, now, now)
                flights = self.model.person(of[0]).flights
                flights.begin(campaign, record["callback_id"], None, now)
            case "presented":
                self._presented(record, campaign, reasons, of, now)
            case "blocked":
                assert record["reasons"] == reasons != [], (record, reasons)
                assert not waited_for or (campaign["screen_previews"] and others), (record, reasons)
                if set(others) <= waitable and others:
                    assert self.checks.fits(of, campaign, record["callback_id"], now) is None, record
                    self.seen["no slot"] += 1
            case "rescheduled":
                assert record["reasons"] == reasons and others and set(others) <= waitable, (record, reasons)
                fits = self.checks.fits(of, campaign, record["callback_id"], now)
                assert at(record["due_at"]) == fits, (record, fits)
                self.seen.update(f"moved for {reason}" for reason in others)

    def _waits(self, record: Json, life: Life, of: Of, now: datetime) -> None:
        """For a hold, whatever else there is; else for the window of a campaign that nobody can read, or by 2.5."""
        if self.model.is_held(of[1]):
            assert record["reasons"] == ["on_hold"], record
            self.seen["held"] += 1
            return
        campaign = self.model.tables["campaigns"].get(of[1])
        if campaign is None:
            assert record["reasons"] == ["campaign_unreadable"], record
            return
        self.seen["waiting"] += 1
        reasons = self.checks.reasons(of, now, callback=record["callback_id"])
        waited_for = [reason for reason in reasons if reason in UNREADABLE_CONFIGURATION]
        off = ["campaign_off"] if campaign["status"] != "on" else waited_for
        assert record["reasons"] == off != [] and not life.is_over(now), (record, reasons)

    def _presented(self, record: Json, campaign: Json, reasons: list[str], of: Of, now: datetime) -> None:
        because = record["facts"].get("because")  # None for what has waited.
        if because == "switch_to_preview":
            assert self.checks.wants_preview(of, now)
            self.seen["switched"] += 1
        if because == "changed":
            self.seen["presented anew"] += 1
        elif campaign["screen_previews"] and because != "owner_expired":
            assert set(reasons) <= set(UNREADABLE), (record, reasons)

    def _let_go(self, record: Json, life: Life, of: Of, now: datetime) -> None:
        assert life.state == "scheduled" and life.moved_for & GAPS, record
        campaign = self.model.tables["campaigns"][of[1]]
        due = at(record["due_at"])
        assert due < life.due, record
        fits = self.checks.fits(of, campaign, record["callback_id"], now)
        assert due == fits, (record, fits)
        self.seen["let go"] += 1

    def _due_again(self, record: Json, life: Life, event: Json | None) -> None:
        assert event is not None
        assert goes_again(life, self.model.tables["campaigns"].get(life.campaign_id)), record
        assert record["facts"]["returns"] == life.returns + 1, record
        if event.get("type") != "returned":
            assert record["facts"]["returned"] == "skipped", record
            assert not tells_of_a_check(event["wrap_up_code"]), record
        self.seen["due again"] += 1

    def _not_dialed(self, record: Json, life: Life, event: Json | None) -> None:
        assert event is not None
        again = goes_again(life, self.model.tables["campaigns"].get(life.campaign_id))
        if event.get("type") == "returned":
            assert record["reasons"] == [event["reason"]] and not again, record
        else:
            assert record["reasons"] == ["skipped"], record
            assert not again or tells_of_a_check(event["wrap_up_code"]), record
        assert record["facts"].get("returns", 0) == life.returns, record
        self.seen["not_dialed"] += 1

    def _is_missed(self, record: Json, life: Life, now: datetime) -> None:
        assert life.state in ("scheduled", "waiting", "due") and life.is_over(now), record
        assert life.campaign_id not in self.model.unreadable["campaigns"], record

    def _next_day(self, record: Json, life: Life, of: Of, now: datetime) -> None:
        self._is_missed(record, life, now)
        campaign = self.model.tables["campaigns"][of[1]]
        most = campaign.get("missed_max")
        assert campaign.get("on_missed") == "next_day", record
        assert record["facts"]["missed"] == life.missed + 1 <= (3 if most is None else most), record
        found = self.checks.next_window(of, life, now)
        assert found is not None, record
        due, window = found
        shown = (at(record["due_at"]), at(record["facts"]["window_end_at"]))
        assert shown == (due, window[1]), (record, found)
        life.window = window
        self.seen["another window"] += 1

    def _missed(self, record: Json, life: Life, of: Of, now: datetime) -> None:
        self._is_missed(record, life, now)
        campaign = self.model.tables["campaigns"].get(of[1])
        self.seen["missed"] += 1
        if campaign is None or campaign.get("on_missed") != "next_day":
            return
        most = campaign.get("missed_max")
        if life.missed < (3 if most is None else most):
            assert self.checks.next_window(of, life, now) is None, record
            self.seen["no other day"] += 1
