"""Bounds of what configuration records may ask for, and of the rule work of one event: counted, never timed."""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.prepared import prepare
from streams.logic.contact.bounds import (
    ACTIONS_MAX,
    CODES_MAX,
    CONDITIONS_MAX,
    DATE_SLOTS_MAX,
    DNC_LISTS_MAX,
    EXCEPTIONS_MAX,
    FLAGS_MAX,
    LADDER_STEPS_MAX,
    RECORD_BYTES_MAX,
    REGIONS_MAX,
    RULE_SETS_MAX,
    RULE_WORK_MAX,
    RULES_MAX,
    SLOTS_MAX,
    VALUES_MAX,
    ZONES_MAX,
)
from streams.logic.contact.exchange import Arrived
from tests.builders import Json, Worker, campaign, contact, rule, rule_set, scheduled, wrap_up

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CODE = {"type": "wrap_up_code", "codes": ["AGAIN"]}
AT_ALL = [{"type": "schedule_callback", "offset_minutes": 5}]


def arrived(topic: str, value: Json, offset: int = 0) -> Arrived:
    key = next(iter(value.values()))
    return Arrived(topic, 0, offset, key.encode(), orjson.dumps(value), 0)


def few(count: int, one: Any) -> list[Any]:
    return [one] * count


def rules(count: int, conditions: Callable[[int], list[Json]], category: str = "wrap_up") -> list[Json]:
    return [
        {"rule_id": f"r{n}", "order": n, "category": category, "conditions": conditions(n), "actions": AT_ALL}
        for n in range(count)
    ]


def times(*zones: Json, **fields: Any) -> Json:
    return {"callable_time_set_id": "T", "times": list(zones), **fields}


def zone(name: str, slots: int) -> Json:
    return {"time_zone": name, "slots": few(slots, {"day": 1, "start": "09:00", "stop": "10:00"})}


def in_region(name: str, slots: int) -> Json:
    return {"region": name, "slots": few(slots, {"day": 1, "start": "09:00", "stop": "10:00"})}


def on_date(slots: int, **where: Any) -> Json:
    return {"date": "2026-12-25", "slots": few(slots, {"start": "09:00", "stop": "10:00"}), **where}


def one_rule(**changes: Any) -> Json:
    return rule_set(rule(**changes))


def in_list(count: int) -> Json:
    return {
        "type": "contact_attribute", "attribute": "zip", "operator": "in",
        "value": ",".join(map(str, range(count))), "value_type": "string",
    }  # fmt: skip


BOUNDS = [
    ("rule-sets", RULES_MAX, "$.rules", lambda n: rule_set(*rules(n, lambda _: []))),
    ("rule-sets", CONDITIONS_MAX, "$.rules[...].conditions", lambda n: one_rule(conditions=few(n, CODE))),
    ("rule-sets", ACTIONS_MAX, "$.rules[...].actions", lambda n: one_rule(actions=few(n, {"type": "do_not_dial"}))),
    (
        "rule-sets",
        LADDER_STEPS_MAX,
        "$.rules[...].actions[...].offsets_minutes",
        lambda n: one_rule(actions=[{"type": "schedule_callback", "offsets_minutes": few(n, 5)}]),
    ),
    (
        "rule-sets",
        FLAGS_MAX,
        "$.rules[...].actions[...].origins",
        lambda n: one_rule(actions=[{"type": "cancel_callbacks", "scope": "contact", "origins": few(n, "rule")}]),
    ),
    ("rule-sets", VALUES_MAX, "$.rules[...].conditions", lambda n: one_rule(conditions=[in_list(n)])),
    ("campaigns", RULE_SETS_MAX, "$.rule_set_ids", lambda n: campaign(rule_set_ids=few(n, "R"))),
    ("campaigns", DNC_LISTS_MAX, "$.dnc_list_ids", lambda n: campaign(dnc_list_ids=few(n, "D"))),
    ("campaigns", CODES_MAX, "$.attempt_codes", lambda n: campaign(attempt_codes=few(n, "C"))),
    ("campaigns", CODES_MAX, "$.not_attempt_codes", lambda n: campaign(not_attempt_codes=few(n, "C"))),
    (
        "campaigns",
        CODES_MAX,
        "$.wrap_up_mappings",
        lambda n: campaign(wrap_up_mappings={f"C{i}": [] for i in range(n)}),
    ),
    (
        "campaigns",
        FLAGS_MAX,
        "$.wrap_up_mappings[...]",
        lambda n: campaign(wrap_up_mappings={"C": few(n, "right_party_contact")}),
    ),
    ("campaigns", FLAGS_MAX, "$.recycle_cancels", lambda n: campaign(recycle_cancels=few(n, "rule"))),
    ("campaigns", CONDITIONS_MAX, "$.contact_filter", lambda n: campaign(contact_filter=few(n, CODE))),
    ("campaigns", VALUES_MAX, "$.contact_filter", lambda n: campaign(contact_filter=[in_list(n)])),
    ("callable-time-sets", ZONES_MAX, "$.times", lambda n: times(*few(n, zone("Europe/Paris", 0)))),
    ("callable-time-sets", SLOTS_MAX, "$.times[...].slots", lambda n: times(zone("UTC", 1), zone("UTC", n - 1))),
    ("callable-time-sets", REGIONS_MAX, "$.regions", lambda n: times(regions=few(n, in_region("FR", 0)))),
    (
        "callable-time-sets",
        SLOTS_MAX,
        "$.regions[...].slots",
        lambda n: times(regions=[in_region("FR", 1), in_region("FR", n - 1)]),
    ),
    ("callable-time-sets", EXCEPTIONS_MAX, "$.exceptions", lambda n: times(exceptions=few(n, on_date(0)))),
    (
        "callable-time-sets",
        DATE_SLOTS_MAX,
        "$.exceptions[...].slots",
        lambda n: times(exceptions=[on_date(1), on_date(n - 1), on_date(9, region="FR")]),
    ),
]


