"""Docs, rules.md, section 2: what goes out when a callback falls due, by which topic and to whom."""

import pytest

from tests.builders import NUMBER, Worker, campaign, cancelled, contact, rescheduled, rule, scheduled, wrap_up

MODES = ["preview", "progressive", "power", "predictive", "agentless", "external"]
STATUSES = ["on", "stopping", "off", "complete", "forced_off"]


def by_rule(worker: Worker, conversation_id: str = "v1", **changes) -> str:
    """Let a rule schedule a callback ten minutes after 14:30; returns its id."""
    said = worker.wrap_up(wrap_up(conversation_id, wrap_up_code="AGAIN", **changes))
    return str(said.lifecycle[-1]["callback_id"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("status", ["on", "off"])
def test_an_agents_callback_is_always_a_preview(mode, status):
    worker = Worker(campaign(dialing_mode=mode, status=status))
    worker.schedule(scheduled())
    said = worker.run_to("2026-11-23T15:00:00Z")
    assert said.topics == ["callback-lifecycle", "callback-lifecycle", "dial-preview", "outstanding-callbacks"]
    assert said.transitions == ["due", "presented"]


@pytest.mark.parametrize("mode", MODES)
def test_a_rules_callback_is_a_preview_in_preview_mode_and_for_analysis_in_any_other(mode):
    worker = Worker(campaign(dialing_mode=mode, rule_set_ids=["R"]), rules=(rule(),))
    by_rule(worker)
    said = worker.run_to("2026-11-23T14:40:00Z")
    assert said.topics[2] == ("dial-preview" if mode == "preview" else "dial-analysis")
    assert said.transitions == ["due", "presented" if mode == "preview" else "dialing"]


@pytest.mark.parametrize(
    ("before", "after", "topic"), [("power", "preview", "dial-preview"), ("preview", "power", "dial-analysis")]
)
def test_the_mode_is_the_one_the_campaign_has_when_the_callback_falls_due(before, after, topic):
    worker = Worker(campaign(dialing_mode=before, rule_set_ids=["R"]), rules=(rule(),))
    by_rule(worker)
    worker.send("campaigns", campaign(dialing_mode=after, rule_set_ids=["R"]), at="2026-11-23T14:39:59Z")
    assert worker.run_to("2026-11-23T14:40:00Z").topics[2] == topic


def test_a_preview_command_says_everything_the_dialer_needs():
    worker = Worker()
    worker.send("contacts", contact(attributes={"name": "Ann"}))
    worker.schedule(
        scheduled(owner="preferred", queue_id="Q2", conversation_id="v1", notes="ring twice", source="script")
    )
    command = worker.run_to("2026-11-23T15:00:00Z").commands[0]
    assert len(command.pop("command_id")) == 32
    assert command == {
        "callback_id": "k1",
        "origin": "agent",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": "+12125550101",
        "due_at": "2026-11-23T15:00:00Z",
        "presentation": 1,
        "owner": "preferred",
        "agent_id": "a7",
        "queue_id": "Q2",
        "checks": "at_placement",
        "expires_at": None,
        "source": "script",
        "conversation_id": "v1",
        "notes": "ring twice",
        "attributes": {"name": "Ann"},
        "phone_column": None,
        "time_zone": "America/New_York",
        "contract_version": 1,
    }


def test_a_rules_command_has_the_campaigns_queue_and_no_agent():
    worker = Worker(rules=(rule(),))
    by_rule(worker, agent_id="a7")
    command = worker.run_to("2026-11-23T14:40:00Z").commands[0]
    assert (command["origin"], command["owner"], command["agent_id"], command["queue_id"]) == (
        "rule",
        "anyone",
        None,
        "Q",
    )
    assert (command["source"], command["checks"]) == (None, "passed")


def test_attributes_are_those_of_the_moment_record_first_then_wrap_ups():
    worker = Worker()
    worker.send("contacts", contact(attributes={"name": "Ann", "tier": "1"}))
    worker.schedule(scheduled())
    worker.wrap_up(wrap_up("v8", attributes={"tier": "2"}))
    worker.wrap_up(wrap_up("v9", attributes={"mood": "fine"}, occurred_at="2026-11-23T14:31:00Z"))
    assert worker.run_to("2026-11-23T15:00:00Z").commands[0]["attributes"] == {
        "name": "Ann",
        "tier": "2",
        "mood": "fine",
    }


def test_a_new_record_replaces_the_attributes():
    worker = Worker()
    worker.wrap_up(wrap_up(attributes={"tier": "2"}))
    worker.send("contacts", contact(attributes={"name": "Ann"}))
    worker.schedule(scheduled())
    assert worker.run_to("2026-11-23T15:00:00Z").commands[0]["attributes"] == {"name": "Ann"}


def test_a_contacts_tombstone_leaves_its_callbacks():
    worker = Worker()
    worker.send("contacts", contact(attributes={"name": "Ann"}))
    worker.schedule(scheduled())
    worker.send("contacts", None, key="L|c1")
    assert worker.run_to("2026-11-23T15:00:00Z").commands[0]["attributes"] == {}


@pytest.mark.parametrize("status", STATUSES[1:])
def test_a_rules_callback_waits_while_the_campaign_is_not_on(status):
    worker = Worker(campaign(status=status, rule_set_ids=["R"]), rules=(rule(),))
    by_rule(worker)
    said = worker.run_to("2026-11-23T20:00:00Z")
    assert said.transitions == ["due", "waiting"]
    assert said.reasons == [[], ["campaign_off"]]
    assert said.views[-1]["callbacks"][0]["state"] == "waiting"
    assert said.commands == []


def test_a_rules_callback_of_a_preview_campaign_goes_ahead_while_it_is_off():
    worker = Worker(campaign(dialing_mode="preview", status="off", rule_set_ids=["R"]), rules=(rule(),))
    by_rule(worker)
    assert worker.run_to("2026-11-23T14:40:00Z").transitions == ["due", "presented"]


def test_a_rule_callback_whose_campaign_is_gone_is_blocked():
    worker = Worker(rules=(rule(),))
    by_rule(worker)
    worker.send("campaigns", None, key="P")
    said = worker.run_to("2026-11-23T14:40:00Z")
    assert said.transitions == ["due", "blocked"]
    assert said.reasons[-1] == ["campaign_unknown"]
    assert said.views == [None]


def test_once_an_agent_has_scheduled_one_later_rule_callbacks_are_previews_for_that_agent():
    worker = Worker(rules=(rule(minutes=60),))
    by_rule(worker)
    worker.schedule(scheduled(owner="only", queue_id="Q2", due_at="2026-12-01T15:00:00Z"))
    said = worker.run_to("2026-11-23T15:30:00Z")
    assert said.topics[2] == "dial-preview"
    command = said.commands[0]
    assert (command["origin"], command["owner"], command["agent_id"], command["queue_id"]) == (
        "rule",
        "only",
        "a7",
        "Q2",
    )
    assert said.lifecycle[1]["facts"]["owned_since"] == "k1"


def test_a_cancelled_agent_callback_still_turns_rule_callbacks_into_previews():
    worker = Worker(rules=(rule(minutes=60),))
    by_rule(worker)
    worker.schedule(scheduled(owner="preferred"))
    worker.schedule(cancelled())
    assert worker.run_to("2026-11-23T15:30:00Z").commands[0]["owner"] == "preferred"


def test_a_rejected_agent_callback_does_not():
    worker = Worker(rules=(rule(minutes=60),))
    by_rule(worker)
    worker.schedule(scheduled(due_at="2026-11-23T14:00:00Z"))
    assert "dial-analysis" in worker.run_to("2026-11-23T15:30:00Z").topics


def test_an_agent_callback_in_another_campaign_does_not():
    worker = Worker(campaign(rule_set_ids=["R"]), campaign("P2"), rules=(rule(minutes=60),))
    by_rule(worker)
    worker.schedule(scheduled(campaign_id="P2", due_at="2026-12-01T15:00:00Z"))
    assert "dial-analysis" in worker.run_to("2026-11-23T15:30:00Z").topics


def test_the_owner_is_that_of_the_latest_agent_callback_by_when_it_occurred():
    worker = Worker(rules=(rule(minutes=60),))
    by_rule(worker)
    late = {"owner": "preferred", "due_at": "2026-12-01T15:00:00Z"}
    worker.schedule(scheduled("k2", agent_id="a2", occurred_at="2026-11-23T14:35:00Z", **late))
    worker.schedule(scheduled("k1", agent_id="a1", occurred_at="2026-11-23T14:33:00Z", **late))
    assert worker.run_to("2026-11-23T15:30:00Z").commands[0]["agent_id"] == "a2"


def test_an_agent_owned_rule_callback_does_not_wait_while_the_campaign_is_off():
    worker = Worker(campaign(status="off", rule_set_ids=["R"]), rules=(rule(minutes=60),))
    by_rule(worker)
    worker.schedule(scheduled(due_at="2026-12-01T15:00:00Z"))
    assert worker.run_to("2026-11-23T15:30:00Z").transitions == ["due", "presented"]


def test_a_rule_callback_that_waits_is_shown_at_once_to_the_agent_whom_the_contact_comes_to_belong_to():
    worker = Worker(campaign(status="off", rule_set_ids=["R"]), rules=(rule(),))
    by_rule(worker)
    worker.run_to("2026-11-23T14:45:00Z")
    event = scheduled(owner="only", occurred_at="2026-11-23T14:50:00Z", due_at="2026-12-01T15:00:00Z")
    said = worker.schedule(event)
    assert said.transitions == ["scheduled", "presented"]
    (command,) = said.commands
    assert (said.topics[2], command["owner"], command["agent_id"]) == ("dial-preview", "only", "a7")
    assert said.lifecycle[1]["cause"]["event_id"] == event["event_id"]
    worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T15:00:00Z")
    assert worker.run_to("2026-11-23T15:00:00Z").lines == []


def test_what_waits_for_another_campaign_goes_on_waiting():
    off = [campaign(name, status="off", rule_set_ids=["R"]) for name in ("P", "Q")]
    worker = Worker(*off, rules=(rule(),))
    by_rule(worker)
    worker.run_to("2026-11-23T14:45:00Z")
    assert worker.schedule(scheduled(campaign_id="Q", occurred_at="2026-11-23T14:50:00Z")).transitions == ["scheduled"]


def test_due_callbacks_go_out_oldest_first_then_by_id():
    worker = Worker()
    worker.schedule(scheduled("k3", contact_id="c1"))
    worker.schedule(scheduled("k2", contact_id="c3"))
    worker.schedule(scheduled("k1", contact_id="c2"))
    worker.schedule(scheduled("k9", contact_id="c4", due_at="2026-11-23T14:59:00Z"))
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert [command["callback_id"] for command in said.commands] == ["k9", "k1", "k2", "k3"]


def test_nothing_goes_out_a_microsecond_early():
    worker = Worker()
    worker.schedule(scheduled(due_at="2026-11-23T15:00:00.000001Z"))
    assert worker.run_to("2026-11-23T15:00:00Z").lines == []
    assert worker.run_to("2026-11-23T15:00:00.000001Z").transitions == ["due", "presented"]


def test_a_callback_rescheduled_after_its_presentation_is_presented_again_under_another_command_id():
    worker = Worker()
    worker.schedule(scheduled())
    first = worker.run_to("2026-11-23T15:00:00Z").commands[0]
    worker.schedule(rescheduled(occurred_at="2026-11-23T15:05:00Z"))
    second = worker.run_to("2026-11-24T15:00:00Z").commands[0]
    assert (first["presentation"], second["presentation"]) == (1, 2)
    assert first["command_id"] != second["command_id"]


def test_an_agent_callback_kept_for_anyone_turns_rule_callbacks_into_previews_for_anyone():
    worker = Worker(rules=(rule(minutes=60),))
    by_rule(worker)
    worker.schedule(scheduled(owner=None, agent_id=None, due_at="2026-12-01T15:00:00Z"))
    command = worker.run_to("2026-11-23T15:30:00Z").commands[0]
    assert (command["checks"], command["owner"], command["agent_id"]) == ("at_placement", "anyone", None)


def test_a_command_names_the_column_of_the_number_as_it_is_dialed_before_one_of_another_spelling():
    other = {"column": "old", "type": "CELL", "phone_number": "+112125550101", "callable": True}
    same = {"column": "mobile", "type": "CELL", "phone_number": NUMBER, "callable": True}
    for numbers, column in (([other, same], "mobile"), ([other], "old"), ([], None)):
        worker = Worker()
        worker.send("contacts", contact(numbers=numbers))
        worker.schedule(scheduled())
        (command,) = worker.run_to("2026-11-23T15:00:00Z").commands
        assert command["phone_column"] == column
