"""What must hold over any history: of events in any order, campaigns that go on and off, and time that passes."""

from datetime import timedelta

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.contact.rows import decode_outline, wake_ups
from tests.builders import (
    Json,
    Said,
    Worker,
    campaign,
    cancelled,
    changed,
    clear,
    instant,
    recycle,
    rescheduled,
    rule,
    scheduled,
    wrap_up,
)

START = instant("2026-11-23T08:00:00Z")
TERMINAL = {"completed", "blocked", "cancelled", "expired", "owner_expired"}
STATE_AFTER = {
    "scheduled": "scheduled",
    "rescheduled": "scheduled",
    "due": "due",
    "waiting": "waiting",
    "presented": "presented",
    "dialing": "dialing",
}

CONTACTS = st.sampled_from(["c1", "c2"])
CALLBACKS = st.sampled_from(["k1", "k2"])
MINUTES = st.integers(-20, 180)
CHANGES = st.sampled_from(
    [{"agent_id": "a9"}, {"notes": "n"}, {"owner": "only", "agent_id": "a8"}, {"owner": "anyone"}]
)
OWNERS = st.sampled_from(["anyone", "preferred", "only"])


def text(minutes: float) -> str:
    at = (START + timedelta(minutes=minutes)).isoformat()
    return str(at).replace("+00:00", "Z")


@st.composite
def happenings(draw, now: int, number: int) -> tuple[str, Json]:
    """One event that arrives at minute `now` and occurred up to 20 minutes before."""
    occurred_at = text(now - draw(st.integers(0, 20)))
    common = {"event_id": f"e{number}", "occurred_at": occurred_at, "contact_id": draw(CONTACTS)}
    kinds = ["scheduled", "rescheduled", "cancelled", "changed", "wrap-up", "campaign", "clear", "recycle"]
    kind = draw(st.sampled_from(kinds))
    due_at = text(now + draw(MINUTES))
    match kind:
        case "scheduled":
            event = scheduled(draw(CALLBACKS), due_at=due_at, owner=draw(OWNERS), **common)
        case "rescheduled":
            event = rescheduled(draw(CALLBACKS), due_at=due_at, **draw(CHANGES | st.just({})), **common)
        case "cancelled":
            event = cancelled(draw(CALLBACKS), **common)
        case "changed":
            event = changed(draw(CALLBACKS), **draw(CHANGES), **common)
        case "wrap-up":
            callback_id = draw(st.none() | CALLBACKS)
            code = draw(st.sampled_from(["DONE", "AGAIN"]))
            return "wrap-up", wrap_up(
                f"v{draw(st.integers(0, 9))}", wrap_up_code=code, callback_id=callback_id, **common
            )
        case "campaign":
            return "campaigns", draw(campaigns())
        case "clear":
            return "contact-list-cleared", clear(f"e{number}", occurred_at=occurred_at)
        case _:
            return "campaign-recycle", recycle(f"e{number}", occurred_at=occurred_at)
    return "callback-scheduled", event


@st.composite
def campaigns(draw) -> Json:
    return campaign(
        rule_set_ids=["R"],
        dialing_mode=draw(st.sampled_from(["preview", "power"])),
        status=draw(st.sampled_from(["on", "off"])),
        expire_after_s=draw(st.sampled_from([None, 600, 3600])),
        outcome_timeout_s=draw(st.sampled_from([None, 1800])),
        owner_expires_after_s=draw(st.sampled_from([None, 3600])),
        owner_expiry=draw(st.sampled_from(["end", "queue"])),
        dial_rate_per_s=draw(st.sampled_from([None, 0.001])),
        recycle_cancels=draw(st.sampled_from([[], ["rule"], ["agent", "rule"]])),
    )