@pytest.mark.parametrize(
    ("topic", "most", "path", "make"), BOUNDS, ids=[f"{one[0]} {one[2]} {one[1]}" for one in BOUNDS]
)
def test_a_record_over_a_bound_is_refused_with_its_place_and_its_numbers_and_one_at_the_bound_is_taken(
    topic: str, most: int, path: str, make: Callable[[int], Json]
) -> None:
    assert prepare(arrived(topic, make(most))).report is None
    report = prepare(arrived(topic, make(most + 1))).report
    assert report is not None and (report.bad_event.code, report.bad_event.path) == ("invalid", path)
    assert str(most) in report.bad_event.message and str(most + 1) in report.bad_event.message


@pytest.mark.parametrize("topic", ["rule-sets", "campaigns", "callable-time-sets", "campaign-recycle", "dnc-entries"])
def test_a_record_that_is_larger_than_its_topic_takes_is_refused_before_it_is_decoded(topic: str) -> None:
    configuration = Configuration()
    value = b'{"x":"' + b"x" * RECORD_BYTES_MAX + b'"}'
    configuration.apply(Arrived(topic, 0, 7, b"house|+12125550101", value, 0), NOW)
    (report,) = configuration.reports
    assert report.bad_event.code == "invalid" and str(len(value)) in report.bad_event.message  # type: ignore[union-attr]


def test_a_rule_set_over_its_bounds_is_unreadable_and_so_permits_nothing_until_a_good_one_comes() -> None:
    worker = Worker(campaign(rule_set_ids=["R"]))
    worker.send("rule-sets", one_rule())
    said = worker.send("rule-sets", rule_set(*rules(RULES_MAX + 1, lambda _: [])))
    (letter,) = said.lines
    assert letter["headers"]["ringback.error"] == "invalid"
    assert "at $.rules" in letter["headers"]["__connect.errors.exception.message"]
    worker.schedule(scheduled(agent_id=None, owner="anyone"))
    assert worker.wrap_up(wrap_up()).errors == ["rule_set_unreadable"]
    worker.send("rule-sets", one_rule())
    assert worker.wrap_up(wrap_up(event_id="again")).errors == []


def growth(few: Callable[[], object], many: Callable[[], object]) -> float:
    """How many times as much processor time the second takes, by the best of some tries in turns."""

    def took(work: Callable[[], object]) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    gc.collect()
    gc.disable()  # It looks through whatever else the process holds.
    try:
        tries = [(took(few), took(many)) for _ in range(6)]
    finally:
        gc.enable()
    return min(second for _, second in tries) / min(first for first, _ in tries)


