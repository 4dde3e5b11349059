"""Docs, rules.md, section 9 row 9.8: a wrap-up with `history` counts, and nothing follows from it."""

from datetime import timedelta
from itertools import permutations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.effects import Effect
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.limits import ROW_BYTES_MAX
from streams.logic.contact.rows import decode_contact, encode_contact
from streams.logic.contact.state import new_contact
from streams.logic.decisions.decide import decide
from tests.builders import Worker, campaign, instant, recycle, rule, scheduled, wrap_up
from topics.codec import BadEvent, decode
from topics.events import WrapUp
from topics.records import Cause

NOW = instant("2026-11-23T15:00:00Z")
MAPPINGS = {"DECEASED": ["contact_uncallable"], "WRONG": ["number_uncallable"], "SPOKE": ["right_party_contact"]}


def history(conversation_id="v1", **changes):
    return wrap_up(conversation_id, history=True, **{"occurred_at": "2026-11-20T15:00:00Z", **changes})


def configured(**changes):
    configuration = Configuration()
    value = orjson.dumps(campaign(wrap_up_mappings=MAPPINGS, **changes))
    configuration.apply(Arrived("campaigns", 0, 0, b"P", value, 0), NOW)
    return configuration


def after(*events, contact=None, now=NOW, configuration=None):
    """The contact after these wrap-ups, and all that was said of it."""
    known = configuration or configured()
    said: list[Effect] = []
    for event in events:
        told = decode("wrap-up", orjson.dumps(event))
        assert isinstance(told, WrapUp)
        contact, effects = decide(contact, told, Cause(), known, now)
        said += effects
    assert contact is not None
    return contact, said


def test_it_is_an_attempt_the_last_wrap_up_and_the_right_party_and_says_nothing():
    contact, said = after(history(wrap_up_code="SPOKE", dialed_at="2026-11-20T14:58:00Z"))
    assert said == []
    assert (contact.attempts_total, contact.attempts_by_number) == (1, {"+12125550101": 1})
    assert contact.last_attempts == {"P": instant("2026-11-20T14:58:00Z")}
    assert contact.last_wrap_ups["+12125550101"].code == "SPOKE"
    assert contact.last_right_party == {"P": instant("2026-11-20T15:00:00Z")}


def test_its_attributes_are_left_to_the_record():
    contact, _ = after(history(attributes={"tariff": "old"}))
    assert contact.attributes == {}


def test_it_counts_as_a_live_one_would_have():
    """But for the callback, the attributes and the rules."""
    one, _ = after(history(wrap_up_code="DECEASED"))
    other, _ = after(wrap_up(occurred_at="2026-11-20T15:00:00Z", wrap_up_code="DECEASED"))
    assert one == other


def test_it_touches_no_ladder_and_no_flight_and_is_remembered_from_its_arrival():
    before = new_contact("L", "c1")
    contact, _ = after(history(), contact=before)
    assert (contact.rungs, contact.flights, contact.call_offs, contact.ended) == ((), (), (), ())
    assert contact.heard_at == NOW