@st.composite
def histories(draw) -> list[tuple[str, str, Json]]:
    """Events in the order of their arrival: (arrives at, topic, value)."""
    gaps = draw(st.lists(st.integers(0, 60), min_size=1, max_size=14))
    now, events = 60, [(text(0), "campaigns", draw(campaigns()))]
    for number, gap in enumerate(gaps):
        now += gap
        events.append((text(now), *draw(happenings(now, number))))
    return events


def lived(history, partitions: int = 1) -> tuple[Worker, Said]:
    """The worker after the history and two more months, and everything it said."""
    worker = Worker(rules=(rule(minutes=30),), partitions=partitions)
    said = Said([])
    for at, topic, value in history:
        said.lines += worker.send(topic, value, at=at).lines
    said.lines += worker.run_to("2027-01-23T00:00:00Z").lines
    return worker, said


def by_callback(said: Said) -> dict[tuple[str, str], list[Json]]:
    """The lifecycle of every callback, without rejections, and without changes, which leave it in its state."""
    lives: dict[tuple[str, str], list[Json]] = {}
    for record in said.lifecycle:
        if record["transition"] not in ("rejected", "changed"):
            lives.setdefault((record["contact_id"], record["callback_id"]), []).append(record)
    return lives


@given(histories())
def test_a_redelivered_event_changes_nothing_and_emits_nothing_new(history):
    worker = Worker(rules=(rule(minutes=30),))
    told = []
    for at, topic, value in history:
        worker.send(topic, value, at=at)
        told.append((topic, value))
        worker.run_to(at)
        before = {number: dict(partition.table) for number, partition in enumerate(worker.core.partitions)}
        for topic_again, value_again in told:
            if topic_again in ("wrap-up", "callback-scheduled"):
                assert worker.send(topic_again, value_again, at=at).lines == []
        assert before == {number: dict(partition.table) for number, partition in enumerate(worker.core.partitions)}


@given(histories())
def test_no_command_follows_a_cancel(history):
    _, said = lived(history)
    ended = set()
    for line in said.lines:
        value = line["value"] or {}
        who = (value.get("contact_id"), value.get("callback_id"))
        if value.get("transition") == "cancelled":
            ended.add(who)
        assert not (line["topic"].startswith("dial-") and who in ended)


@given(histories())
def test_no_command_is_early_and_none_is_repeated(history):
    _, said = lived(history)
    for line in said.lines:
        if line["topic"].startswith("dial-"):
            assert instant(line["at"]) >= instant(line["value"]["due_at"])
    ids = [command["command_id"] for command in said.commands]
    assert len(ids) == len(set(ids))
    presentations: dict[tuple[str, str], int] = {}
    for command in said.commands:
        who = (command["contact_id"], command["callback_id"])
        assert command["presentation"] == presentations.get(who, 0) + 1
        presentations[who] = command["presentation"]


@given(histories())
def test_every_callback_ends_once_unless_its_end_was_undone_or_it_is_outstanding(history):
    _, said = lived(history)
    for who, life in by_callback(said).items():
        ended = None
        for record in life:
            if ended is not None:
                # Only a reschedule from within the call that completed it brings a callback back.
                assert (ended, record["transition"]) == ("completed", "rescheduled"), who
                assert record["facts"]["reopened"] is True
            ended = record["transition"] if record["transition"] in TERMINAL else None
        # After two months nothing but a wait without limit is left.
        assert ended is not None or life[-1]["transition"] == "waiting", who


@given(histories())
def test_the_view_says_what_the_lifecycle_implies(history):
    _, said = lived(history)
    implied: dict[str, dict[str, tuple[str, str]]] = {}
    seen: dict[str, dict[str, tuple[str, str]]] = {}
    for line in said.lines:
        value = line["value"]
        still = value is None or value.get("transition") in ("rejected", "changed")
        if line["topic"] == "callback-lifecycle" and not still and value["contact_id"]:
            of_contact = implied.setdefault(line["key"], {})
            if value["transition"] in TERMINAL:
                of_contact.pop(value["callback_id"], None)
            else:
                of_contact[value["callback_id"]] = (value["due_at"], STATE_AFTER[value["transition"]])
        elif line["topic"] == "outstanding-callbacks":
            callbacks = [] if value is None else value["callbacks"]
            order = [(one["due_at"], one["callback_id"]) for one in callbacks]
            assert order == sorted(order)
            seen[line["key"]] = {one["callback_id"]: (one["due_at"], one["state"]) for one in callbacks}
            assert seen[line["key"]] == implied[line["key"]]
    assert all(seen.get(key, {}) == callbacks for key, callbacks in implied.items())


