"""What must hold over any history: of events in any order, campaigns that go on and off, and time that passes."""

from datetime import timedelta
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.logic.contact.ids import command_id
from streams.logic.contact.rows import decode_outline, wake_ups
from tests.builders import (
    NUMBER,
    Json,
    Said,
    Worker,
    campaign,
    cancelled,
    clear,
    instant,
    recycle,
    rescheduled,
    rule,
    scheduled,
    wrap_up,
)

START = instant("2026-11-23T08:00:00Z")
TERMINAL = {"completed", "blocked", "cancelled", "expired", "owner_expired", "not_dialed"}
STATE_AFTER = {
    "scheduled": "scheduled",
    "rescheduled": "scheduled",
    "due": "due",
    "waiting": "waiting",
    "presented": "presented",
    "dialing": "dialing",
}


def on_code(code: str, action: Json, **changes: Any) -> Json:
    """A wrap-up rule for one code."""
    return rule(conditions=[{"type": "wrap_up_code", "codes": [code]}], actions=[action], **changes)


def schedule_callback(**how: Any) -> Json:
    return {"type": "schedule_callback", **how}


RULES = (
    rule(minutes=30),
    on_code("BUSY", schedule_callback(offsets_minutes=[10, 10, 60]), rule_id="ladder", order=2),
    on_code("MORNING", schedule_callback(offset_minutes=20, at_local_time="09:00"), rule_id="morning", order=3),
    on_code("ONCE", schedule_callback(offset_minutes=45, if_outstanding="keep"), rule_id="once", order=4),
    on_code("NEW", schedule_callback(offset_minutes=25, if_outstanding="replace"), rule_id="new", order=5),
    on_code("SALE", {"type": "cancel_callbacks", "scope": "contact", "origins": ["agent", "rule"]}, rule_id="sale"),
)
SKIPPED = "ININ-OUTBOUND-INTERNAL-ERROR-SKIPPED"
CODES = st.sampled_from(["DONE", "AGAIN", "BUSY", "BUSY", "MORNING", "ONCE", "NEW", "SALE", SKIPPED])
KINDS = st.sampled_from(
    [
        *("scheduled", "rescheduled", "cancelled", "wrap-up", "campaign") * 2,
        *("wrap-up", "clear", "recycle", "changed", "returned", "placement", "placement", "hold"),
    ]
)

CONTACTS = st.sampled_from(["c1", "c2"])
CALLBACKS = st.sampled_from(["k1", "k2"])
MINUTES = st.integers(-20, 180)
REASONS = st.sampled_from(["skipped", "expired", "no_agent", "failed", "shed"])
NUMBERS = [NUMBER, "+13105550101"]
OWNERS = st.sampled_from(["anyone", "preferred", "only"])


def text(minutes: float) -> str:
    at = (START + timedelta(minutes=minutes)).isoformat()
    return str(at).replace("+00:00", "Z")


@st.composite
def happenings(draw, now: int, number: int) -> tuple[str, Json]:
    """One event that arrives at minute `now` and occurred up to 20 minutes before."""
    occurred_at = text(now - draw(st.integers(0, 20)))
    common = {"event_id": f"e{number}", "occurred_at": occurred_at, "contact_id": draw(CONTACTS)}
    kind = draw(KINDS)
    due = now + draw(MINUTES)
    due_at = text(due)
    match kind:
        case "scheduled":
            event = scheduled(draw(CALLBACKS), due_at=due_at, owner=draw(OWNERS), **draw(windows(due)), **common)
        case "rescheduled":
            event = rescheduled(draw(CALLBACKS), due_at=due_at, **draw(windows(due)), **draw(fields(0)), **common)
        case "changed":
            event = rescheduled(draw(CALLBACKS), type="changed", due_at=None, **draw(fields(1)), **common)
        case "returned":
            event = returned(draw(CALLBACKS), draw(st.integers(1, 3)), draw(REASONS), **common)
        case "cancelled":
            event = cancelled(draw(CALLBACKS), **common)
        case "wrap-up":
            callback_id = draw(st.none() | CALLBACKS)
            conversation_id, history = f"v{draw(st.integers(0, 9))}", draw(st.sampled_from([False] * 9 + [True]))
            more = {"wrap_up_code": draw(CODES), "callback_id": callback_id, "history": history}
            return "wrap-up", wrap_up(conversation_id, **more, **common)
        case "placement":
            return "placement-requested", placement(f"q{number}", draw(st.none() | CALLBACKS), **common)
        case "hold":
            return "holds", draw(holds())
        case "campaign":
            return "campaigns", draw(campaigns())
        case "clear":
            return "contact-list-cleared", clear(f"e{number}", occurred_at=occurred_at)
        case _:
            return "campaign-recycle", recycle(f"e{number}", occurred_at=occurred_at)
    return "callback-scheduled", event


def returned(callback_id: str, presentation: int, reason: str, **common: Any) -> Json:
    """A return of the callback's command of this presentation."""
    name = command_id("L", common["contact_id"], callback_id, presentation)
    about = {"campaign_id": "P", "contact_list_id": "L", "callback_id": callback_id}
    return {"type": "returned", "command_id": name, "reason": reason, **about, **common}


