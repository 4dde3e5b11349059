"""Docs, rules.md, section 9: a hold stops every command and every placement of what it names, and loses nothing."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived, LatenessCause
from streams.logic.contact.rows import encode_contact
from streams.logic.contact.state import Contact
from tests.builders import (
    NUMBER,
    Json,
    Said,
    Worker,
    campaign,
    cancelled,
    hold,
    instant,
    rescheduled,
    rule,
    scheduled,
    wrap_up,
)

ALLOWED = {"event_id": "p1", "request_id": "q1", "contact_list_id": "L", "contact_id": "c1", "phone_number": NUMBER}


def request(number: int, campaign_id: str = "P", callback_id: str | None = None, **changes) -> Json:
    return {
        **ALLOWED,
        "event_id": f"p{number}",
        "request_id": f"q{number}",
        "occurred_at": "2026-11-23T14:30:00Z",
        "origin": "callback" if callback_id else "campaign",
        "callback_id": callback_id,
        "campaign_id": campaign_id,
        "agent_id": "a7",
        **changes,
    }


def let_go(worker: Worker, hold_id: str = "h1", at: str | None = None) -> Said:
    said = worker.send("holds", None, at=at, key=hold_id)
    said.lines += worker.run_to(worker.at).lines
    return said


def held(worker: Worker, **changes) -> Worker:
    worker.send("holds", hold(**changes))
    return worker


def two_campaigns(**changes) -> Worker:
    """Each with a callback of a rule, of contact c1 and c2, due at 14:40 and 14:39."""
    both = (campaign("P", rule_set_ids=["R"], **changes), campaign("O", rule_set_ids=["R"], **changes))
    worker = Worker(*both, rules=(rule(),), listed=("c1", "c2"))
    worker.wrap_up(
        wrap_up("v2", contact_id="c2", campaign_id="O", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:29:00Z")
    )
    worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN"))
    return worker


def test_a_hold_without_a_campaign_stops_every_campaign_and_lets_all_go_oldest_first():
    worker = held(two_campaigns())
    worker.schedule(scheduled(due_at="2026-11-23T14:41:00Z", contact_id="c3", campaign_id="unheard-of"))
    said = worker.run_to("2026-11-23T15:00:00Z")
    assert said.transitions == ["due", "waiting"] * 3 and said.commands == []
    assert said.lifecycle[1]["facts"]["holds"] == [{"hold_id": "h1", "reason": "stop"}]
    said = let_go(worker, at="2026-11-23T15:30:00Z")
    assert [command["campaign_id"] for command in said.commands] == ["O", "P", "unheard-of"]
    assert [record["facts"]["held_by"] for record in said.lifecycle] == ["hold"] * 3


def test_a_hold_of_one_campaign_leaves_the_others_alone():
    worker = held(two_campaigns(), campaign_id="O")
    assert [command["campaign_id"] for command in worker.run_to("2026-11-23T15:00:00Z").commands] == ["P"]


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_campaign_id_without_a_letter_names_no_campaign_so_everything_stops(empty):
    worker = held(two_campaigns(), campaign_id=empty)
    assert worker.run_to("2026-11-23T15:00:00Z").commands == []


def test_under_a_hold_of_everything_a_placement_is_refused_for_unknown_campaigns_too():
    worker = Worker()
    worker.send("holds", hold(actor="s1"))
    answer = worker.send("placement-requested", request(1)).of("placement-decided")[0]
    assert (answer["allowed"], answer["reasons"]) == (False, ["on_hold"])
    assert answer["facts"]["holds"] == [{"hold_id": "h1", "reason": "stop", "actor": "s1"}]
    answer = worker.send("placement-requested", request(2, "unheard-of")).of("placement-decided")[0]
    assert answer["reasons"] == ["campaign_unknown", "on_hold"]
    assert let_go(worker).lines == []
    assert worker.send("placement-requested", request(3)).of("placement-decided")[0]["allowed"] is True


@pytest.mark.parametrize(
    "value",
    [{"hold_id": "h1"}, {"hold_id": "h2", "campaign_id": "O", "reason": "x"}, {"hold_id": "h1", "reason": 7}, {}, 7],
    ids=["no reason", "another key", "no text", "empty", "no object"],
)
def test_a_record_that_cannot_be_read_stops_everything_until_a_good_one_or_a_tombstone_comes(value):
    worker = two_campaigns()
    said = worker.send("holds", value, at="2026-11-23T14:35:00Z", key="h1") if isinstance(value, dict) else None
    if said is None:
        worker.core.configuration.apply(Arrived("holds", 0, 0, b"h1", b"7", 0), instant("2026-11-23T14:35:00Z"))
    else:
        assert len(said.errors) == 1
    said = worker.run_to("2026-11-23T15:00:00Z")
    assert said.commands == []
    assert said.lifecycle[1]["facts"]["holds"] == [{"hold_id": "h1", "unreadable": True}]
    worker.send("holds", hold(campaign_id="O"), at="2026-11-23T15:10:00Z")
    assert [command["campaign_id"] for command in worker.run_to("2026-11-23T15:10:00Z").commands] == ["P"]
    assert [command["campaign_id"] for command in let_go(worker, at="2026-11-23T15:20:00Z").commands] == ["O"]


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"x" * 300])
def test_a_record_whose_key_is_no_id_is_a_dead_letter_and_stops_nothing(key):
    configuration = Configuration()
    configuration.apply(Arrived("holds", 0, 0, key, b'{"reason": 7}', 0), instant("2026-11-23T14:35:00Z"))
    assert not configuration.holds.stops("P") and len(list(configuration.reports)) == 1


def test_a_tombstone_of_a_hold_that_nobody_knows_changes_nothing():
    worker = held(two_campaigns())
    assert let_go(worker, "h9", at="2026-11-23T14:35:00Z").lines == []
    assert worker.run_to("2026-11-23T15:00:00Z").commands == []


def test_of_two_holds_both_have_to_go_and_the_facts_name_them_by_id():
    worker = held(held(two_campaigns(), hold_id="h2", campaign_id="O"))
    said = worker.run_to("2026-11-23T15:00:00Z")
    facts = {record["campaign_id"]: record["facts"] for record in said.lifecycle if record["reasons"] == ["on_hold"]}
    assert [one["hold_id"] for one in facts["O"]["holds"]] == ["h1", "h2"]
    assert [one["hold_id"] for one in facts["P"]["holds"]] == ["h1"]
    assert [command["campaign_id"] for command in let_go(worker, at="2026-11-23T15:10:00Z").commands] == ["P"]
    assert [command["campaign_id"] for command in let_go(worker, "h2").commands] == ["O"]


@pytest.mark.parametrize("mode", ["preview", "progressive", "power", "predictive", "agentless", "external"])
@pytest.mark.parametrize("screened", [False, True])
def test_a_hold_stops_callbacks_of_every_mode_screened_or_not(mode, screened):
    worker = held(two_campaigns(dialing_mode=mode, screen_previews=screened))
    worker.schedule(scheduled(due_at="2026-11-23T14:45:00Z", occurred_at="2026-11-23T14:42:00Z", contact_id="c3"))
    assert worker.run_to("2026-11-23T15:00:00Z").commands == []
    assert [one["contact_id"] for one in let_go(worker).commands] == (["c2", "c1"] if screened else ["c2", "c1", "c3"])


def test_a_worker_that_starts_again_under_a_hold_keeps_what_waits_and_why():
    worker = held(two_campaigns())
    worker.schedule(scheduled(due_at="2026-11-23T14:45:00Z", occurred_at="2026-11-23T14:42:00Z", contact_id="c3"))
    worker.run_to("2026-11-23T15:00:00Z")
    worker.restart()
    assert worker.run_to("2026-11-23T16:00:00Z").lines == []
    worker.send("holds", None, key="h1")
    worker.restart()
    said = worker.run_to(worker.at)
    assert [record["transition"] for record in said.lifecycle] == ["dialing", "dialing", "presented"]
    assert [record["facts"]["held_by"] for record in said.lifecycle] == ["hold"] * 3


def test_a_hold_that_came_and_went_while_no_worker_ran_was_no_cause():
    worker = Worker(campaign(status="off", rule_set_ids=["R"]), rules=(rule(),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    worker.run_to("2026-11-23T15:00:00Z")
    now = instant("2026-11-23T15:00:00Z")
    for offset, value in enumerate((b'{"hold_id":"h1","reason":"stop"}', None)):
        worker.core.configuration.apply(Arrived("holds", 0, offset, b"h1", value, 0), now)
    worker.restart()
    worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T16:00:00Z")
    assert worker.run_to(worker.at).lifecycle[0]["facts"]["held_by"] == "campaign_off"


def test_a_callback_that_waits_for_a_hold_can_be_called_off_and_moved():
    worker = Worker(listed=("c1", "c2"))
    worker.send("holds", hold())
    worker.schedule(scheduled("k1"))
    worker.schedule(scheduled("k2", contact_id="c2"))
    worker.run_to("2026-11-23T15:10:00Z")
    worker.schedule(cancelled("k1", occurred_at="2026-11-23T15:10:00Z"))
    worker.schedule(rescheduled("k2", contact_id="c2", occurred_at="2026-11-23T15:10:00Z"))
    assert let_go(worker, at="2026-11-23T15:20:00Z").lines == []
    (record,) = [one for one in worker.run_to("2026-11-24T15:00:00Z").lifecycle if one["transition"] == "presented"]
    assert (record["callback_id"], "held_by" in record["facts"]) == ("k2", False)


def test_what_waits_for_a_record_that_cannot_be_read_and_for_a_hold_goes_out_when_both_are_over():
    worker = held(two_campaigns())
    worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T14:35:00Z")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("holds", None, at="2026-11-23T15:10:00Z", key="h1")
    assert [command["campaign_id"] for command in worker.run_to(worker.at).commands] == ["O"]
    worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T15:20:00Z")
    said = worker.run_to(worker.at)
    assert [command["campaign_id"] for command in said.commands] == ["P"]
    assert said.lifecycle[0]["facts"]["held_by"] == "unreadable"


def test_under_a_hold_and_unreadable_a_callback_does_not_become_too_late():
    worker = held(two_campaigns(expire_after_s=600))
    worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T14:35:00Z")
    said = worker.run_to("2026-11-23T18:00:00Z")
    assert [record["campaign_id"] for record in said.lifecycle if record["transition"] == "expired"] == ["O"]


def test_an_agents_callback_of_a_campaign_that_cannot_be_read_is_presented_when_the_hold_goes():
    worker = Worker()
    worker.send("holds", hold())
    worker.send("campaigns", {"campaign_id": "P"})
    worker.schedule(scheduled())
    assert worker.run_to("2026-11-23T15:30:00Z").transitions == ["due", "waiting"]
    assert let_go(worker).transitions == ["presented"]


def test_a_rules_callback_that_belongs_to_an_agent_goes_to_that_agent_whatever_the_campaign_is_by_then():
    worker = held(two_campaigns())
    worker.schedule(scheduled(due_at="2026-11-24T14:45:00Z", owner="only"))
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T15:10:00Z")
    said = let_go(worker)
    assert [record["transition"] for record in said.lifecycle] == ["dialing", "presented"]
    assert (said.commands[1]["owner"], said.commands[1]["origin"]) == ("only", "rule")


def test_what_waits_for_a_hold_is_blocked_when_a_rule_asked_for_it_and_its_campaign_goes():
    worker = held(two_campaigns())
    worker.schedule(scheduled(due_at="2026-11-23T14:45:00Z", contact_id="c3"))
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", None, at="2026-11-23T15:10:00Z", key="P")
    said = worker.run_to("2026-11-23T15:10:00Z")
    assert (said.transitions, said.reasons) == (["blocked"], [["campaign_unknown"]])
    assert [command["contact_id"] for command in let_go(worker).commands] == ["c2", "c3"]


def test_under_a_hold_an_owner_may_run_out_of_time_where_the_callback_ends_there():
    worker = Worker(campaign(owner_expires_after_s=3600))
    worker.schedule(scheduled(owner="only"))
    worker.run_to("2026-11-23T15:10:00Z")
    worker.send("holds", hold())
    assert worker.run_to("2026-11-23T17:00:00Z").transitions == ["owner_expired"]


def test_the_second_presentation_of_a_rules_callback_is_for_anyone_after_a_hold_and_a_restart_too():
    limits: Json = {"owner_expiry": "queue", "owner_expires_after_s": 3600}
    worker = Worker(campaign(dialing_mode="preview", rule_set_ids=["R"], **limits), rules=(rule(),))
    worker.schedule(scheduled(owner="only", due_at="2026-11-25T15:00:00Z"))
    worker.wrap_up(wrap_up("v1", wrap_up_code="AGAIN"))
    assert worker.run_to("2026-11-23T15:00:00Z").commands[0]["owner"] == "only"
    worker.send("holds", hold())
    worker.run_to("2026-11-23T16:00:00Z")
    worker.restart()
    (command,) = let_go(worker, at="2026-11-23T17:00:00Z").commands
    assert (command["owner"], command["agent_id"], command["presentation"]) == ("anyone", None, 2)


def test_the_wrap_up_of_a_call_that_was_under_way_completes_what_waits_for_a_hold():
    worker = Worker(campaign(owner_expiry="queue", owner_expires_after_s=3600))
    worker.schedule(scheduled(owner="only"))
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("holds", hold())
    assert worker.run_to("2026-11-23T16:00:00Z").transitions == ["waiting"]
    said = worker.wrap_up(wrap_up("v5", callback_id="k1", occurred_at="2026-11-23T16:05:00Z"))
    assert said.transitions == ["completed"]
    assert let_go(worker).lines == []


def test_a_hold_is_the_cause_of_lateness_of_what_it_held():
    worker = Worker()
    worker.send("holds", hold())
    worker.schedule(scheduled())
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("holds", None, key="h1")
    partition, at = worker.core.partitions[0], instant("2026-11-23T15:30:00Z")
    outcomes = [outcome for _ in range(2) if (outcome := partition.fire(at)) is not None]
    (fired,) = (fired for outcome in outcomes for fired in outcome.fired)
    assert (fired.cause, fired.due_at) == (LatenessCause.HOLD, instant("2026-11-23T15:00:00Z"))


def test_a_row_of_a_contact_without_holds_has_nothing_of_them():
    worker = Worker(rules=(rule(),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    (row,) = [row for key, row in worker.core.partitions[0].table.items() if key == b"L|c1"]
    assert b"waits_for" not in row and b"to_agent" not in row
    assert b"waits_for" not in encode_contact(Contact(version=3, contact_list_id="L", contact_id="c"), None)


def test_a_command_that_nobody_asked_the_holds_about_is_an_internal_error_and_does_not_go_out(monkeypatch):
    monkeypatch.setattr("streams.logic.decisions.due.must_wait", lambda *told, paced: False)
    worker = Worker()
    worker.send("holds", hold())
    worker.schedule(scheduled())
    outcome = worker.core.partitions[0].fire(instant("2026-11-23T15:00:00Z"))
    assert outcome is not None and outcome.records == [] and [bug.what for bug in outcome.bugs] == ["AssertionError"]


START = instant("2026-11-23T08:00:00Z")


def moment(minutes: int) -> str:
    return str((START + timedelta(minutes=minutes)).isoformat()).replace("+00:00", "Z")


@st.composite
def histories(draw) -> list[tuple[str, str, Json | None, str | None]]:
    """Events in the order of their arrival, holds among them: (arrives at, topic, value, key)."""
    events: list[tuple[str, str, Json | None, str | None]] = []
    now = 10
    for number in range(draw(st.integers(1, 16))):
        now += draw(st.integers(0, 40))
        common = {
            "event_id": f"e{number}",
            "occurred_at": moment(now),
            "contact_id": draw(st.sampled_from(["c1", "c2"])),
        }
        due_at = moment(now + draw(st.integers(0, 90)))
        kind = draw(st.sampled_from(["scheduled", "wrap-up", "hold", "hold", "let go", "campaign", "placement"]))
        campaign_id = draw(st.sampled_from(["P", "O"]))
        match kind:
            case "scheduled":
                of_agent = {"owner": draw(st.sampled_from(["anyone", "only"])), "campaign_id": campaign_id}
                value = scheduled(f"k{number}", due_at=due_at, conversation_id=f"s{number}", **of_agent, **common)
                events.append((moment(now), "callback-scheduled", value, None))
            case "wrap-up":
                value = wrap_up(f"v{number}", wrap_up_code="AGAIN", campaign_id=campaign_id, **common)
                events.append((moment(now), "wrap-up", value, None))
            case "hold":
                of = draw(st.sampled_from([{}, {"campaign_id": "P"}, {"campaign_id": "O"}, {"reason": 7}]))
                events.append((moment(now), "holds", hold(draw(st.sampled_from(["h1", "h2"])), **of), None))
            case "let go":
                events.append((moment(now), "holds", None, draw(st.sampled_from(["h1", "h2"]))))
            case "campaign":
                changes: Json = {
                    "status": draw(st.sampled_from(["on", "off"])),
                    "dialing_mode": draw(st.sampled_from(["power", "preview"])),
                    "dial_rate_per_s": draw(st.sampled_from([None, 0.01])),
                    "paced": draw(st.sampled_from([["released"], ["due"], ["moved", "released"]])),
                    "expire_after_s": draw(st.sampled_from([None, 3600])),
                    "owner_expires_after_s": 3600,
                    "owner_expiry": draw(st.sampled_from(["end", "queue"])),
                }
                events.append((moment(now), "campaigns", campaign(campaign_id, rule_set_ids=["R"], **changes), None))
            case _:
                value = request(number, campaign_id, **common)
                events.append((moment(now), "placement-requested", {**value, "event_id": f"e{number}"}, None))
    return events


def stopped(standing: dict[str, str | None], campaign_id: str) -> bool:
    return None in standing.values() or campaign_id in standing.values()


def check_nothing_goes_out(said: Said, standing: dict[str, str | None]) -> None:
    for command in said.commands:
        assert not stopped(standing, command["campaign_id"])
    for answer in said.of("placement-decided"):
        assert not answer["allowed"] or not stopped(standing, answer["campaign_id"])


@given(histories(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_under_a_hold_nothing_goes_out_and_after_it_nothing_is_lost(history, restarts):
    worker = Worker(*(campaign(name, rule_set_ids=["R"]) for name in ("P", "O")), rules=(rule(),), listed=("c1", "c2"))
    standing: dict[str, str | None] = {}
    told = Said([])
    for at, topic, value, key in history:
        said = worker.run_to(at)
        check_nothing_goes_out(said, standing)
        told.lines += said.lines
        if topic == "holds" and value is None:
            standing.pop(key, None)
        elif topic == "holds":
            standing[value["hold_id"]] = value.get("campaign_id")
        said = worker.send(topic, value, at=at, key=key)
        check_nothing_goes_out(said, standing)
        told.lines += said.lines
        if restarts:
            worker.restart()
    for hold_id in tuple(standing):
        told.lines += worker.send("holds", None, key=hold_id).lines
    for name in ("P", "O"):
        told.lines += worker.send("campaigns", campaign(name, rule_set_ids=["R"])).lines
    told.lines += worker.run_to("2027-01-23T00:00:00Z").lines
    accepted = {record["callback_id"] for record in told.lifecycle if record["transition"] == "scheduled"}
    gone = {command["callback_id"] for command in told.commands}
    ended = {record["callback_id"] for record in told.lifecycle if record["transition"] in ("expired", "blocked")}
    assert accepted <= gone | ended
    assert [view for view in told.views[-1:] if view is not None] == []
    assert worker.core.partitions[0].census.outstanding == 0
