"""The forecast made before a due time, with nothing changed since, agrees with what the worker then does."""

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.console.view.model import CallbackKey
from streams.console.why.forecast import Forecast, forecast
from streams.logic.contact.callback import Callback
from streams.logic.contact.rows import decode_contact
from tests.builders import NUMBER, Json, Worker, campaign, contact, hold, instant, key_of, rule, scheduled, wrap_up
from tests.logic.test_properties import RULES, histories, placement, told

HOURS = {"slots": [{"day": day, "start": "04:00", "stop": "05:30"} for day in range(1, 8)]}
TIMES = {"callable_time_set_id": "T", "times": [{"time_zone": "America/New_York", **HOURS}]}
KEY = CallbackKey("L", "c1", "k1")


def row_of(worker: Worker, contact_id: str = "c1") -> bytes | None:
    key = key_of({"contact_list_id": "L", "contact_id": contact_id})
    return next((one.table[key] for one in worker.core.partitions if key in one.table), None)


def foretold(worker: Worker, callback_id: str = "k1", contact_id: str = "c1") -> Forecast:
    key = CallbackKey("L", contact_id, callback_id)
    return forecast(row_of(worker, contact_id), worker.core.configuration, key, instant(worker.at))


def outstanding(worker: Worker) -> list[tuple[str, str]]:
    rows = [(name, row_of(worker, name)) for name in ("c1", "c2")]
    return [(name, one.callback_id) for name, row in rows if row for one in decode_contact(row).callbacks]


@st.composite
def days(draw) -> tuple[list[tuple[str, str, Json]], int]:
    """A history in which campaigns have hours, lists and checks of previews, but no rate; and a moment of it."""
    more = {
        "dial_rate_per_s": None,
        "callable_time_set_id": draw(st.sampled_from([None, "T"])),
        "reschedule_zone_blocked": draw(st.booleans()),
        "screen_previews": draw(st.booleans()),
        "dnc_list_ids": draw(st.sampled_from([[], ["D"]])),
        "attempt_limits": draw(
            st.sampled_from([None, {"max_attempts_per_contact": 1, "reset_period": "today", "time_zone": "UTC"}])
        ),
    }
    events = [
        (at, topic, {**value, **more} if topic == "campaigns" else value) for at, topic, value in draw(histories())
    ]
    return events, draw(st.integers(1, len(events)))


