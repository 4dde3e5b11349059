"""Holds what a worker says against the model, record by record, each at its own instant."""

from collections import Counter
from datetime import datetime, timedelta

from tests.builders import Said, Worker
from tests.oracle.batch import Batch
from tests.oracle.conditions import Json
from tests.oracle.histories import Told
from tests.oracle.model import Model, at
from tests.oracle.reasons import ORDER, Checks
from tests.oracle.ways import Ways
from tests.oracle.wrap_ups import Counted, wrapped_up

FRESH = timedelta(seconds=60)
"""How long an answer is good for, and repeated."""


class Watch:
    """One history: the worker, the model, and how often each thing was seen."""

    def __init__(self) -> None:
        self.worker = Worker(listed=())
        self.worker.send("campaigns", None, key="P")
        self.model = Model()
        self.checks = Checks(self.model)
        self.seen: Counter[str] = Counter()
        self.ways = Ways(self.checks, self.seen)
        self.said = Said([])
        self._answers: dict[str, Json] = {}

    def send(self, told: Told) -> None:
        when = told.at.isoformat()
        self.run_to(told.at)
        said = self.worker.send(told.topic, told.value, when, told.key)
        batch = Batch(self.checks, self.seen, told.at)
        counted: Counted | None = None
        if told.topic == "wrap-up" and told.value:
            counted = wrapped_up(self.model, told.value, told.at)
            batch.wrapped_up(told.value, counted)
        elif told.topic == "callback-scheduled" and told.value:
            batch.asked(told.value)
        elif told.topic != "placement-requested":
            self.model.told(told.topic, told.key, told.value, told.at)
        self._watch(said, told.value, batch)
        batch.done(said.lifecycle)

    def run_to(self, when: datetime) -> None:
        """Timers of one instant are one batch for what must hold after it."""
        said = self.worker.run_to(when.isoformat())
        self._watch(said, None, None)
        Batch(self.checks, self.seen, when).settled()

    def _watch(self, said: Said, event: Json | None, batch: Batch | None) -> None:
        self.said.lines += said.lines
        for line in said.lines:
            value, now = line["value"], at(line["at"])
            if line["topic"] == "placement-decided":
                assert event is not None
                self._answered(value, event, now)
            elif line["topic"] == "callback-lifecycle" and value["contact_id"] is not None:
                if batch is not None:
                    batch.hears(value)
                self.ways.lived(value, event, now)
                self.model.lived(value, event, now)

    def _answered(self, answer: Json, request: Json, now: datetime) -> None:
        assert answer["reply_to"] == request.get("reply_to")
        before = self._answers.get(answer["request_id"])
        held = self.model.is_held(answer["campaign_id"])
        if before is not None and now - at(before["occurred_at"]) < FRESH and not (before["allowed"] and held):
            assert {**answer, "reply_to": None} == {**before, "reply_to": None}, "a repeated request gets its answer"
            self.seen["repeated"] += 1
            self._repeated(answer, request, now)
            return
        assert answer["occurred_at"] == self._text(now)
        assert answer["facts"].get("decided_before_at") == (before and before["occurred_at"])
        self.seen["decided anew"] += before is not None
        self._answers[answer["request_id"]] = answer
        own = request["origin"] == "campaign"
        of = (answer["contact_id"], answer["campaign_id"], answer["phone_number"])
        callback = None if own else request["callback_id"]
        reasons = self.checks.reasons(of, now, own=own, callback=callback, request=request["request_id"])
        if not own:
            reasons += self.checks.of_callback(request, now)
        assert answer["reasons"] == sorted(reasons, key=ORDER.index), (answer, reasons)
        self.seen.update(reasons or ["allowed"])
        assert (answer["valid_until"] is not None) is answer["allowed"]
        if answer["allowed"]:
            self._allowed(answer, request, now)

    def _repeated(self, answer: Json, request: Json, now: datetime) -> None:
        """A call that is still in flight is in flight from now on."""
        flights = self.model.person(answer["contact_id"]).flights
        campaign = self.model.tables["campaigns"].get(answer["campaign_id"])
        if answer["allowed"] and campaign and flights.is_in_flight(answer["request_id"], now):
            flights.begin(campaign, answer["callback_id"], answer["request_id"], now)

    def _allowed(self, answer: Json, request: Json, now: datetime) -> None:
        until = at(answer["valid_until"])
        of = (answer["contact_id"], answer["campaign_id"], answer["phone_number"])
        campaign, person = self.model.tables["campaigns"][of[1]], self.model.person(of[0])
        life = person.lives[answer["callback_id"]] if request["origin"] == "callback" else None
        longest = now + FRESH
        if life is not None and life.window is not None:
            longest = min(longest, life.window[1])
            self.seen["answered in a window"] += 1
        is_open = self.checks.is_open
        assert now < until <= longest and is_open(of, campaign, until - timedelta(microseconds=1)), answer
        assert until == longest or not is_open(of, campaign, until), answer
        if answer["request_id"] not in self.model.acted:
            self.model.acted.add(answer["request_id"])
            self.checks.placed(of, at(request["occurred_at"]), now)
        callback = answer["callback_id"] if life is not None else None
        person.flights.begin(campaign, callback, answer["request_id"], now)
        if life is not None and not life.in_hands:
            self.model.handed_out(person, answer["callback_id"], now)

    def _text(self, now: datetime) -> str:
        return now.isoformat().replace("+00:00", "Z")
