"""Docs, rules.md, section 2 and section 8 rows 15 and 17: waiting, releases and their rate, expiry."""

from tests.builders import Worker, campaign, cancelled, clear, recycle, rescheduled, rule, wrap_up


def off(**changes):
    return campaign(status="off", rule_set_ids=["R"], **changes)


def on(**changes):
    return campaign(status="on", rule_set_ids=["R"], **changes)


def waiting(*contacts: str, minutes=10, partitions=1, **changes) -> Worker:
    """A worker whose campaign is off, with a callback due at 14:40 for each of these contacts."""
    listed = (*contacts, "c0")
    worker = Worker(off(**changes), rules=(rule(minutes=minutes),), partitions=partitions, listed=listed)
    for contact_id in contacts:
        worker.wrap_up(wrap_up(f"v-{contact_id}", contact_id=contact_id, wrap_up_code="AGAIN"))
    return worker


def test_waiting_callbacks_go_out_at_once_when_the_campaign_is_on_again():
    worker = waiting("c1")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert said.topics == ["callback-lifecycle", "dial-analysis", "outstanding-callbacks"]
    assert said.lifecycle[0]["facts"]["held_by"] == "campaign_off"
    assert said.lines[0]["at"] == "2026-11-23T16:00:00Z"


def test_a_release_names_the_campaign_record_as_its_cause():
    worker = waiting("c1")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    record = worker.run_to("2026-11-23T16:00:00Z").lifecycle[0]
    assert record["cause"] == {"event_id": None, "topic": "campaigns", "partition": 0, "offset": 1}


def test_a_campaign_in_preview_mode_presents_what_waited():
    worker = waiting("c1")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", off(dialing_mode="preview"), at="2026-11-23T16:00:00Z")
    assert worker.run_to("2026-11-23T16:00:00Z").topics[1] == "dial-preview"


def test_releases_go_out_by_due_time_then_id():
    worker = waiting("c3", "c1", "c2")
    late = wrap_up("v9", contact_id="c0", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:31:00Z")
    worker.wrap_up(late)
    waits = worker.run_to("2026-11-23T15:00:00Z")
    ids = [record["callback_id"] for record in waits.lifecycle if record["transition"] == "waiting"]
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert [command["callback_id"] for command in said.commands] == [*sorted(ids[:3]), ids[3]]


def test_releases_keep_the_campaigns_rate():
    worker = waiting("c1", "c2", "c3")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(dial_rate_per_s=0.5), at="2026-11-23T16:00:00Z")
    said = worker.run_to("2026-11-23T17:00:00Z")
    assert [line["at"] for line in said.lines if line["topic"] == "dial-analysis"] == [
        "2026-11-23T16:00:00Z",
        "2026-11-23T16:00:02Z",
        "2026-11-23T16:00:04Z",
    ]
    assert [record["facts"]["held_by"] for record in said.lifecycle] == ["campaign_off", "rate", "rate"]


def test_the_rate_is_shared_evenly_over_the_partitions():
    worker = waiting(*(f"c{number}" for number in range(40)), partitions=2)
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(dial_rate_per_s=1), at="2026-11-23T16:00:00Z")
    said = worker.run_to("2026-11-23T16:00:03Z")
    # Each partition lets one go at 16:00:00 and one at 16:00:02.
    assert [line["at"][-3:-1] for line in said.lines if line["topic"] == "dial-analysis"] == ["00", "00", "02", "02"]


def test_the_rate_does_not_hold_up_what_falls_due():
    worker = Worker(on(dial_rate_per_s=0.01), rules=(rule(),), listed=("c1", "c2", "c3"))
    for contact_id in ("c1", "c2", "c3"):
        worker.wrap_up(wrap_up(f"v-{contact_id}", contact_id=contact_id, wrap_up_code="AGAIN"))
    assert len(worker.run_to("2026-11-23T14:40:00Z").commands) == 3


def test_releases_stop_when_the_campaign_is_off_again():
    worker = waiting("c1", "c2")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(dial_rate_per_s=0.01), at="2026-11-23T16:00:00Z")
    assert len(worker.send("campaigns", off(), at="2026-11-23T16:00:10Z").commands) == 1
    assert worker.run_to("2026-11-23T20:00:00Z").lines == []
    worker.send("campaigns", on(), at="2026-11-23T21:00:00Z")
    assert len(worker.run_to("2026-11-23T21:00:00Z").commands) == 1