@given(histories())
def test_every_standing_callback_has_one_timer_and_the_partition_knows_the_first(history):
    worker = Worker(rules=(rule(minutes=30),))
    for at, topic, value in history:
        worker.send(topic, value, at=at)
        worker.run_to(at)
        partition = worker.core.partitions[0]
        rows = [decode_outline(row) for key, row in partition.table.items() if b"|" in key]
        for callback in (callback for row in rows for callback in row.callbacks):
            assert callback.timer is not None or callback.status == "waiting"
        wanted = [min(timers)[0] for row in rows if (timers := wake_ups(row))]
        release = partition._waiting.first()
        assert partition.next_at() == min([*wanted, *([release.at] if release else [])], default=None)
        assert partition.outstanding == sum(len(row.callbacks) for row in rows)


@given(histories())
def test_records_of_one_step_stand_in_their_fixed_order(history):
    _, said = lived(history)
    for before, line in zip(said.lines, said.lines[1:], strict=False):
        if line["topic"].startswith("dial-"):
            assert before["value"]["transition"] == ("presented" if line["topic"] == "dial-preview" else "dialing")
            assert before["value"]["facts"]["command_id"] == line["value"]["command_id"]


@given(histories())
def test_callbacks_fall_due_in_the_order_of_time_then_id(history):
    _, said = lived(history)
    due = [
        (line["at"], line["value"]["callback_id"])
        for line in said.lines
        if line["topic"] == "callback-lifecycle" and line["value"]["transition"] == "due"
    ]
    at = [instant(moment) for moment, _ in due]
    assert at == sorted(at)


@given(histories())
@settings(max_examples=30)
def test_what_happens_to_a_contact_does_not_depend_on_the_number_of_partitions(history):
    unrated = [
        (at, topic, {**value, "dial_rate_per_s": None} if topic == "campaigns" else value)
        for at, topic, value in history
    ]

    def lives(partitions: int) -> dict[tuple[str, str], list[tuple[str, str]]]:
        _, said = lived(unrated, partitions)
        return {
            who: [(record["transition"], record["occurred_at"]) for record in life]
            for who, life in by_callback(said).items()
        }

    assert lives(1) == lives(3)


@given(histories())
@settings(max_examples=30)
def test_a_restart_at_any_time_changes_nothing_that_is_said(history):
    """The rows are all there is: a partition built from them goes on as the old one would have."""
    worker, other = (Worker(rules=(rule(minutes=30),)) for _ in range(2))
    for at, topic, value in history:
        unrated = {**value, "dial_rate_per_s": None} if topic == "campaigns" else value
        expected = worker.send(topic, unrated, at=at).lines + worker.run_to(at).lines
        assert other.send(topic, unrated, at=at).lines + other.run_to(at).lines == expected
        other.restart()
    assert other.run_to("2027-01-23T00:00:00Z").lines == worker.run_to("2027-01-23T00:00:00Z").lines


def test_a_history_of_the_lot_is_the_same_byte_for_byte_every_time():
    history = [
        (text(0), "campaigns", campaign(rule_set_ids=["R"])),
        (text(60), "callback-scheduled", scheduled(occurred_at=text(59), due_at=text(90))),
        (text(61), "wrap-up", wrap_up(wrap_up_code="AGAIN", occurred_at=text(60))),
    ]
    assert orjson.dumps(lived(history)[1].lines) == orjson.dumps(lived(history)[1].lines)