@pytest.mark.parametrize(
    ("occurred_at", "quarters"),
    [
        ("2026-10-23T15:00:00Z", 1),
        ("2026-10-23T14:59:59Z", 0),
        ("2001-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
    ],
)
def test_beyond_31_days_it_counts_in_the_total_only(occurred_at, quarters):
    contact, _ = after(history(occurred_at=occurred_at))
    assert sum(len(one) for one in contact.attempts.values()) == quarters
    assert contact.attempts_total == 1
    assert decode_contact(encode_contact(contact, None)) == contact


def test_an_instant_of_year_1_is_compared_like_any_other():
    again = rule(
        category="pre_call",
        conditions=[
            {
                "type": "contact_property",
                "property": "last_attempt",
                "scope": "overall",
                "operator": "before",
                "value": "P1D",
            },
        ],
        actions=[{"type": "do_not_dial"}],
    )
    worker = Worker(campaign(rule_set_ids=["R"]), rules=(again,))
    assert worker.wrap_up(history(occurred_at="0001-01-01T00:00:00Z"), at="2026-11-23T14:00:00Z").lines == []
    asked = {
        "event_id": "p1",
        "request_id": "q1",
        "occurred_at": "2026-11-23T15:00:00Z",
        "origin": "campaign",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": "+12125550101",
    }
    (answer,) = worker.send("placement-requested", asked).of("placement-decided")
    assert answer["reasons"] == ["pre_call_rule", "already_called_this_pass"]


def test_a_live_wrap_up_of_its_conversation_is_a_later_code():
    contact, said = after(history(), wrap_up(event_id="w2", wrap_up_code="DECEASED"))
    assert said == [] and contact.attempts_total == 1 and contact.marked is None


def test_of_a_conversation_that_has_had_its_wrap_up_it_changes_nothing_and_says_nothing():
    """Nor does it ask for the campaign, as no later code does."""
    before, _ = after(wrap_up(event_id="w2", occurred_at="2026-11-23T14:00:00Z"))
    contact, said = after(history(wrap_up_code="DECEASED", campaign_id="gone"), contact=before)
    assert said == []
    assert replace(contact, seen=before.seen, heard_at=before.heard_at) == before


def test_what_its_conversation_arranged_has_a_first_wrap_up_of_its_own():
    """A callback that was arranged before the migration, in a conversation that is history."""
    worker = Worker()
    worker.wrap_up(history(callback_id="k1"), at="2026-11-23T14:00:00Z")
    worker.schedule(scheduled(conversation_id="v1"))
    worker.run_to("2026-11-23T15:00:00Z")
    said = worker.wrap_up(wrap_up(event_id="w2", callback_id="k1", occurred_at="2026-11-23T15:05:00Z"))
    assert said.transitions == ["completed"]


def test_a_code_that_is_no_attempt_is_the_last_wrap_up_and_no_attempt():
    contact, _ = after(history(wrap_up_code="ININ-OUTBOUND-DNC-SKIPPED"))
    assert contact.attempts_total == 0 and len(contact.last_wrap_ups) == 1


def test_its_campaign_must_be_known_and_readable():
    with pytest.raises(BadEvent, match="campaign_unknown"):
        after(history(campaign_id="gone"))
    unreadable = configured()
    unreadable.apply(Arrived("campaigns", 0, 1, b"P", b'{"campaign_id":"P"}', 0), NOW)
    with pytest.raises(BadEvent, match="campaign_unreadable"):
        after(history(), configuration=unreadable)


def test_it_is_never_too_old_but_may_not_lie_ahead():
    worker = Worker()
    old = history(occurred_at="2020-01-01T00:05:00Z", dialed_at="2019-01-01T00:00:00Z")
    assert worker.wrap_up(old, at="2026-11-23T15:00:00Z").lines == []
    ahead = history("v2", occurred_at="2026-11-23T15:05:01Z")
    assert worker.wrap_up(ahead, at="2026-11-23T15:00:00Z").errors == ["in_the_future"]
    dialed_after = history("v3", dialed_at="2026-11-20T15:05:01Z")
    assert worker.wrap_up(dialed_after, at="2026-11-23T15:00:00Z").errors == ["in_the_future"]


def test_a_second_run_within_the_memory_of_a_contact_changes_nothing():
    events = [history(f"v{n}", occurred_at=f"2026-11-{n:02}T15:00:00Z") for n in range(1, 21)]
    once, _ = after(*events)
    twice, said = after(*events, contact=once, now=NOW + timedelta(days=35))
    assert (twice, said) == (once, [])


def test_as_many_calls_as_are_remembered_leave_room_in_the_row():
    events = [
        history(f"i-{n:032x}", event_id=f"i-{n:032x}", occurred_at=f"2026-{9 + n // 100:02}-{n % 28 + 1:02}T15:00:00Z")
        for n in range(300)
    ]
    contact, _ = after(*events)
    assert contact.attempts_total == 300 and len(contact.seen) == len(contact.conversations) == 256
    assert len(encode_contact(contact, None)) < ROW_BYTES_MAX / 2


def test_a_recycle_after_the_last_call_of_before_begins_the_pass():
    worker = Worker()
    worker.wrap_up(history(), at="2026-11-23T09:00:00Z")
    assert worker.send("campaign-recycle", recycle(), at="2026-11-23T14:50:00Z").lines == []


calls = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["v1", "v2", "v3", "v4"]),
        st.integers(0, 59),
        st.sampled_from(["DONE", "WRONG", "SPOKE", "ININ-OUTBOUND-DNC-SKIPPED"]),
    ),
    unique_by=(lambda call: call[1], lambda call: call[2]),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(calls)
def test_calls_of_different_conversations_count_the_same_in_every_order(made):
    """Whether they are history or not; a mark names the first that came, whichever that was."""

    def of(order):
        events = [
            wrap_up(conversation, occurred_at=f"2026-11-20T15:{minute:02}:00Z", wrap_up_code=code, history=is_history)
            for is_history, conversation, minute, code in order
        ]
        contact, said = after(*events, contact=new_contact("L", "c1"))
        assert said == []
        marked = sorted(contact.marked_numbers)
        return replace(contact, seen={}, conversations={}, marked_numbers={}), marked

    first, *others = (of(order) for order in permutations(made))
    assert all(other == first for other in others)