def test_a_waiting_callback_can_be_cancelled_and_moved():
    worker = waiting("c1", "c2")
    said = worker.run_to("2026-11-23T15:00:00Z")
    ids = {record["contact_id"]: record["callback_id"] for record in said.lifecycle}
    worker.schedule(cancelled(ids["c1"], contact_id="c1", occurred_at="2026-11-23T15:00:00Z"))
    worker.schedule(rescheduled(ids["c2"], contact_id="c2", occurred_at="2026-11-23T15:00:00Z"))
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    assert worker.run_to("2026-11-24T14:59:59Z").lines == []
    assert [command["contact_id"] for command in worker.run_to("2026-11-24T15:00:00Z").commands] == ["c2"]


def test_a_waiting_callback_expires_when_the_campaign_says_how_late_is_too_late():
    worker = waiting("c1", expire_after_s=3600)
    said = worker.run_to("2026-11-23T15:40:00Z")
    assert said.transitions == ["due", "waiting", "expired"]
    assert said.reasons[-1] == ["too_late"]
    assert said.lifecycle[-1]["occurred_at"] == "2026-11-23T15:40:00Z"
    assert said.views[-1] is None


def test_expiry_beats_a_release_at_the_same_instant():
    worker = waiting("c1", expire_after_s=3600)
    said = worker.send("campaigns", on(expire_after_s=3600), at="2026-11-23T15:40:00Z")
    assert said.transitions[-1] == "expired"
    assert worker.run_to("2026-11-23T16:00:00Z").lines == []


def test_expiry_beats_a_release_that_the_rate_puts_on_the_same_instant():
    worker = waiting("c1", "c2", expire_after_s=3600)
    worker.send("campaigns", on(expire_after_s=3600, dial_rate_per_s=1 / 600), at="2026-11-23T15:30:00Z")
    said = worker.run_to("2026-11-23T15:40:00Z")
    assert said.transitions == ["dialing", "expired"]


