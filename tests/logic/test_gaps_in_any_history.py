"""Over any history: no call within a gap, no two in flight, and what waits for them goes as soon as it fits.

The histories are told to a model of its own, which knows the rules and nothing of the program.
"""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.contact.rows import decode_contact
from streams.logic.contact.state import Contact
from tests.builders import Json, Worker, campaign, instant, rule, scheduled, wrap_up
from tests.logic.test_gaps import request

START = instant("2026-11-23T08:00:00Z")
CAMPAIGNS = st.sampled_from(["P", "O"])


def minute(at: float) -> str:
    text: str = (START + timedelta(minutes=at)).isoformat()
    return text.replace("+00:00", "Z")


@st.composite
def settings_of(draw, campaign_id: str) -> Json:
    return campaign(
        campaign_id,
        rule_set_ids=["R"],
        dialing_mode=draw(st.sampled_from(["power", "power", "preview"])),
        screen_previews=draw(st.booleans()),
        min_gap_s=draw(st.sampled_from([None, 600, 1800])),
        one_call_at_a_time_s=draw(st.sampled_from([None, 900, 2400])),
        expire_after_s=draw(st.sampled_from([None, None, 1500])),
    )


@st.composite
def histories(draw) -> tuple[list[Json], list[tuple[str, str, Json]]]:
    """The campaigns, and events in the order of their arrival: (arrives at, topic, value)."""
    at, events = 0.0, []
    for number in range(draw(st.integers(3, 25))):
        at += draw(st.sampled_from([0, 0.5, 2, 5, 10, 20]))
        about = {"campaign_id": draw(CAMPAIGNS), "occurred_at": minute(at)}
        kind = draw(st.sampled_from(["promise", "again", "again", "done", "late", "skip", "ask", "ask", "ask"]))
        named = draw(st.sampled_from(["k0", "k1", "k2"]))
        if kind == "promise":
            due_at = minute(at + draw(st.integers(0, 30)))
            event = scheduled(named, event_id=f"e{number}", conversation_id=f"s{number}", due_at=due_at, **about)
            events.append((minute(at), "callback-scheduled", event))
        elif kind == "ask":
            callback_id = draw(st.none() | st.just(named))
            value = request(f"q{draw(st.integers(0, 4))}", callback_id, **{**about, "event_id": f"e{number}"})
            events.append((minute(at), "placement-requested", value))
        else:
            code = {"again": "AGAIN", "skip": "ININ-OUTBOUND-DNC-SKIPPED"}.get(kind, "DONE")
            changes = {"occurred_at": minute(at - (12 if kind == "late" else draw(st.sampled_from([0, 1, 4]))))}
            callback_id = draw(st.none() | st.just(named))
            value = wrap_up(f"v{number}", wrap_up_code=code, callback_id=callback_id, **{**about, **changes})
            events.append((minute(at), "wrap-up", value))
    return [draw(settings_of("P")), draw(settings_of("O"))], events


def stored(worker: Worker) -> Contact:
    return decode_contact(worker.core.partitions[0].table[b"L|c1"])