def lived_until(history: list[tuple[str, str, Json]], cut: int) -> Worker:
    """A worker at a moment of a day, when everything that could go out has."""
    worker = Worker(rules=RULES)
    worker.send("callable-time-sets", TIMES)
    worker.send("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER, "expires_at": "2026-11-23T10:00:00Z"})
    for at, topic, value in history[:cut]:
        told(worker, topic, value, at)
    worker.run_to(worker.at)
    return worker


def callback_in(worker: Worker, contact_id: str, callback_id: str) -> Callback:
    callbacks = decode_contact(row_of(worker, contact_id) or b"").callbacks
    return next(one for one in callbacks if one.callback_id == callback_id)


def as_written(record: Json) -> tuple[Any, ...]:
    return record["occurred_at"], record["transition"], tuple(record["reasons"]), record["due_at"]


def as_foreseen(one: Any) -> tuple[Any, ...]:
    return text(one.at), one.transition.value, tuple(one.reasons), text(one.due_at)


def text(at) -> str:
    return str(at.isoformat()).replace("+00:00", "Z")


@given(days())
def test_the_worker_writes_what_was_foreseen_in_this_order_at_these_instants(day):
    worker = lived_until(*day)
    forecasts = {(name, who): foretold(worker, who, name) for name, who in outstanding(worker)}
    written = worker.run_to("2027-01-23T00:00:00Z").lifecycle
    for (name, who), one in forecasts.items():
        life = [record for record in written if (record["contact_id"], record["callback_id"]) == (name, who)]
        assert one.is_known and one.words[0].isupper()
        assert [as_written(record) for record in life[: len(one.foreseen)]] == [as_foreseen(f) for f in one.foreseen]
        if not one.foreseen:
            assert life == []


@given(days())
@settings(max_examples=60)
def test_an_agent_who_asks_at_the_due_time_is_answered_what_was_foreseen(day):
    worker = lived_until(*day)
    for name, who in outstanding(worker):
        one = foretold(worker, who, name)
        if callback_in(worker, name, who).status != "scheduled":
            continue  # Of one that somebody has, the blockers are as of now.
        first = next((record for record in one.foreseen if record.transition != "due"), None)
        if one.at is None or first is None or first.transition != "presented" or one.at == instant(worker.at):
            continue
        worker.run_to(text(one.at))
        number = callback_in(worker, name, who).phone_number
        request = placement("ask", who, event_id="ask", occurred_at=text(one.at), contact_id=name)
        answer = worker.send("placement-requested", {**request, "phone_number": number}).of("placement-decided")[-1]
        expected = [blocker.reason for blocker in one.blockers]
        assert [reason for reason in answer["reasons"] if reason != "window_over"] == expected
        return


def waiting(**settings_of: Any) -> Worker:
    return Worker(campaign(rule_set_ids=["R"], **settings_of), rules=(rule(),))


def by_rule(worker: Worker) -> str:
    said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    found: str = said.lifecycle[0]["callback_id"]
    return found


def test_a_contact_that_no_partition_has_seen_has_no_forecast_and_the_words_say_so():
    one = forecast(None, Worker().core.configuration, KEY, instant("2026-11-23T08:00:00Z"))
    assert not one.is_known and one.words == "No worker has seen this contact yet, so nothing can be foreseen"


def test_a_row_that_cannot_be_read_has_none_either():
    configuration, now = Worker().core.configuration, instant("2026-11-23T08:00:00Z")
    assert not forecast(b"\xff{", configuration, KEY, now).is_known
    assert not forecast(b'{"version":3}', configuration, KEY, now).is_known
    later = forecast(b'{"version":99,"contact_list_id":"L","contact_id":"c1"}', configuration, KEY, now)
    assert not later.is_known and "newer version" in later.words


def test_a_preview_names_what_its_call_would_be_refused_for_and_by_which_records():
    worker = Worker(campaign(dnc_list_ids=["D"], callable_time_set_id="T"))
    worker.send("callable-time-sets", TIMES)
    worker.send("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER})
    worker.schedule(scheduled(due_at="2026-11-23T15:00:00Z"))
    one = foretold(worker)
    assert one.words == (
        "Will be shown to an agent at 15:00; the call would not be permitted then: on Do Not Call list D, for good; "
        "outside callable time set T (it was 10:00 in America/New_York); the next open slot begins tomorrow at 09:00"
    )
    assert [(one.reason, [(r.topic, r.key) for r in one.rests_on]) for one in one.blockers] == [
        ("dnc", [("dnc-entries", "D|…0101")]),
        ("outside_callable_time", [("callable-time-sets", "T")]),
    ]
    assert one.opens_at == instant("2026-11-24T09:00:00Z")


def test_a_callback_that_the_system_dials_says_whether_it_will_be_blocked_moved_or_dialed():
    worker = waiting()
    assert foretold(worker, by_rule(worker)).words == "Will be dialed at 14:40; nothing stands in its way"
    worker = waiting(callable_time_set_id="T", reschedule_zone_blocked=True)
    worker.send("callable-time-sets", TIMES)
    assert foretold(worker, by_rule(worker)).words == (
        "Will not be dialed at 14:40: outside callable time set T (it was 09:40 in America/New_York); "
        "it moves and goes out tomorrow at 09:00; nothing stands in its way"
    )
    worker = waiting()
    name = by_rule(worker)
    worker.send("contacts", contact(callable=False))
    one = foretold(worker, name)
    assert one.words == "Will not be dialed at 14:40: the contact's record says that it may not be called"
    assert [(r.topic, r.key) for r in one.blockers[0].rests_on] == [("contacts", "L|c1")]


def test_a_campaign_that_is_off_a_hold_and_an_unreadable_record_are_what_it_will_wait_for():
    worker = waiting(status="off")
    name = by_rule(worker)
    one = foretold(worker, name)
    assert one.words == "Will wait from 14:40 on: campaign P is off"
    assert [(b.reason, [r.key for r in b.rests_on]) for b in one.blockers] == [("campaign_off", ["P"])]
    worker.run_to("2026-11-23T15:00:00Z")
    assert foretold(worker, name).words == "Waits until this is over: campaign P is off; then nothing stands in its way"
    worker = waiting()
    name = by_rule(worker)
    worker.send("holds", hold(campaign_id="P"))
    one = foretold(worker, name)
    assert [(b.reason, [r.key for r in b.rests_on]) for b in one.blockers] == [("on_hold", ["h1"])]
    assert one.words == "Will wait from 14:40 on: on hold by hold h1 of campaign P (stop)"
    worker = waiting()
    name = by_rule(worker)
    worker.send("rule-sets", {"rule_set_id": "R", "rules": 7})
    one = foretold(worker, name)
    assert [(b.reason, [r.key for r in b.rests_on]) for b in one.blockers] == [("rule_set_unreadable", ["R"])]
    worker = waiting()
    name = by_rule(worker)
    worker.send("contacts", {"contact_list_id": "L", "contact_id": "c1", "callable": 7})
    assert [b.reason for b in foretold(worker, name).blockers] == ["contact_uncallable"]


def test_one_that_an_agent_has_ends_when_its_outcome_is_too_long_in_coming():
    worker = Worker(campaign(outcome_timeout_s=3600))
    worker.schedule(scheduled(due_at="2026-11-23T15:00:00Z"))
    worker.run_to("2026-11-23T15:10:00Z")
    one = foretold(worker)
    assert one.words == "An agent has it; it ends at 16:00 if no outcome comes"
    assert one.at == instant("2026-11-23T16:00:00Z")
    worker.run_to("2026-11-23T16:10:00Z")
    assert foretold(worker).words == "It has ended: nothing more will become of it"


def test_a_rate_that_may_keep_it_waiting_is_named():
    worker = waiting(dial_rate_per_s=1.0, paced=["due"])
    one = foretold(worker, by_rule(worker))
    assert one.spread and one.words.startswith(
        "Will be dialed at 14:40, or when its turn comes by the rate of its campaign"
    )


def test_the_words_go_by_the_clock_of_the_viewer():
    worker = waiting()
    key = CallbackKey("L", "c1", by_rule(worker))
    now = instant(worker.at)
    words = forecast(row_of(worker), worker.core.configuration, key, now, ZoneInfo("Asia/Tokyo")).words
    assert words == "Will be dialed at 23:40; nothing stands in its way"
