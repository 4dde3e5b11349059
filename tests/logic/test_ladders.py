"""Docs, rules.md, section 9.4: ladders, a time of day, and what is outstanding already."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.contact.ids import rule_callback_id
from streams.logic.contact.limits import RUNGS_KEPT
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.state import Contact, Rung
from tests.builders import (
    UNKNOWN_NUMBER,
    Json,
    Said,
    Worker,
    campaign,
    contact,
    rescheduled,
    rule,
    rule_set,
    scheduled,
    wrap_up,
)

LADDER = [10, 20, 120]
MAPPED = {"wrap_up_mappings": {"RIGHT": ["right_party_contact"], "RIGHT-AGAIN": ["right_party_contact"]}}
SKIPPED = "ININ-OUTBOUND-PREVIEW-SKIPPED"


def ladder(rule_id: str = "climb", *codes: str, **changes: Any) -> Json:
    """A rule for AGAIN, or the codes that are given, with a ladder."""
    action = {"type": "schedule_callback", "offsets_minutes": LADDER, **changes}
    return rule(rule_id, conditions=[{"type": "wrap_up_code", "codes": codes or ["AGAIN"]}], actions=[action])


class Calls:
    """Calls to a contact from 09:30 on, one an hour unless it is said otherwise, each in its own conversation."""

    def __init__(self, *rules: Json, **changes: Any) -> None:
        self.worker = Worker(
            campaign(**{"rule_set_ids": ["R"], **MAPPED, **changes}), campaign("P2", rule_set_ids=["R"])
        )
        self.worker.send("rule-sets", rule_set(*rules))
        self.number = 0

    def end(self, code: str, **changes: Any) -> Said:
        self.number += 1
        day, hour = divmod(8 + self.number, 24)
        at = f"2026-11-{23 + day}T{hour:02}:30:00Z"
        return self.worker.wrap_up(wrap_up(f"v{self.number}", **{"wrap_up_code": code, "occurred_at": at, **changes}))

    def steps(self, *codes: str) -> list[int | None]:
        """The step at which each call ended; None if it scheduled nothing."""
        return [step_of(self.end(code)) for code in codes]

    @property
    def contact(self) -> Contact:
        (row,) = [row for key, row in self.worker.core.partitions[0].table.items() if b"|" in key]
        return decode_contact(row)


def step_of(said: Said) -> int | None:
    scheduled_ones = [one for one in said.lifecycle if one["transition"] == "scheduled"]
    return scheduled_ones[0]["facts"]["step"] if scheduled_ones else None


def of_wrap_up(said: Said) -> list[Json]:
    """The records that have the wrap-up itself as their cause."""
    return [one for one in said.lifecycle if one["cause"]["topic"] == "wrap-up"]


# ---- steps


def test_consecutive_attempts_take_the_steps_one_by_one_and_after_the_last_none_is_scheduled() -> None:
    calls = Calls(ladder())
    said = [of_wrap_up(calls.end("AGAIN"))[0] for _ in range(5)]
    assert [one["due_at"] for one in said[:3]] == [
        "2026-11-23T09:40:00Z",
        "2026-11-23T10:50:00Z",
        "2026-11-23T13:30:00Z",
    ]
    facts = [(one["facts"]["offset_minutes"], one["facts"]["step"], one["facts"]["steps"]) for one in said[:3]]
    assert facts == [(10, 1, 3), (20, 2, 3), (120, 3, 3)]
    for ended in said[3:]:
        assert (ended["transition"], ended["reasons"]) == ("rejected", ["ladder_ended"])
        assert ended["facts"] == {"rule_set_id": "R", "rule_id": "climb", "wrap_up_code": "AGAIN", "steps": 3}
        assert ended["callback_id"].startswith("r-") and ended.get("due_at") is None


def test_one_offset_is_no_ladder_and_an_empty_list_is_none() -> None:
    calls = Calls(rule(actions=[{"type": "schedule_callback", "offset_minutes": 5, "offsets_minutes": []}]))
    facts = of_wrap_up(calls.end("AGAIN"))[0]["facts"]
    assert facts == {"rule_set_id": "R", "rule_id": "again", "offset_minutes": 5, "wrap_up_code": "AGAIN"}
    assert calls.contact.rungs == ()


@pytest.mark.parametrize("between", ["OTHER", "ININ-OUTBOUND-STUCK-INTERACTION", "RIGHT"])
def test_an_attempt_on_which_the_rule_did_not_match_starts_it_anew_though_no_rules_were_run(between: str) -> None:
    assert Calls(ladder()).steps("AGAIN", "AGAIN", between, "AGAIN") == [1, 2, None, 1]


def test_a_right_party_starts_it_anew_and_takes_the_first_step_where_the_rule_matches() -> None:
    calls = Calls(ladder("climb", "AGAIN", "RIGHT-AGAIN"))
    assert calls.steps("AGAIN", "AGAIN", "RIGHT-AGAIN", "AGAIN", "AGAIN") == [1, 2, 1, 2, 3]


def test_a_right_party_starts_an_ended_ladder_anew() -> None:
    assert Calls(ladder()).steps(*["AGAIN"] * 4, "RIGHT", "AGAIN") == [1, 2, 3, None, None, 1]


@pytest.mark.parametrize("code", [SKIPPED, "ININ-OUTBOUND-ON-DO-NOT-CALL-LIST", "PASSED-OVER"])
def test_what_is_no_attempt_takes_no_step_and_starts_nothing_anew(code: str) -> None:
    assert Calls(ladder(), not_attempt_codes=["PASSED-OVER"]).steps("AGAIN", code, "AGAIN") == [1, None, 2]


def test_no_attempt_that_is_said_to_have_reached_the_right_party_counts_for_nothing_either() -> None:
    calls = Calls(ladder(), wrap_up_mappings={SKIPPED: ["right_party_contact"]})
    assert calls.steps("AGAIN", SKIPPED, "AGAIN") == [1, None, 2]


def test_what_is_no_attempt_and_matches_schedules_the_step_that_was_taken_last_once_more() -> None:
    """So a preview that is skipped does not lose its place; before the first attempt it is that of the first step."""
    codes = ["AGAIN", SKIPPED]
    calls = Calls(ladder("climb", *codes))
    assert calls.steps(SKIPPED, SKIPPED, "AGAIN", SKIPPED, "AGAIN", "AGAIN", SKIPPED) == [1, 1, 1, 1, 2, 3, 3]
    assert calls.steps("AGAIN", SKIPPED, "AGAIN") == [None, None, None]


def test_a_later_code_of_a_call_neither_steps_nor_starts_anew() -> None:
    calls = Calls(ladder())
    assert calls.steps("AGAIN") == [1]
    for code in ("OTHER", "AGAIN"):
        later = wrap_up("v1", event_id=f"later-{code}", wrap_up_code=code, occurred_at="2026-11-23T09:35:00Z")
        assert calls.worker.wrap_up(later).lines == []
    assert calls.steps("AGAIN") == [2]


def test_the_call_of_a_callback_is_an_attempt_like_any_other() -> None:
    calls = Calls(ladder())
    (first, _) = of_wrap_up(calls.end("AGAIN"))[:1] * 2
    said = calls.end("AGAIN", callback_id=first["callback_id"])
    assert [one["transition"] for one in of_wrap_up(said)] == ["completed", "scheduled"] and step_of(said) == 2


def test_a_ladder_is_counted_for_each_campaign() -> None:
    calls = Calls(ladder())
    assert calls.steps("AGAIN", "AGAIN") == [1, 2]
    assert step_of(calls.end("AGAIN", campaign_id="P2")) == 1
    assert step_of(calls.end("OTHER", campaign_id="P2")) is None
    assert step_of(calls.end("RIGHT", campaign_id="P2")) is None
    assert calls.steps("AGAIN") == [3]


def test_a_ladder_is_counted_for_each_contact() -> None:
    calls = Calls(ladder())
    assert calls.steps("AGAIN", "AGAIN") == [1, 2]
    assert step_of(calls.end("AGAIN", contact_id="c2")) == 1


def test_a_number_of_its_own_is_no_ladder_of_its_own() -> None:
    calls = Calls(ladder())
    assert calls.steps("AGAIN") == [1]
    assert step_of(calls.end("AGAIN", phone_number="+12125550199")) == 2


def test_each_rule_has_its_own_ladder() -> None:
    calls = Calls(ladder("busy", "BUSY"), ladder("none", "NONE"))
    assert calls.steps("BUSY", "BUSY", "NONE", "NONE", "BUSY") == [1, 2, 1, 2, 1]


def test_a_rule_steps_though_the_callback_of_another_one_came_first() -> None:
    calls = Calls(ladder("first"), ladder("second", "AGAIN", "SECOND", offsets_minutes=[5, 6, 7, 8]))
    facts = of_wrap_up(calls.end("AGAIN"))[0]["facts"]
    assert facts["not_scheduled"] == [
        {"rule_set_id": "R", "rule_id": "second", "offset_minutes": 5, "step": 1, "steps": 4}
    ]
    assert calls.steps("AGAIN") == [2]
    assert calls.steps("SECOND") == [3]


def test_where_a_ladder_has_ended_a_further_rule_schedules_and_its_record_says_so() -> None:
    calls = Calls(ladder("first", offsets_minutes=[10]), rule("second", minutes=99), rule("third", minutes=7))
    calls.end("AGAIN")
    (record,) = of_wrap_up(calls.end("AGAIN"))
    assert (record["transition"], record["facts"]["rule_id"]) == ("scheduled", "second")
    assert record["facts"]["not_scheduled"] == [
        {"rule_set_id": "R", "rule_id": "first", "steps": 1},
        {"rule_set_id": "R", "rule_id": "third", "offset_minutes": 7},
    ]


def test_of_several_ladders_that_have_ended_one_record_tells() -> None:
    calls = Calls(ladder("first", offsets_minutes=[10]), ladder("second", offsets_minutes=[20]))
    calls.end("AGAIN")
    (record,) = of_wrap_up(calls.end("AGAIN", call_analysis="busy"))
    assert record["facts"] == {
        "rule_set_id": "R",
        "rule_id": "first",
        "wrap_up_code": "AGAIN",
        "call_analysis": "busy",
        "not_scheduled": [{"rule_set_id": "R", "rule_id": "second", "steps": 1}],
        "steps": 1,
    }


def test_a_callback_that_is_refused_was_a_step_nevertheless() -> None:
    calls = Calls(ladder())
    said = calls.end("AGAIN", phone_number=UNKNOWN_NUMBER)
    assert (said.reasons, said.lifecycle[0]["facts"]["step"]) == ([["invalid_number"]], 1)
    assert calls.steps("AGAIN") == [2]


def test_of_two_ladders_in_one_rule_the_first_counts() -> None:
    two = [{"type": "schedule_callback", "offsets_minutes": steps} for steps in ([10], [20, 30])]
    calls = Calls(rule(actions=two))
    assert "not_scheduled" not in of_wrap_up(calls.end("AGAIN"))[0]["facts"]
    assert calls.end("AGAIN").reasons[-1] == ["ladder_ended"]


def test_the_step_stays_by_the_names_of_the_rule_while_its_steps_change() -> None:
    calls = Calls(ladder())
    assert calls.steps("AGAIN", "AGAIN") == [1, 2]
    calls.worker.send("rule-sets", rule_set(ladder(offsets_minutes=[10, 20])))
    assert calls.end("AGAIN").reasons[-1] == ["ladder_ended"]
    calls.worker.send("rule-sets", rule_set(ladder(offsets_minutes=[10, 20, 30, 40])))
    assert calls.steps("AGAIN") == [4]


def test_a_contact_that_is_forgotten_starts_anew() -> None:
    calls = Calls(ladder(offsets_minutes=[1, 1]))
    assert calls.steps("AGAIN", "OTHER", "AGAIN") == [1, None, 1]
    calls.worker.run_to("2027-01-31T00:00:00Z")
    assert calls.contact.rungs == ()
    assert step_of(calls.end("AGAIN", occurred_at="2027-01-31T00:00:00Z")) == 1


def test_a_pre_call_rule_has_no_ladder() -> None:
    calls = Calls({**ladder(), "category": "pre_call", "conditions": []})
    request = {
        "event_id": "p1", "request_id": "q1", "occurred_at": "2026-11-23T14:30:00Z", "origin": "campaign",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
    }  # fmt: skip
    assert calls.worker.send("placement-requested", request).lifecycle == []
    assert calls.contact.rungs == ()


def test_a_contact_remembers_so_many_ladders_and_what_is_past_them_schedules_nothing() -> None:
    many = [ladder(f"r{number:03}", offsets_minutes=[5, 6]) for number in range(RUNGS_KEPT + 1)]
    calls = Calls(*many)
    facts = of_wrap_up(calls.end("AGAIN"))[0]["facts"]
    assert len(calls.contact.rungs) == RUNGS_KEPT and facts["rule_id"] == "r000"
    assert facts["not_scheduled"][-2:] == [
        {"rule_set_id": "R", "rule_id": f"r{RUNGS_KEPT - 1:03}", "offset_minutes": 5, "step": 1, "steps": 2},
        {"rule_set_id": "R", "rule_id": f"r{RUNGS_KEPT:03}", "steps": 2},
    ]


def test_a_rule_set_that_is_named_twice_steps_once() -> None:
    calls = Calls(ladder(), rule_set_ids=["R", "R"])
    assert calls.steps("AGAIN", "AGAIN") == [1, 2]


CODES = st.sampled_from(["AGAIN", "RIGHT-AGAIN", "RIGHT", "OTHER", SKIPPED, "ININ-OUTBOUND-INVALID-AGENT"])


@settings(max_examples=60)
@given(st.lists(CODES, max_size=14))
def test_the_steps_over_any_attempts_are_those_of_a_model_and_never_more_than_said(codes: list[str]) -> None:
    """The model: a number of attempts in a row. It is asked about a rule that matches skips, too."""
    calls, row, expected = Calls(ladder("climb", "AGAIN", "RIGHT-AGAIN", SKIPPED)), 0, []
    for code in codes:
        if code != SKIPPED:
            row = (1 if "RIGHT" in code else row + 1) if "AGAIN" in code else 0
        matches = "AGAIN" in code or code == SKIPPED
        at = max(row, 1)
        expected.append(at if matches and at <= len(LADDER) else None)
    assert calls.steps(*codes) == expected
    assert calls.contact.rungs == ((Rung("P", "R", "climb", row),) if row else ()) if codes else True


# ---- at a time of day


ZONED = {"time_zone": "America/Los_Angeles"}


def at_nine(**changes: Any) -> Calls:
    """Rules for a callback at nine, an hour after the call or later."""
    action = {"type": "schedule_callback", "offset_minutes": 60, "at_local_time": "09:00", **changes}
    return Calls(rule(actions=[action]))


@pytest.mark.parametrize(
    ("occurred_at", "due_at"),
    [
        ("2026-11-23T15:59:59Z", "2026-11-23T17:00:00Z"),
        ("2026-11-23T16:00:00Z", "2026-11-23T17:00:00Z"),
        ("2026-11-23T16:00:01Z", "2026-11-24T17:00:00Z"),
    ],
)
def test_the_next_such_time_after_the_offset_counts_that_very_instant_too(occurred_at: str, due_at: str) -> None:
    calls = at_nine()
    calls.worker.send("contacts", contact(**ZONED))
    (record,) = of_wrap_up(calls.end("AGAIN", occurred_at=occurred_at))
    assert record["due_at"] == due_at
    assert record["facts"]["at_local_time"] == "09:00" and record["facts"]["offset_minutes"] == 60


def test_the_clock_is_that_of_the_number_and_it_follows_daylight_saving_time() -> None:
    calls = at_nine(offset_minutes=1440)
    (record,) = of_wrap_up(calls.end("AGAIN", occurred_at="2026-10-30T12:00:00Z"))
    assert record["due_at"] == "2026-10-31T13:00:00Z"
    (record,) = of_wrap_up(calls.end("AGAIN", occurred_at="2026-10-31T12:00:00Z"))
    assert record["due_at"] == "2026-11-01T14:00:00Z"


def test_twenty_four_hours_is_midnight() -> None:
    (record,) = of_wrap_up(at_nine(at_local_time="24:00").end("AGAIN", occurred_at="2026-11-23T14:30:00Z"))
    assert record["due_at"] == "2026-11-24T05:00:00Z"


def test_each_step_of_a_ladder_is_brought_to_that_time() -> None:
    calls = Calls(ladder(offsets_minutes=[0, 2880], at_local_time="08:30"))
    assert of_wrap_up(calls.end("AGAIN"))[0]["due_at"] == "2026-11-23T13:30:00Z"
    assert of_wrap_up(calls.end("AGAIN"))[0]["due_at"] == "2026-11-25T13:30:00Z"


def times(day: int) -> Json:
    slots = [{"day": day, "start": "10:00", "stop": "20:00"}]
    return {"callable_time_set_id": "T", "times": [{"time_zone": "America/New_York", "slots": slots}]}


@pytest.mark.parametrize(
    ("known", "due_at"),
    [
        ([times(1)], "2026-11-23T15:00:00Z"),
        ([times(5)], "2026-11-27T15:00:00Z"),
        ([{"callable_time_set_id": "T", "times": []}], "2026-11-23T14:00:00Z"),
        ([], "2026-11-23T14:00:00Z"),
    ],
    ids=["the same day", "days later", "never open", "unknown"],
)
def test_that_time_is_moved_into_an_open_slot_where_one_opens(known: list[Json], due_at: str) -> None:
    calls = at_nine()
    calls.worker.send("campaigns", campaign(rule_set_ids=["R"], callable_time_set_id="T"))
    for one in known:
        calls.worker.send("callable-time-sets", one)
    (record,) = of_wrap_up(calls.end("AGAIN", occurred_at="2026-11-23T12:00:00Z"))
    assert record["due_at"] == due_at


def test_without_a_time_of_day_nothing_is_moved_into_a_slot() -> None:
    calls = Calls(ladder(), callable_time_set_id="T")
    calls.worker.send("callable-time-sets", times(5))
    assert of_wrap_up(calls.end("AGAIN"))[0]["due_at"] == "2026-11-23T09:40:00Z"


def test_more_than_thirty_days_ahead_is_too_far_and_the_step_is_taken() -> None:
    calls = Calls(ladder(offsets_minutes=[43_200, 43_200], at_local_time="00:00"))
    (record,) = of_wrap_up(calls.end("AGAIN"))
    assert (record["transition"], record["reasons"], record["facts"]["step"]) == ("rejected", ["too_far_ahead"], 1)
    (record,) = of_wrap_up(calls.end("AGAIN"))
    assert (record["reasons"], record["facts"]["step"]) == (["too_far_ahead"], 2)


# ---- what is outstanding


def with_outstanding(if_outstanding: str) -> Calls:
    """FIRST schedules one callback more, AGAIN one as it is said."""
    action = {"type": "schedule_callback", "offsets_minutes": LADDER, "if_outstanding": if_outstanding}
    first = rule("first", conditions=[{"type": "wrap_up_code", "codes": ["FIRST"]}], minutes=1440)
    calls = Calls(first, rule("second", actions=[action]))
    calls.end("FIRST")
    return calls


def test_add_schedules_one_more_and_is_no_fact() -> None:
    (record,) = of_wrap_up(with_outstanding("add").end("AGAIN"))
    assert record["transition"] == "scheduled" and "if_outstanding" not in record["facts"]


def test_keep_schedules_none_where_one_is_outstanding_and_says_so_and_the_ladder_steps() -> None:
    calls = with_outstanding("keep")
    (record,) = of_wrap_up(calls.end("AGAIN"))
    assert (record["transition"], record["reasons"]) == ("rejected", ["callback_outstanding"])
    assert record["facts"]["if_outstanding"] == "keep" and record["facts"]["step"] == 1
    assert record["due_at"] == "2026-11-23T10:40:00Z" and record["origin"] == "rule"
    assert step_of(calls.end("AGAIN", campaign_id="P2")) == 1
    calls.worker.run_to("2026-11-24T10:00:00Z")
    (callback,) = [one for one in calls.contact.callbacks if one.campaign_id == "P"]
    done = calls.end("AGAIN", callback_id=callback.callback_id, occurred_at="2026-11-24T10:00:00Z")
    assert [one["transition"] for one in of_wrap_up(done)] == ["completed", "scheduled"] and step_of(done) == 2


def test_keep_is_what_the_first_rule_wants_and_the_next_one_schedules_nothing_either() -> None:
    keep = rule("keep", actions=[{"type": "schedule_callback", "offset_minutes": 5, "if_outstanding": "keep"}])
    calls = Calls(keep, rule("add", minutes=9))
    calls.end("AGAIN")
    (record,) = of_wrap_up(calls.end("AGAIN", occurred_at="2026-11-23T09:31:00Z"))
    assert record["reasons"] == ["callback_outstanding"]
    assert record["facts"]["not_scheduled"] == [{"rule_set_id": "R", "rule_id": "add", "offset_minutes": 9}]


def test_an_agents_callback_and_one_of_another_campaign_are_neither_kept_nor_replaced() -> None:
    for if_outstanding in ("keep", "replace"):
        action = {"type": "schedule_callback", "offset_minutes": 5, "if_outstanding": if_outstanding}
        calls = Calls(rule(actions=[action]), rule("first", conditions=[{"type": "wrap_up_code", "codes": ["FIRST"]}]))
        calls.end("FIRST", campaign_id="P2")
        calls.worker.schedule(scheduled(occurred_at="2026-11-23T09:35:00Z"))
        said = calls.end("AGAIN", occurred_at="2026-11-23T09:39:00Z")
        assert [one["transition"] for one in of_wrap_up(said)] == ["scheduled"]


def test_replace_cancels_the_others_and_schedules_the_new_one() -> None:
    calls = with_outstanding("replace")
    said = calls.end("AGAIN")
    cancelled_one, new = of_wrap_up(said)
    assert (cancelled_one["transition"], new["transition"]) == ("cancelled", "scheduled")
    assert cancelled_one["facts"] == {"cancelled_by": "wrap-up", "rule_set_id": "R", "rule_id": "second"}
    assert new["facts"]["if_outstanding"] == "replace"
    assert [one.callback_id for one in calls.contact.callbacks] == [new["callback_id"]]


def test_replace_without_anything_to_replace_schedules() -> None:
    calls = with_outstanding("replace")
    assert [one["transition"] for one in of_wrap_up(calls.end("AGAIN", campaign_id="P2"))] == ["scheduled"]


def test_what_is_refused_replaces_nothing() -> None:
    calls = with_outstanding("replace")
    said = calls.end("AGAIN", phone_number=UNKNOWN_NUMBER)
    assert said.reasons == [["invalid_number"]] and len(calls.contact.callbacks) == 1


def test_a_wrap_up_that_comes_late_does_not_replace_what_a_later_one_arranged() -> None:
    calls = with_outstanding("replace")
    said = calls.worker.wrap_up(wrap_up("v0", wrap_up_code="AGAIN", occurred_at="2026-11-23T09:00:00Z"))
    assert said.reasons == [["callback_outstanding"]] and len(calls.contact.callbacks) == 1


@pytest.mark.parametrize(("if_outstanding", "left"), [("keep", "callback_outstanding"), ("replace", None)])
def test_the_callback_that_was_moved_during_its_call_is_outstanding(if_outstanding: str, left: str | None) -> None:
    calls = with_outstanding(if_outstanding)
    (callback,) = calls.contact.callbacks
    calls.worker.run_to("2026-11-24T09:31:00Z")
    moved = rescheduled(callback.callback_id, occurred_at="2026-11-24T09:35:00Z", due_at="2026-11-25T00:00:00Z")
    calls.worker.schedule(moved)
    said = calls.end("AGAIN", callback_id=callback.callback_id, occurred_at="2026-11-24T09:40:00Z")
    if left is None:
        assert [one["transition"] for one in of_wrap_up(said)] == ["cancelled", "scheduled"]
    else:
        assert said.reasons[-1] == [left]
    assert len(calls.contact.callbacks) == 1


def test_an_ended_ladder_replaces_nothing() -> None:
    calls = with_outstanding("replace")
    calls.steps("AGAIN", "AGAIN", "AGAIN")
    (record,) = of_wrap_up(calls.end("AGAIN", occurred_at="2026-11-23T12:31:00Z"))
    assert record["reasons"] == ["ladder_ended"] and len(calls.contact.callbacks) == 1


def test_an_id_that_somebody_has_given_already_stands_alone() -> None:
    for action in (
        {"offsets_minutes": [5]},
        {"offset_minutes": 5, "if_outstanding": "keep"},
        {"offset_minutes": 5, "if_outstanding": "replace"},
    ):
        calls = Calls(rule(actions=[{"type": "schedule_callback", **action}]))
        calls.end("AGAIN", occurred_at="2026-11-23T14:00:00Z")
        calls.worker.schedule(scheduled(rule_callback_id("L", "c1", "w-v2"), occurred_at="2026-11-23T14:01:00Z"))
        said = calls.end("AGAIN", occurred_at="2026-11-23T14:02:00Z")
        assert said.reasons == [["callback_id_taken"]]