class Model:
    """What calls there were, and which are in flight, as the rules tell it."""

    def __init__(self, campaigns: list[Json]) -> None:
        self.campaigns = {one["campaign_id"]: one for one in campaigns}
        self.attempts: list[str] = []
        self.calls: list[Json] = []
        self.answers: dict[str, Json] = {}
        self.first_due: dict[str, str] = {}

    def under_way(self, at: datetime, *, but: tuple[str | None, str | None] = (None, None)) -> list[Json]:
        """The calls in flight, but those for this callback and by this request."""
        callback_id, request_id = but
        return [
            call
            for call in self.calls
            if at < call["until"]
            and (callback_id is None or call["callback_id"] != callback_id)
            and (request_id is None or call["request_id"] != request_id)
        ]

    def fits(self, campaign_id: str, at: datetime, callback_id: str | None) -> datetime:
        """The first instant that fits, for a callback of this campaign."""
        known, instants = self.campaigns[campaign_id], [at]
        if known["min_gap_s"] and self.attempts:
            instants.append(max(map(instant, self.attempts)) + timedelta(seconds=known["min_gap_s"]))
        if known["one_call_at_a_time_s"]:
            instants += [call["until"] for call in self.under_way(at, but=(callback_id, None))]
        return max(instants)

    def call(self, campaign_id: str, at: datetime, callback_id: str | None, request_id: str | None) -> None:
        """A call is let out; nothing must speak against it."""
        known = self.campaigns[campaign_id]
        if known["min_gap_s"] and self.attempts:
            assert at >= max(map(instant, self.attempts)) + timedelta(seconds=known["min_gap_s"])
        if known["one_call_at_a_time_s"]:
            self.calls = self.under_way(at, but=(callback_id, request_id))
            assert self.calls == []
            until = at + timedelta(seconds=known["one_call_at_a_time_s"])
            what = {"campaign_id": campaign_id, "callback_id": callback_id, "request_id": request_id}
            self.calls = [{**what, "since": at, "until": until}]

    def wrapped_up(self, value: Json, over: set[str]) -> bool:
        """Whether it ended a call. over: callbacks that it ended."""
        if not value["wrap_up_code"].endswith("SKIPPED"):
            self.attempts.append(value["occurred_at"])
        latest = instant(value["occurred_at"]) + timedelta(minutes=5)
        left = [
            call
            for call in self.calls
            if (call["campaign_id"] != value["campaign_id"] or call["since"] > latest)
            and call["callback_id"] not in over
        ]
        ended, self.calls = len(left) < len(self.calls), left
        return ended


def replay(model: Model, line: Json, event: Json | None) -> None:
    """What a record of the worker says is told to the model."""
    value, at = line["value"], instant(line["at"])
    if line["topic"] == "dial-analysis":
        model.call(value["campaign_id"], at, value["callback_id"], None)
    elif line["topic"] == "placement-decided":
        again = model.answers.get(value["request_id"])
        if again == value or instant(value["occurred_at"]) < at:  # The answer is given once more.
            assert again == value
            for call in model.under_way(at):
                if call["request_id"] == value["request_id"] and value["allowed"]:
                    length = model.campaigns[value["campaign_id"]]["one_call_at_a_time_s"]
                    call.update(since=at, until=at + timedelta(seconds=length))
        elif value["allowed"]:
            model.call(value["campaign_id"], at, value["callback_id"], value["request_id"])
        model.answers[value["request_id"]] = value
    elif line["topic"] == "callback-lifecycle":
        moved = {"too_soon", "in_call"} & set(value["reasons"])
        if value["transition"] == "due":
            model.first_due.setdefault(value["callback_id"], value["due_at"])
        elif value["transition"] == "rescheduled":
            assert moved or event is not None
            assert instant(value["due_at"]) == model.fits(value["campaign_id"], at, value["callback_id"])
            assert value["facts"]["first_due_at"] == model.first_due[value["callback_id"]]
        elif value["transition"] in ("presented", "dialing", "expired") and value["reasons"] != ["no_outcome"]:
            limit = model.campaigns[value["campaign_id"]]["expire_after_s"]
            if limit is not None:
                end = instant(model.first_due[value["callback_id"]]) + timedelta(seconds=limit)
                assert (at == end) if value["transition"] == "expired" else at < end


@given(histories())
@settings(max_examples=150)
def test_no_call_within_a_gap_no_two_in_flight_and_what_waits_goes_as_soon_as_it_fits(history):
    campaigns, events = history
    worker, model = Worker(*campaigns, rules=(rule(minutes=5),)), Model(campaigns)
    for at, topic, value in events:
        for line in worker.run_to(at).lines:
            replay(model, line, None)
        lines = worker.send(topic, value, at).lines
        if topic == "wrap-up":
            over = {
                one["value"]["callback_id"]
                for one in lines
                if one["topic"] == "callback-lifecycle" and one["value"]["transition"] in ("completed", "not_dialed")
            }
            if model.wrapped_up(value, over):
                for callback in stored(worker).callbacks:
                    if callback.moved_for == "gap" and callback.status == "scheduled":
                        assert callback.due_at <= model.fits(callback.campaign_id, instant(at), callback.callback_id)
        for line in lines:
            replay(model, line, value)
        in_flight = {flight.until for flight in stored(worker).flights if instant(at) < flight.until}
        assert in_flight == {call["until"] for call in model.under_way(instant(at))}
    for line in worker.run_to("2026-11-25T08:00:00Z").lines:
        replay(model, line, None)