def placement(request_id: str, callback_id: str | None, **common: Any) -> Json:
    """A request for a callback, or for the campaign's own next record."""
    about = {"campaign_id": "P", "contact_list_id": "L", "phone_number": NUMBER, "callback_id": callback_id}
    origin = "campaign" if callback_id is None else "callback"
    return {"request_id": request_id, "origin": origin, **about, **common}


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
        paced=draw(st.sampled_from([["released"], ["released", "moved", "due"], []])),
        on_returned=draw(st.sampled_from(["end", "again"])),
        returns_max=draw(st.sampled_from([None, 0, 1])),
        silent_after_expiry_s=draw(st.sampled_from([None, 600])),
        on_missed=draw(st.sampled_from(["end", "next_day"])),
        missed_max=draw(st.sampled_from([None, 1])),
        min_gap_s=draw(st.sampled_from([None, None, 900])),
        one_call_at_a_time_s=draw(st.sampled_from([None, None, 1200])),
        wrap_up_mappings={"DONE": ["right_party_contact"]},
    )


@st.composite
def windows(draw, due: float) -> Json:
    minutes = draw(st.sampled_from([None, None, 15, 90]))
    return {} if minutes is None else {"window_end_at": text(due + minutes)}


@st.composite
def fields(draw, least: int) -> Json:
    """Of a change: so many at least, each with one of two values."""
    values = {"phone_number": NUMBERS, "agent_id": ["a7", "a8"], "queue_id": ["Q1", "Q2"], "notes": ["n1", "n2"]}
    names = draw(st.lists(st.sampled_from(sorted(values)), min_size=least, max_size=2, unique=True))
    return {name: draw(st.sampled_from(values[name])) for name in names}


@st.composite
def holds(draw) -> Json:
    """Of the campaign or of everything; a `reason` of None lets it go."""
    return {
        "hold_id": draw(st.sampled_from(["h1", "h2"])),
        "campaign_id": draw(st.sampled_from(["P", None])),
        "reason": draw(st.sampled_from(["stop", None, None])),
    }


@st.composite
def histories(draw) -> list[tuple[str, str, Json]]:
    """Events in the order of their arrival: (arrives at, topic, value). In the end every hold is let go."""
    gaps = draw(st.lists(st.integers(0, 60), min_size=1, max_size=14))
    now, events = 60, [(text(0), "campaigns", draw(campaigns()))]
    for number, gap in enumerate(gaps):
        now += gap
        events.append((text(now), *draw(happenings(now, number))))
    return [*events, *((text(now + 60), "holds", {"hold_id": name, "reason": None}) for name in ("h1", "h2"))]


def told(worker: Worker, topic: str, value: Json, at: str) -> Said:
    """One event of a history."""
    if topic == "holds" and value["reason"] is None:
        return worker.send(topic, None, at, key=value["hold_id"])
    return worker.send(topic, value, at)


def lived(history, partitions: int = 1) -> tuple[Worker, Said]:
    """The worker after the history and two more months, and everything it said."""
    worker = Worker(rules=RULES, partitions=partitions)
    said = Said([])
    for at, topic, value in history:
        said.lines += told(worker, topic, value, at).lines
    said.lines += worker.run_to("2027-01-23T00:00:00Z").lines
    return worker, said


def by_callback(said: Said) -> dict[tuple[str, str], list[Json]]:
    """The states of every callback, without rejections and changes of its fields."""
    lives: dict[tuple[str, str], list[Json]] = {}
    for record in said.lifecycle:
        if record["transition"] not in ("rejected", "changed"):
            lives.setdefault((record["contact_id"], record["callback_id"]), []).append(record)
    return lives


@given(histories())
def test_a_redelivered_event_changes_nothing_and_emits_nothing_new(history):
    worker = Worker(rules=RULES)
    sent = []
    for at, topic, value in history:
        told(worker, topic, value, at)
        sent.append((topic, value))
        worker.run_to(at)
        before = {number: dict(partition.table) for number, partition in enumerate(worker.core.partitions)}
        for topic_again, value_again in sent:
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
                assert ended in ("completed", "not_dialed") and record["transition"] == "rescheduled", who
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
        if line["topic"] == "callback-lifecycle" and value["transition"] != "rejected" and value["contact_id"]:
            of_contact = implied.setdefault(line["key"], {})
            if value["transition"] in TERMINAL:
                of_contact.pop(value["callback_id"], None)
            elif value["transition"] != "changed":
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
    worker = Worker(rules=RULES)
    for at, topic, value in history:
        told(worker, topic, value, at)
        worker.run_to(at)
        partition = worker.core.partitions[0]
        rows = [decode_outline(row) for key, row in partition.table.items() if b"|" in key]
        for callback in (callback for row in rows for callback in row.callbacks):
            assert callback.timer is not None or callback.status == "waiting"
        wanted = [min(timers)[0] for row in rows if (timers := wake_ups(row))]
        release = partition.agenda.waiting.first()
        assert partition.next_at() == min([*wanted, *([release.at] if release else [])], default=None)
        assert partition.census.outstanding == sum(len(row.callbacks) for row in rows)


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
    worker, other = (Worker(rules=RULES) for _ in range(2))
    for at, topic, value in history:
        unrated = {**value, "dial_rate_per_s": None} if topic == "campaigns" else value
        expected = told(worker, topic, unrated, at).lines + worker.run_to(at).lines
        assert told(other, topic, unrated, at).lines + other.run_to(at).lines == expected
        other.restart()
    assert other.run_to("2027-01-23T00:00:00Z").lines == worker.run_to("2027-01-23T00:00:00Z").lines


def test_a_history_of_the_lot_is_the_same_byte_for_byte_every_time():
    history = [
        (text(0), "campaigns", campaign(rule_set_ids=["R"])),
        (text(60), "callback-scheduled", scheduled(occurred_at=text(59), due_at=text(90))),
        (text(61), "wrap-up", wrap_up(wrap_up_code="AGAIN", occurred_at=text(60))),
    ]
    assert orjson.dumps(lived(history)[1].lines) == orjson.dumps(lived(history)[1].lines)