LARGE = {
    "a code each": lambda n: rule_set(*rules(n, lambda i: [{"type": "wrap_up_code", "codes": [f"C{i}"]}])),
    "an inverted code each": lambda n: rule_set(
        *rules(n, lambda i: [{"type": "wrap_up_code", "inverted": True, "codes": [f"C{i}"]}])
    ),
    "two conditions on codes each": lambda n: rule_set(
        *rules(n, lambda i: [CODE, {"type": "wrap_up_code", "inverted": True, "codes": [f"C{i}"]}])
    ),
    "the same codes each": lambda n: rule_set(
        *rules(n, lambda _: [{"type": "wrap_up_code", "codes": list("ABCDEFGH")}])
    ),
    "no condition": lambda n: rule_set(*rules(n, lambda _: [])),
    "before calls": lambda n: rule_set(*rules(n, lambda _: [in_list(5)], "pre_call")),
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_a_rule_set_is_compiled_in_proportion_to_its_size(make: Callable[[int], Json]) -> None:
    """Eight times as many rules: about eight times as long, where in the square it would be sixty-four times."""
    few, many = arrived("rule-sets", make(500)), arrived("rule-sets", make(4000))
    assert prepare(many).report is None
    assert growth(lambda: prepare(few), lambda: prepare(many)) < 24


def contains(count: int, category: str) -> list[Json]:
    def conditions(n: int) -> list[Json]:
        return [
            {
                "type": "contact_attribute", "attribute": "long", "operator": "contains",
                "value": f"x{n}", "value_type": "string",
            }
        ]  # fmt: skip

    return rules(count, conditions, category)


LONG = {"long": "y" * 50_000}


def test_a_wrap_up_whose_rules_need_too_much_work_is_a_dead_letter_and_changes_nothing() -> None:
    worker = Worker(campaign(rule_set_ids=["R"]))
    worker.send("contacts", contact(attributes=LONG))
    worker.send("rule-sets", rule_set(*contains(1000, "wrap_up")))
    assert worker.wrap_up(wrap_up()).errors == ["too_much_work"]
    worker.send("rule-sets", rule_set(*contains(100, "wrap_up")))
    assert worker.wrap_up(wrap_up()).errors == [], "the same event, replayed"


def placed(worker: Worker, **changes: Any) -> Json:
    event = {
        "event_id": "p1", "request_id": "q1", "occurred_at": worker.at, "origin": "campaign", "campaign_id": "P",
        "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101", **changes,
    }  # fmt: skip
    answer: Json = worker.send("placement-requested", event).of("placement-decided")[0]
    return answer


def test_a_placement_whose_rules_need_too_much_work_is_refused_and_says_so() -> None:
    worker = Worker(campaign(rule_set_ids=["R", "R2"], contact_filter=contains(1, "pre_call")[0]["conditions"]))
    worker.send("contacts", contact(attributes=LONG))
    worker.send("rule-sets", rule_set(*contains(1000, "pre_call")))
    worker.send("rule-sets", rule_set(rule_set_id="R2"))
    answer = placed(worker)
    assert not answer["allowed"] and "pre_call_rule" in answer["reasons"] and "contact_filtered" in answer["reasons"]
    assert {"rule_set_id": "R", "outcome": "too_much_work"} in answer["facts"]["pre_call_rules"]
    assert answer["facts"]["contact_filter"] == {"outcome": "too_much_work"}


def test_the_largest_rule_set_can_be_asked_once_with_every_rule_matching() -> None:
    worker = Worker(campaign(rule_set_ids=["R"]))
    worker.send("rule-sets", rule_set(*rules(RULES_MAX, lambda _: [])))
    said = worker.wrap_up(wrap_up())
    assert said.errors == [] and said.transitions == ["scheduled"]
    worker.send("campaigns", campaign(rule_set_ids=["R"] * 5))
    assert worker.wrap_up(wrap_up("v2", phone_number="+12125550102")).errors == ["too_much_work"]


EXPENSIVE: dict[str, tuple[Json, list[Json]]] = {
    "periods": (
        {},
        [
            {
                "type": "contact_property", "property": "last_attempt", "scope": "overall", "operator": "in",
                "value": ",".join(f"P{n}D" for n in range(100)),
            }
        ],
    ),
    "numbers": (
        {"numbers": [{"column": f"n{n}", "type": "CELL", "phone_number": "+12125550101"} for n in range(600)]},
        [{"type": "phone_column", "columns": ["n1"]}],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "conditions"), EXPENSIVE.values(), ids=EXPENSIVE)
def test_what_takes_long_for_one_condition_is_counted_as_more_work(changes: Json, conditions: list[Json]) -> None:
    worker = Worker(campaign(rule_set_ids=["R"] * 60))
    worker.send("contacts", contact(**changes))
    worker.send("rule-sets", rule_set(*rules(100, lambda _: conditions)))
    assert RULE_WORK_MAX > 60 * 100 * 3
    assert worker.wrap_up(wrap_up()).errors == ["too_much_work"]


def test_rules_that_set_attributes_take_work_in_proportion_to_their_number() -> None:
    def event_with(count: int) -> Callable[[], object]:
        actions = [{"type": "set_attribute", "attribute": f"a{n}", "update": "increment"} for n in range(count)]
        worker = Worker(campaign(rule_set_ids=["R"]))
        worker.send("rule-sets", rule_set(rule(actions=actions)))
        # Each is refused in the end, for its row, and so leaves the contact as it was.
        long = {"x": "x" * 70_000}
        return lambda: worker.wrap_up(wrap_up(wrap_up_code="AGAIN", attributes=long))

    assert growth(event_with(500), event_with(4000)) < 24


def test_rules_run_in_their_order_whether_they_name_the_code_or_another_or_none() -> None:
    order = [
        rule("named", order=3, minutes=3),
        rule("not another", order=1, minutes=1, conditions=[{**CODE, "inverted": True, "codes": ["OTHER"]}]),
        rule("any", order=2, minutes=2, conditions=[]),
        rule("not this", order=0, minutes=9, conditions=[{**CODE, "inverted": True}]),
        rule("both", order=4, minutes=4, conditions=[CODE, {**CODE, "inverted": True, "codes": ["OTHER"]}]),
        rule("never", order=0, minutes=9, conditions=[CODE, {**CODE, "codes": ["OTHER"]}]),
        rule("no code", order=0, minutes=9, conditions=[{**CODE, "codes": []}]),
    ]
    worker = Worker(rules=tuple(order))
    said = worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    facts = said.lifecycle[0]["facts"]
    names = [facts["rule_id"], *(one["rule_id"] for one in facts["not_scheduled"])]
    assert names == ["not another", "any", "named", "both"]
