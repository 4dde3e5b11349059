"""What the options promise, over any history: told from events and records alone, without a look into the program."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings

from tests.builders import Json, Worker, instant
from tests.logic.test_properties import RULES, SKIPPED, histories, told

END = "2027-01-23T00:00:00Z"
MINUTE = timedelta(minutes=1)
LADDER = [10, 10, 60]

Happening = tuple[datetime, str, Any]
"""When, the topic, and the value: of events as they arrive, and of records as they are written."""


def happened(history: list[tuple[str, str, Json]]) -> Iterator[Happening]:
    """Everything in its order: what fell due before an event arrived stands before it."""
    worker = Worker(rules=RULES)
    for at, topic, value in history:
        for line in worker.run_to(at).lines:
            yield instant(line["at"]), line["topic"], line["value"]
        yield instant(at), topic, value
        for line in told(worker, topic, value, at).lines:
            yield instant(line["at"]), line["topic"], line["value"]
    for line in worker.run_to(END).lines:
        yield instant(line["at"]), line["topic"], line["value"]


def calls(happenings: list[Happening]) -> Iterator[tuple[int, Json]]:
    """Where a call is let out: a command for analysis, or a placement that is allowed now."""
    given: list[Json] = []
    for place, (_, topic, value) in enumerate(happenings):
        fresh = topic == "placement-decided" and value["allowed"] and value not in given
        if topic == "dial-analysis" or fresh:
            yield place, value
        given += [value] if topic == "placement-decided" else []


def campaign_at(happenings: list[Happening], place: int) -> Json:
    """The campaign's record that was known then."""
    known: Json = next(value for _, topic, value in reversed(happenings[:place]) if topic == "campaigns")
    return known


@given(histories())
def test_no_call_is_let_out_within_the_gap_after_another(history):
    """Of attempts, those are looked at that count in any case: the first wrap-up of a conversation."""
    happenings = list(happened(history))
    for place, call in calls(happenings):
        gap, at, heard = campaign_at(happenings, place).get("min_gap_s"), happenings[place][0], set()
        for _, topic, value in happenings[:place]:
            if gap is None or topic != "wrap-up" or value["contact_id"] != call["contact_id"]:
                continue
            if value["conversation_id"] not in heard and value["wrap_up_code"] != SKIPPED:
                assert at >= instant(value["occurred_at"]) + timedelta(seconds=gap), call
            heard.add(value["conversation_id"])


@given(histories())
def test_of_two_calls_of_a_contact_the_second_waits_for_the_end_of_the_first(history):
    """Unless so many seconds have gone by, or it is the same callback's: a wrap-up or a return may be the end."""
    happenings = list(happened(history))
    let_out = list(calls(happenings))
    for (first, call), (second, other) in ((one, two) for one in let_out for two in let_out if one[0] < two[0]):
        if call["contact_id"] != other["contact_id"]:
            continue
        allowed_s = campaign_at(happenings, first).get("one_call_at_a_time_s")
        if allowed_s is None or campaign_at(happenings, second).get("one_call_at_a_time_s") is None:
            continue
        own = call["callback_id"] is not None and call["callback_id"] == other["callback_id"]
        is_over = happenings[second][0] >= happenings[first][0] + timedelta(seconds=allowed_s)
        ends = [
            value
            for _, topic, value in happenings[first:second]
            if value
            and value.get("contact_id") == call["contact_id"]
            and (topic == "wrap-up" or value.get("type") == "returned")
        ]
        assert own or is_over or ends, (call, other)


@given(histories())
def test_nothing_goes_out_and_nothing_is_allowed_under_a_hold(history):
    holds: dict[str, Json] = {}
    for at, topic, value in happened(history):
        if topic == "holds":
            holds[value["hold_id"]] = value
        in_force = [hold for hold in holds.values() if hold["reason"] is not None]
        if topic.startswith("dial-"):
            assert not in_force, value
        if topic == "placement-decided" and instant(value["occurred_at"]) == at:
            assert not in_force or "on_hold" in value["reasons"], value


def window_after(record: Json, before: str | None, events: dict[str, Json]) -> str | None:
    """The end of a callback's window after a transition of it."""
    facts, cause = record["facts"], record["cause"]["event_id"]
    if record["transition"] == "scheduled":
        end: str | None = events.get(cause, {}).get("window_end_at")
        return end
    if record["transition"] != "rescheduled":
        return before
    if "window_end_at" in facts:
        return str(facts["window_end_at"])
    if record["reasons"] or "first_due_at" in facts:
        return before  # It was moved by the system, or came back.
    end = events[facts.get("superseded_by", cause)].get("window_end_at")
    return end


@given(histories())
def test_nothing_goes_out_and_nothing_is_allowed_once_the_window_is_over(history):
    events: dict[str, Json] = {}
    ends: dict[tuple[str, str], str | None] = {}
    for at, topic, value in happened(history):
        if topic == "callback-scheduled":
            events[value["event_id"]] = value
        if topic == "callback-lifecycle" and value["transition"] != "rejected":
            name = (value["contact_id"], value["callback_id"])
            ends[name] = window_after(value, ends.get(name), events)
        if topic.startswith("dial-") or topic == "placement-decided":
            end = ends.get((value["contact_id"], value["callback_id"]))
            is_over = end is not None and at >= instant(end)
            if topic.startswith("dial-"):
                assert not is_over, value
                assert end is None or (value["expires_at"] is not None and instant(value["expires_at"]) <= instant(end))
            elif value["callback_id"] is not None and instant(value["occurred_at"]) == at and is_over:
                assert not value["allowed"], value


@given(histories())
def test_a_ladder_is_never_longer_than_its_rule_says_and_has_its_offsets(history):
    for _, topic, value in happened(history):
        if topic != "callback-lifecycle" or value["facts"].get("rule_id") != "ladder":
            continue
        facts = value["facts"]
        if value["transition"] == "scheduled":
            assert facts["steps"] == len(LADDER) and facts["offset_minutes"] == LADDER[facts["step"] - 1]


@given(histories())
@settings(max_examples=50)
def test_a_return_is_heard_once_and_a_callback_that_came_back_goes_out_or_ends(history):
    """At the end of all nothing is left in somebody's hands."""
    marks: dict[str, int] = {}
    last: dict[tuple[str, str], str] = {}
    for _, topic, value in happened(history):
        if topic == "callback-lifecycle":
            event_id = value["cause"]["event_id"]
            of_return = "returned" in (*value["reasons"], value["facts"].get("event_type")) or (
                value["transition"] == "not_dialed"
            )
            if of_return and event_id is not None:
                marks[event_id] = marks.get(event_id, 0) + 1
            if value["transition"] not in ("rejected", "changed"):
                last[value["contact_id"], value["callback_id"]] = value["transition"]
    assert all(count == 1 for count in marks.values())
    assert not {"presented", "dialing", "due"} & set(last.values())
