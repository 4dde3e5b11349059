"""Holds what a worker says against the model, record by record, each at its own instant."""

from collections import Counter
from datetime import datetime, timedelta

from tests.builders import Said, Worker
from tests.oracle.conditions import Json
from tests.oracle.histories import Told
from tests.oracle.model import ORDER, UNREADABLE, Model, at

Of = tuple[str, str, str]
"""Contact, campaign, number."""

FRESH = timedelta(seconds=60)
"""How long an answer is good for, and repeated."""

OUTCOMES = ("dialing", "presented", "blocked", "rescheduled")

STEP = timedelta(minutes=15)
"""All slots begin on a quarter of an hour."""


class Watch:
    """One history: the worker, the model, and how often each thing was seen."""

    def __init__(self) -> None:
        self.worker = Worker(listed=())
        self.worker.send("campaigns", None, key="P")
        self.model = Model()
        self.seen: Counter[str] = Counter()
        self.said = Said([])
        self._numbers: dict[tuple[str, str], str] = {}
        self._answers: dict[str, Json] = {}

    def send(self, told: Told) -> None:
        when = told.at.isoformat()
        self._watch(self.worker.run_to(when), None)
        if told.topic == "placement-requested":
            self._watch(self.worker.send(told.topic, told.value, when, told.key), told.value)
            return
        said = self.worker.send(told.topic, told.value, when, told.key)
        self.model.told(told.topic, told.key, told.value, told.at)
        self._watch(said, told.value)

    def run_to(self, when: datetime) -> None:
        self._watch(self.worker.run_to(when.isoformat()), None)

    def _watch(self, said: Said, event: Json | None) -> None:
        self.said.lines += said.lines
        for line in said.lines:
            value, now = line["value"], at(line["at"])
            if line["topic"] == "placement-decided":
                assert event is not None
                self._answered(value, event, now)
            elif line["topic"] == "callback-lifecycle" and value["contact_id"] is not None:
                self._lived(value, event, now)
                self.model.lived(value)

    def _answered(self, answer: Json, request: Json, now: datetime) -> None:
        before = self._answers.get(answer["request_id"])
        if before is not None and now - at(before["occurred_at"]) < FRESH:
            assert answer == before, "a repeated request gets its first answer"
            self.seen["repeated"] += 1
            return
        assert answer["occurred_at"] == self._text(now)
        assert answer["facts"].get("decided_before_at") == (before and before["occurred_at"])
        self.seen["decided anew"] += before is not None
        self._answers[answer["request_id"]] = answer
        own = request["origin"] == "campaign"
        of = (answer["contact_id"], answer["campaign_id"])
        reasons = self.model.reasons(*of, answer["phone_number"], now, own=own)
        if not own:
            reasons += self.model.callback(*of, answer["callback_id"])
        assert answer["reasons"] == sorted(reasons, key=ORDER.index), (answer, reasons)
        self.seen.update(reasons or ["allowed"])
        assert (answer["valid_until"] is not None) is answer["allowed"]
        if answer["allowed"]:
            self._allowed(answer, request, of, now)

    def _allowed(self, answer: Json, request: Json, of: tuple[str, str], now: datetime) -> None:
        until = at(answer["valid_until"])
        campaign = self.model.tables["campaigns"][of[1]]
        whole = (*of, answer["phone_number"])
        assert now < until <= now + FRESH and self._is_open(whole, campaign, until - timedelta(microseconds=1))
        assert until == now + FRESH or not self._is_open(whole, campaign, until)
        if answer["request_id"] not in self.model.acted:
            self.model.acted.add(answer["request_id"])
            self.model.placed(*whole, at(request["occurred_at"]), now)
        if request["origin"] == "callback":
            _, state = self.model.person(of[0]).callbacks[answer["callback_id"]]
            if state not in ("presented", "dialing"):
                self.model.handed_out(of[0], answer["callback_id"], now)

    def _text(self, now: datetime) -> str:
        return now.isoformat().replace("+00:00", "Z")

    def _lived(self, record: Json, event: Json | None, now: datetime) -> None:
        name = (record["contact_id"], record["callback_id"])
        if record["transition"] == "scheduled":
            assert event is not None
            self._numbers[name] = event["phone_number"]
        campaign = self.model.tables["campaigns"].get(record["campaign_id"])
        if campaign is None or record["transition"] not in (*OUTCOMES, "waiting"):
            return
        if record["transition"] == "rescheduled" and not record["reasons"]:
            return  # Somebody moved it.
        of = (record["contact_id"], record["campaign_id"], self._numbers[name])
        reasons = self.model.reasons(*of, now)
        self.seen[record["transition"] if record["transition"] != "rescheduled" else "moved"] += 1
        others = [reason for reason in reasons if reason not in UNREADABLE]
        waited_for = [reason for reason in reasons if reason in UNREADABLE[1:]]
        match record["transition"]:
            case "waiting":
                off = ["campaign_off"] if campaign["status"] != "on" else waited_for
                assert record["reasons"] == off != [], (record, reasons)
            case "dialing":
                assert reasons == [] and not self.model.wants_preview(*of, now), (record, reasons)
                self.model.placed(*of, now, now)
            case "presented":
                self._presented(record, campaign, reasons, of, now)
            case "blocked":
                assert record["reasons"] == reasons != [], (record, reasons)
                assert not waited_for or (campaign["screen_previews"] and others), (record, reasons)
                if others == ["outside_callable_time"] and campaign["reschedule_zone_blocked"]:
                    assert not self._opens(of, campaign, now, now + timedelta(days=8))
            case "rescheduled":
                assert record["reasons"] == reasons and others == ["outside_callable_time"], (record, reasons)
                assert campaign["reschedule_zone_blocked"]
                due = at(record["due_at"])
                assert self._is_open(of, campaign, due) and not self._is_open(of, campaign, due - timedelta(seconds=1))
                assert not self._opens(of, campaign, now, due)

    def _presented(self, record: Json, campaign: Json, reasons: list[str], of: Of, now: datetime) -> None:
        because = record["facts"].get("because")  # None for what has waited.
        if because == "switch_to_preview":
            assert self.model.wants_preview(*of, now)
            self.seen["switched"] += 1
        if campaign["screen_previews"] and because != "owner_expired":
            assert set(reasons) <= set(UNREADABLE), (record, reasons)

    def _is_open(self, of: Of, campaign: Json, when: datetime) -> bool:
        return not self.model._time(campaign, self.model.person(of[0]), of[2], when)

    def _opens(self, of: Of, campaign: Json, begin: datetime, end: datetime) -> bool:
        first = begin.replace(minute=0, second=0, microsecond=0)
        steps = (first + STEP * n for n in range((end - first) // STEP + 1))
        return any(begin <= when < end and self._is_open(of, campaign, when) for when in steps)
