"""What a change would do is told as calls won, lost and moved, by campaign and by callback."""

import json

import pytest
from hypothesis import given, settings

from streams.console.why.what_if import Changes, recycled, what_if
from streams.simulator.lines import Line, MalformedLine, parse_line
from tests.builders import NUMBER, Json, campaign, contact, instant, rule, rule_set, scheduled, wrap_up
from tests.console.why.test_sentence import SCENARIOS, at, begun, by_rule, line
from tests.logic.test_properties import histories
from tests.rules.scenario import lines as scenario_lines

NOTHING = Changes()


def request(name: str = "q1", clock: str = "15:05", **changes) -> Line:
    value = {
        "event_id": name, "request_id": name, "occurred_at": at(clock), "origin": "callback", "callback_id": "k1",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": NUMBER, **changes,
    }  # fmt: skip
    return line("placement-requested", value, at(clock))


def counts(difference) -> dict[str, tuple[int, ...]]:
    return {one.campaign_id: (one.before, one.after, one.won, one.lost, one.moved) for one in difference.by_campaign}


def off() -> Line:
    return line("campaigns", campaign(rule_set_ids=["R"], status="off"), at("14:35"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_without_a_change_nothing_is_different_in_any_scenario(path):
    found = what_if(scenario_lines(path), NOTHING)
    assert (found.changed, found.ended, found.left_out, found.refused) == ((), (), 0, ())
    assert all(one.before == one.after for one in found.by_campaign)


def test_a_campaign_that_is_switched_off_loses_the_calls_that_it_would_have_made():
    found = what_if(by_rule(), Changes(later=[off()]), at("16:00"))
    assert counts(found) == {"P": (1, 0, 0, 1, 0)}
    (lost,) = found.changed
    assert lost.outcome == "lost" and lost.before is not None and lost.before.at == instant(at("14:40"))
    assert lost.why is not None and lost.why["transition"] == "waiting"
    assert found.ended == (("dialing", "waiting", 1),)


def test_one_that_is_switched_on_again_moves_them():
    on = line("campaigns", campaign(rule_set_ids=["R"]), at("15:00"))
    found = what_if(by_rule(), Changes(later=[on, off()]), at("16:00"))
    assert counts(found) == {"P": (1, 1, 0, 0, 1)}
    (moved,) = found.changed
    assert (
        moved.before
        and moved.after
        and (moved.before.at, moved.after.at) == (instant(at("14:40")), instant(at("15:00")))
    )


def test_another_rule_set_from_the_beginning_wins_calls_and_stands_in_the_place_of_the_one_there_was():
    sooner = line("rule-sets", rule_set(rule("other", minutes=5)), at("14:59"))
    other = line("rule-sets", rule_set(), at("08:00"))
    events = [*begun(rule_set_ids=["R"]), other, line("wrap-up", wrap_up(wrap_up_code="AGAIN"), at("14:30"))]
    found = what_if(events, Changes(replaced=[sooner]), at("16:00"))
    assert counts(found) == {"P": (0, 1, 1, 0, 0)}
    assert found.changed[0].after is not None and found.changed[0].after.at == instant(at("14:35"))


def test_a_number_that_comes_on_a_list_loses_the_call_of_the_agent_who_would_have_asked():
    events = [*begun(dnc_list_ids=["D"]), line("callback-scheduled", scheduled(), at("14:30")), request()]
    entry = line("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER}, at("15:01"))
    found = what_if(events, Changes(later=[entry]), at("16:00"))
    assert counts(found) == {"P": (1, 0, 0, 1, 0)}
    assert [one.call.callback_id for one in found.changed] == ["k1"]


def test_a_recycle_wins_the_campaigns_own_next_calls_and_cancels_what_it_is_told_to():
    events = [
        *begun(recycle_cancels=["agent"]),
        line("callback-scheduled", scheduled(due_at=at("16:00")), at("14:30")),
        line("wrap-up", wrap_up("v9", occurred_at=at("14:31")), at("14:31")),
        request(origin="campaign", callback_id=None, clock="15:30"),
    ]
    found = what_if(events, Changes(later=[recycled("P", instant(at("15:00")))]), at("17:00"))
    assert counts(found) == {"P": (1, 1, 1, 1, 0)}
    assert [(one.outcome, one.call.callback_id, one.call.topic) for one in found.changed] == [
        ("won", None, "placement-decided"),
        ("lost", "k1", "dial-preview"),
    ]


def test_the_wrap_up_of_a_call_that_is_lost_does_not_come_and_is_counted():
    name = next(one.call.callback_id for one in what_if(by_rule(), Changes(later=[off()]), at("16:00")).changed)
    done = wrap_up("v2", callback_id=name, occurred_at=at("14:44"))
    found = what_if([*by_rule(), line("wrap-up", done, at("14:44"))], Changes(later=[off()]), at("16:00"))
    assert found.left_out == 1 and found.ended == (("completed", "waiting", 1),)


def test_a_change_that_a_worker_would_refuse_is_named():
    bad = line("rule-sets", {"rule_set_id": "R", "rules": 7}, at("14:35"))
    found = what_if(by_rule(), Changes(later=[bad]), at("16:00"))
    assert len(found.refused) == 1 and found.refused[0].startswith("rule-sets R: ")
    assert counts(found) == {"P": (1, 0, 0, 1, 0)}


def test_a_change_in_the_future_needs_a_clock_that_runs_on():
    later = line("campaigns", campaign(rule_set_ids=["R"], status="off"), at("14:35"))
    events = list(by_rule())
    assert events[-1].at < later.at
    assert counts(what_if(events, Changes(later=[later]))) == {}
    assert what_if(events, Changes(later=[later])).until == later.at
    assert counts(what_if(events, Changes(later=[later]), at("14:40"))) == {"P": (1, 0, 0, 1, 0)}


def test_events_after_the_end_do_not_count():
    assert what_if(by_rule(), NOTHING, at("14:00")).until == instant(at("14:00"))
    assert counts(what_if(by_rule(), NOTHING, at("14:35"))) == {}


def test_what_configures_nothing_is_no_change():
    with pytest.raises(ValueError, match="wrap-up does not configure anything"):
        Changes(later=[line("wrap-up", wrap_up(), at("14:30"))])


def test_an_end_that_is_no_instant_is_refused():
    with pytest.raises(MalformedLine):
        what_if(by_rule(), NOTHING, "tomorrow")


def as_lines(history) -> list[Line]:
    told = [("2026-11-23T08:00:00Z", "rule-sets", rule_set(rule(minutes=30)))]
    told += [("2026-11-23T08:00:00Z", "contacts", contact(name)) for name in ("c1", "c2")]
    found = []
    for moment, topic, value in [*told, *history]:
        is_let_go = topic == "holds" and value["reason"] is None
        text: Json = {"topic": topic, "at": moment, "value": None if is_let_go else value}
        found.append(parse_line(json.dumps(text | ({"key": value["hold_id"]} if is_let_go else {})).encode(), "test"))
    return found


@given(histories())
@settings(max_examples=60)
def test_over_any_day_the_calls_after_a_change_are_those_before_less_the_lost_and_with_the_won(history):
    changed = campaign(rule_set_ids=["R"], status="off", dialing_mode="power", callable_time_set_id="none")
    found = what_if(
        as_lines(history), Changes(replaced=[line("campaigns", changed, at("08:00"))]), "2026-12-30T00:00:00Z"
    )
    for one in (*found.by_campaign, found.total):
        assert one.after == one.before - one.lost + one.won
    assert found.total.moved == sum(one.outcome == "moved" for one in found.changed)


@given(histories())
@settings(max_examples=60)
def test_over_any_day_nothing_is_different_without_a_change(history):
    found = what_if(as_lines(history), NOTHING, "2026-12-30T00:00:00Z")
    assert (found.changed, found.ended, found.left_out) == ((), (), 0)
