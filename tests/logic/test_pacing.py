"""Docs, rules.md, section 9: which callbacks the rate of a campaign governs, and that it is never exceeded."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import Json, Said, Worker, campaign, hold, instant, rule, scheduled, wrap_up

START = instant("2026-11-23T08:00:00Z")


def moment(seconds: float) -> str:
    return str((START + timedelta(seconds=seconds)).isoformat()).replace("+00:00", "Z")


def paced(*kinds: str, **changes) -> Worker:
    """A campaign that lets a callback out every ten seconds."""
    value = campaign(rule_set_ids=["R"], dial_rate_per_s=0.1, paced=list(kinds), **changes)
    return Worker(value, rules=(rule(),), listed=tuple(f"c{number}" for number in range(1, 7)))


def due_at_1500(worker: Worker, *contacts: str, **changes) -> None:
    for contact_id in contacts:
        value = scheduled(f"k-{contact_id}", contact_id=contact_id, conversation_id=f"v-{contact_id}", **changes)
        worker.schedule(value)


def sent(said: Said) -> list[str]:
    """When commands were written, after 15:00."""
    return [line["at"][14:-1] for line in said.lines if line["topic"].startswith("dial-")]


def test_unless_it_says_so_the_rate_governs_what_has_waited_and_nothing_that_falls_due():
    worker = Worker(campaign(dial_rate_per_s=0.1))
    due_at_1500(worker, "c1", "c2")
    assert sent(worker.run_to("2026-11-23T15:01:00Z")) == ["00:00", "00:00"]


def test_without_a_rate_nothing_is_paced():
    worker = Worker(campaign(paced=["due", "moved", "released"]))
    due_at_1500(worker, "c1", "c2")
    assert sent(worker.run_to("2026-11-23T15:01:00Z")) == ["00:00", "00:00"]


def test_with_an_empty_list_the_rate_governs_nothing():
    worker = paced(status="off")
    for number in (1, 2):
        worker.wrap_up(wrap_up(f"v{number}", contact_id=f"c{number}", wrap_up_code="AGAIN"))
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", campaign(rule_set_ids=["R"], dial_rate_per_s=0.1, paced=[]))
    assert sent(worker.run_to("2026-11-23T15:01:00Z")) == ["00:00", "00:00"]


def test_previews_keep_to_the_rate_too_and_the_first_goes_straight_out():
    worker = paced("due")
    due_at_1500(worker, "c1", "c2", "c3")
    said = worker.run_to("2026-11-23T15:01:00Z")
    assert sent(said) == ["00:00", "00:10", "00:20"]
    assert said.transitions == ["due", "presented", "due", "waiting", "due", "waiting", "presented", "presented"]


def test_what_waits_for_the_rate_goes_before_what_falls_due_later():
    worker = paced("due")
    due_at_1500(worker, "c1", "c2")
    due_at_1500(worker, "c3", due_at="2026-11-23T15:00:10Z")
    said = worker.run_to("2026-11-23T15:01:00Z")
    assert [command["contact_id"] for command in said.commands] == ["c1", "c2", "c3"]
    assert sent(said) == ["00:00", "00:10", "00:20"]


def test_of_what_fell_due_in_an_outage_the_oldest_goes_first_at_the_rate():
    worker = paced("due")
    for minute, contact_id in ((58, "c1"), (56, "c2"), (57, "c3")):
        due_at_1500(worker, contact_id, due_at=f"2026-11-23T14:{minute}:00Z")
    worker.at = "2026-11-23T15:00:00Z"
    worker.restart()
    said = Said([])
    for partition in worker.core.partitions:
        while partition.fire(instant("2026-11-23T15:00:09Z")) is not None:
            pass
    said = worker.run_to("2026-11-23T15:01:00Z")
    assert [command["contact_id"] for command in said.commands] == ["c2", "c3", "c1"]
    assert sent(said) == ["00:10", "00:20", "00:30"], "a partition that is acquired waits one interval first"


def test_a_call_that_a_check_blocks_takes_nobodys_turn():
    worker = paced("due", dnc_list_ids=["D"])
    worker.send("dnc-entries", {"dnc_list_id": "D", "phone_number": "+12125550102"})
    for number, phone in ((1, "+12125550101"), (2, "+12125550102"), (3, "+12125550101")):
        value = wrap_up(f"v{number}", contact_id=f"c{number}", wrap_up_code="AGAIN", phone_number=phone)
        worker.wrap_up({**value, "occurred_at": f"2026-11-23T14:50:0{number}Z"})
    said = worker.run_to("2026-11-23T15:01:00Z")
    assert sent(said) == ["00:01", "00:11"]
    assert "blocked" in said.transitions


def test_what_waits_for_the_rate_becomes_too_late_as_ever():
    worker = paced("due", expire_after_s=15)
    due_at_1500(worker, "c1", "c2", "c3")
    said = worker.run_to("2026-11-23T15:01:00Z")
    assert sent(said) == ["00:00", "00:10"]
    assert (said.transitions[-1], said.reasons[-1]) == ("expired", ["too_late"])


def test_a_campaign_that_goes_off_keeps_its_own_and_lets_the_agents_go_on_at_the_rate():
    worker = paced("due")
    due_at_1500(worker, "c1", "c2")
    worker.wrap_up(wrap_up("v3", contact_id="c3", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:50:00Z"))
    worker.run_to("2026-11-23T15:00:00Z")
    value: Json = {"rule_set_ids": ["R"], "dial_rate_per_s": 0.1, "paced": ["due"]}
    worker.send("campaigns", campaign(status="off", **value), at="2026-11-23T15:00:05Z")
    assert sent(worker.run_to("2026-11-23T15:01:00Z")) == ["00:10"]
    worker.send("campaigns", campaign(**value), at="2026-11-23T15:02:00Z")
    said = worker.run_to("2026-11-23T15:02:00Z")
    assert sent(said) == ["02:00"] and said.lifecycle[0]["facts"]["held_by"] == "campaign_off"


def test_a_campaign_that_drops_its_rate_lets_all_go_at_once_and_they_say_what_they_waited_for():
    worker = paced("due")
    due_at_1500(worker, "c1", "c2", "c3")
    worker.run_to("2026-11-23T15:00:00Z")
    worker.send("campaigns", campaign(rule_set_ids=["R"]), at="2026-11-23T15:00:05Z")
    said = worker.run_to("2026-11-23T15:00:05Z")
    assert sent(said) == ["00:05", "00:05"]
    assert [record["facts"]["held_by"] for record in said.lifecycle] == ["rate", "rate"]


def test_what_comes_to_belong_to_an_agent_waits_for_its_turn_where_all_that_falls_due_is_paced():
    worker = paced("due")
    due_at_1500(worker, "c1")
    worker.wrap_up(wrap_up("v2", contact_id="c2", wrap_up_code="AGAIN", occurred_at="2026-11-23T14:50:00Z"))
    worker.run_to("2026-11-23T15:00:00Z")
    said = worker.schedule(
        scheduled(
            "k2", contact_id="c2", due_at="2026-11-24T15:00:00Z", occurred_at="2026-11-23T15:00:03Z", owner="only"
        )
    )
    assert said.commands == []
    said = worker.run_to("2026-11-23T15:01:00Z")
    assert sent(said) == ["00:10"] and said.commands[0]["owner"] == "only"


def test_what_was_moved_is_paced_when_it_is_released_too_and_what_was_not_is_not():
    """Both wait for a hold: one fell due before, the other is moved to the slot that opens at 15:00 first."""
    slots = [{"day": 1, "start": "10:00", "stop": "17:00"}]
    worker = paced("moved", callable_time_set_id="T", reschedule_zone_blocked=True)
    zone = {"time_zone": "America/New_York", "slots": slots}
    worker.send("callable-time-sets", {"callable_time_set_id": "T", "times": [zone]})
    for number in (1, 2, 3, 4):
        minute = 40 if number < 3 else 55
        event = wrap_up(f"v{number}", contact_id=f"c{number}", wrap_up_code="AGAIN")
        worker.wrap_up({**event, "occurred_at": f"2026-11-23T14:{minute}:0{number}Z"})
    worker.run_to("2026-11-23T14:59:00Z")
    worker.send("holds", hold(campaign_id="P"))
    worker.run_to("2026-11-23T15:10:00Z")
    worker.send("holds", None, at="2026-11-23T15:20:00Z", key="h1")
    said = worker.run_to("2026-11-23T15:21:00Z")
    assert sent(said) == ["20:00", "20:00", "20:00", "20:10"]
    first, *others, last = (command["contact_id"] for command in said.commands)
    assert {first, last} == {"c1", "c2"} and others == ["c3", "c4"]


@pytest.mark.parametrize("partitions", [1, 2, 4])
def test_the_rate_is_shared_evenly_over_the_partitions_for_what_falls_due_too(partitions):
    contacts = tuple(f"c{number}" for number in range(40))
    worker = Worker(campaign(dial_rate_per_s=1, paced=["due"]), partitions=partitions, listed=contacts)
    due_at_1500(worker, *contacts)
    said = worker.run_to("2026-11-23T15:00:07.999Z")
    assert len(said.commands) == 8


GOVERNED = st.sampled_from([["due"], ["due", "released"], ["moved"], ["released"], ["moved", "released"]])


@st.composite
def histories(draw) -> list[tuple[str, str, Json | None, str | None]]:
    events: list[tuple[str, str, Json | None, str | None]] = []
    now = 5.0
    for number in range(draw(st.integers(1, 14))):
        now += draw(st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0]))
        common = {"event_id": f"e{number}", "occurred_at": moment(now), "contact_id": f"c{draw(st.integers(1, 6))}"}
        match draw(st.sampled_from(["scheduled", "scheduled", "wrap-up", "campaign", "hold", "let go", "restart"])):
            case "scheduled":
                due_at = moment(now + draw(st.sampled_from([0, 0, 0.3, 1, 2])))
                event = scheduled(f"k{number}", due_at=due_at, conversation_id=f"s{number}", **common)
                events.append((moment(now), "callback-scheduled", event, None))
            case "wrap-up":
                event = wrap_up(f"v{number}", wrap_up_code="AGAIN", **common)
                events.append((moment(now), "wrap-up", event, None))
            case "campaign":
                changes = {"status": draw(st.sampled_from(["on", "off"]))}
                events.append((moment(now), "campaigns", changes, None))
            case "hold":
                events.append((moment(now), "holds", hold(campaign_id="P"), None))
            case "let go":
                events.append((moment(now), "holds", None, "h1"))
            case _:
                events.append((moment(now), "restart", None, None))
    return events


RATE = 2


def governed(said: Said, kinds: list[str]) -> list[datetime]:
    """When the commands of the governed kinds were written: told from the records alone."""
    found, waited, moved = [], set(), set()
    owner_came = False
    for line in said.lines:
        value = line["value"]
        if line["topic"] == "callback-lifecycle":
            transition, callback_id = value["transition"], value["callback_id"]
            if transition == "waiting":
                waited.add(callback_id)
            elif transition == "rescheduled":
                # When it falls due again it has not waited.
                moved.add(callback_id)
                waited.discard(callback_id)
            owner_came = value["cause"]["topic"] == "callback-scheduled"
        elif line["topic"].startswith("dial-"):
            # What comes to belong to an agent while its campaign is off is presented at once, as ever.
            released = value["callback_id"] in waited and not owner_came
            counts = "due" in kinds or ("released" in kinds and released)
            if counts or ("moved" in kinds and value["callback_id"] in moved):
                found.append(instant(line["at"]))
    return found


@given(histories(), GOVERNED, st.booleans())
@settings(max_examples=80, deadline=None)
def test_in_no_second_more_commands_go_out_than_the_rate_says(history, kinds, slots):
    """The slot opens a quarter of a minute after the beginning, so that many are moved to one instant."""
    setting: Json = {"rule_set_ids": ["R"], "dial_rate_per_s": RATE, "paced": kinds}
    if slots:
        setting |= {"callable_time_set_id": "T", "reschedule_zone_blocked": True, "screen_previews": True}
    listed = tuple(f"c{number}" for number in range(1, 7))
    worker = Worker(campaign(**setting), rules=(rule(minutes=0),), listed=listed)
    opens = [{"day": 1, "start": "03:00:15", "stop": "17:00"}]
    zone = {"time_zone": "America/New_York", "slots": opens}
    worker.send("callable-time-sets", {"callable_time_set_id": "T", "times": [zone]})
    said = Said([])
    for at, topic, value, key in history:
        said.lines += worker.run_to(at).lines
        if topic == "restart":
            worker.restart()
            continue
        value = campaign(**setting, **value) if topic == "campaigns" and value is not None else value
        said.lines += worker.send(topic, value, at=at, key=key).lines
    said.lines += worker.send("holds", None, key="h1").lines
    said.lines += worker.send("campaigns", campaign(**setting)).lines
    said.lines += worker.run_to("2027-01-23T00:00:00Z").lines
    times = governed(said, kinds)
    for first, after in zip(times, times[RATE:], strict=False):
        assert after - first >= timedelta(seconds=1)
    assert worker.core.partitions[0].census.outstanding == 0