def test_expiry_counts_from_due_even_when_the_event_arrived_late():
    worker = Worker(on(expire_after_s=3600), rules=(rule(),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"), at="2026-11-23T15:40:00Z")
    said = worker.run_to("2026-11-23T15:40:00Z")
    assert (said.transitions, said.reasons[-1]) == (["due", "expired"], ["too_late"])


def test_a_command_carries_the_instant_of_expiry():
    worker = Worker(on(expire_after_s=3600), rules=(rule(),))
    worker.wrap_up(wrap_up(wrap_up_code="AGAIN"))
    assert worker.run_to("2026-11-23T14:40:00Z").commands[0]["expires_at"] == "2026-11-23T15:40:00Z"


def test_a_new_campaign_record_moves_the_expiry_of_what_waits():
    worker = waiting("c1", expire_after_s=3600)
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", off(expire_after_s=7200), at="2026-11-23T15:30:00Z")
    assert worker.run_to("2026-11-23T16:39:59Z").lines == []
    assert worker.run_to("2026-11-23T16:40:00Z").transitions == ["expired"]


def test_a_campaign_that_drops_its_limit_drops_the_expiry_of_what_waits():
    worker = waiting("c1", expire_after_s=3600)
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", off(), at="2026-11-23T15:30:00Z")
    assert worker.run_to("2026-12-30T00:00:00Z").lines == []


def test_a_campaign_that_is_turned_on_with_another_limit_releases_what_waits():
    worker = waiting("c1", expire_after_s=3600)
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(expire_after_s=7200), at="2026-11-23T15:30:00Z")
    assert worker.run_to("2026-11-23T15:30:00Z").transitions == ["dialing"]


def test_what_waits_for_a_campaign_that_is_removed_is_blocked():
    worker = waiting("c1")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", None, at="2026-11-23T15:30:00Z", key="P")
    said = worker.run_to("2026-11-23T15:30:00Z")
    assert (said.transitions, said.reasons) == (["blocked"], [["campaign_unknown"]])
    assert said.lifecycle[0]["cause"]["topic"] == "campaigns"


def unreadable(*contacts: str, **changes) -> Worker:
    """A worker whose campaign is on and cannot be read, with a callback for each of these contacts since 14:40."""
    worker = waiting(*contacts)
    worker.send("campaigns", on(**changes), at="2026-11-23T14:34:00Z")
    worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T14:35:00Z")
    assert worker.run_to("2026-11-23T15:00:00Z").transitions == ["due", "waiting"] * len(contacts)
    return worker


def test_what_waits_for_a_record_that_cannot_be_read_says_so_after_a_restart_too():
    worker = unreadable("c1")
    worker.restart()
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    worker.restart()
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert said.transitions == ["dialing"] and said.lifecycle[0]["facts"]["held_by"] == "unreadable"


def test_what_has_waited_for_a_record_and_then_for_the_campaign_has_waited_for_the_campaign_last():
    worker = unreadable("c1")
    worker.send("campaigns", off(), at="2026-11-23T15:30:00Z")
    worker.run_to("2026-11-23T15:40:00Z")
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    assert worker.run_to("2026-11-23T16:00:00Z").lifecycle[0]["facts"]["held_by"] == "campaign_off"


def test_what_waits_while_the_campaign_is_off_waits_for_a_rule_set_that_cannot_be_read_too():
    worker = waiting("c1")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("rule-sets", {"rule_set_id": "R"}, at="2026-11-23T15:30:00Z", key="R")
    worker.send("rule-sets", {"rule_set_id": "R", "rules": 7}, at="2026-11-23T15:31:00Z")
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    assert worker.run_to("2026-11-23T16:30:00Z").lines == []
    worker.send("rule-sets", {"rule_set_id": "R"}, at="2026-11-23T17:00:00Z")
    assert worker.run_to("2026-11-23T17:00:00Z").lifecycle[0]["facts"]["held_by"] == "unreadable"


def test_a_campaign_that_is_readable_again_may_say_that_it_is_too_late_or_in_preview_mode():
    worker = unreadable("c1")
    worker.send("campaigns", on(expire_after_s=60), at="2026-11-23T16:00:00Z")
    assert worker.run_to("2026-11-23T16:00:00Z").reasons == [["too_late"]]
    worker = unreadable("c1")
    worker.send("campaigns", off(dialing_mode="preview"), at="2026-11-23T16:00:00Z")
    assert worker.run_to("2026-11-23T16:00:00Z").transitions == ["presented"]


def test_what_waits_goes_on_waiting_when_its_campaign_cannot_be_read_and_ends_when_it_is_gone():
    worker = waiting("c1", expire_after_s=7200)
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", {"campaign_id": "P"}, at="2026-11-23T15:30:00Z")
    assert worker.run_to("2026-11-23T18:00:00Z").lines == [], "nobody can tell when it is too late"
    worker.send("campaigns", None, at="2026-11-23T18:30:00Z", key="P")
    assert worker.run_to("2026-11-23T18:30:00Z").reasons == [["campaign_unknown"]]


def test_a_clear_and_a_recycle_cancel_nothing_of_a_campaign_that_cannot_be_read():
    worker = unreadable("c1", recycle_cancels=["rule"])
    worker.send("contact-list-cleared", clear(occurred_at="2026-11-23T15:10:00Z"))
    worker.send("campaign-recycle", recycle(occurred_at="2026-11-23T15:10:00Z"))
    assert worker.run_to("2026-11-23T15:30:00Z").lines == []


def test_the_rate_is_kept_however_often_the_worker_is_restarted():
    worker = waiting("c1", "c2", "c3")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(dial_rate_per_s=0.5), at="2026-11-23T16:00:00Z")
    assert len(worker.run_to("2026-11-23T16:00:00Z").commands) == 1
    for _ in range(3):
        worker.restart()
    assert worker.run_to("2026-11-23T16:00:01.999Z").commands == []
    said = worker.run_to("2026-11-23T16:00:02Z")
    assert len(said.commands) == 1
    assert said.lifecycle[0]["facts"]["held_by"] == "rate"


def test_a_restart_does_not_hold_up_what_has_no_rate():
    worker = waiting("c1", "c2", "c3")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", on(), at="2026-11-23T16:00:00Z")
    worker.restart()
    said = worker.run_to("2026-11-23T16:00:00Z")
    assert [record["facts"]["held_by"] for record in said.lifecycle] == ["campaign_off"] * 3
