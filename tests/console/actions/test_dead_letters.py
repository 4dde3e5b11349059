"""A dead letter is sent anew byte for byte but for what is changed, to the partition of its key, and tried before."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.console.actions.dead_letters import Edit, tried, with_field
from streams.console.actions.model import Action, NotAllowed
from streams.console.view.model import DeadLetter
from tests.builders import campaign, instant, scheduled, wrap_up
from tests.console.actions.world import CLIENTS, NOW, PARTITIONS, At, World, runs
from topics.audit import ActedVia, ActionKind
from topics.partitions import partition_for

KEY = b"L|c1"
ERRORS = (
    ("__connect.errors.topic", b"p.callback-scheduled"),
    ("__connect.errors.exception.message", b"wrong_partition: The key belongs to another partition (at $)"),
    ("ringback.error", b"wrong_partition"),
)
SENT = b'{ "type":"scheduled",  "event_id":"s-k1","occurred_at":"2026-11-23T14:30:00Z","callback_id":"k1",\n' + (
    b'"source":"widget","campaign_id":"P","contact_list_id":"L","contact_id":"c1","phone_number":"+12125550101",'
    b'"due_at":"2026-11-23T16:00:00Z","x":1.50}'
)


def dead(value=SENT, key=KEY, code="wrong_partition", topic="p.callback-scheduled", **changes):
    given = {"number": 1, "message": "", "partition": 3, "offset": 17, "at": instant(NOW), "headers": ERRORS, **changes}
    return DeadLetter(code=code, topic=topic, key=key, value=value, **given)


def try_(letter, at=NOW, **edit):
    return tried(letter, Edit(**edit), PARTITIONS, "p.", instant(at))


def test_one_from_the_wrong_partition_goes_to_the_right_one_as_it_was():
    found = try_(dead(headers=(("traceparent", b"00-x"), *ERRORS)))
    assert found.wrong is None and found.letter is not None
    assert (found.letter.key, found.letter.value) == (KEY, SENT)
    assert (found.letter.topic, found.letter.partition) == ("p.callback-scheduled", partition_for(KEY, PARTITIONS))
    assert found.letter.headers == (
        ("traceparent", b"00-x"),
        ("ringback.replay.topic", b"p.callback-scheduled"),
        ("ringback.replay.partition", b"3"),
        ("ringback.replay.offset", b"17"),
        ("ringback.replay.error", b"wrong_partition"),
    )


def test_a_change_of_a_field_leaves_every_other_byte():
    found = try_(dead(), fields={"campaign_id": "Q"})
    assert found.letter is not None and found.letter.value == SENT.replace(b'"P"', b'"Q"')


def test_a_wrong_key_can_become_that_of_the_value():
    letter = dead(key=b"c1", code="wrong_key")
    assert "wrong_key" in (try_(letter).wrong or "")
    found = try_(letter, key_of_value=True)
    assert (found.wrong, found.letter and found.letter.key) == (None, KEY)
    assert try_(letter, key=KEY).letter == found.letter


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (dead(value=b"{"), "undecodable"),
        (dead(value=SENT.replace(b"scheduled", b"postponed", 1)), "unknown_type"),
        (dead(value=SENT.replace(b'"callback_id":"k1",', b"")), "callback_id"),
        (dead(value=None), "no value|tombstone|decoded|key|value"),
        (dead(key=None), "wrong_key"),
        (dead(key=None, value=None), "neither key nor value"),
        (dead(headers=(*ERRORS, ("ringback.cut", b"value"))), "it is cut"),
        (dead(topic="p.callback-lifecycle"), "not read by workers"),
        (dead(topic="other"), "not read by workers"),
        (dead(value=SENT.replace(b"2026-11-23T14:30", b"2026-10-01T14:30")), "too_old"),
        (dead(value=SENT.replace(b"2026-11-23T14:30", b"2026-11-23T15:30")), "in_the_future"),
    ],
)
def test_what_a_worker_would_refuse_again_is_not_prepared(letter, why):
    found = try_(letter)
    assert found.letter is None
    assert any(word in (found.wrong or "") for word in why.split("|")), found.wrong


def test_a_record_of_configuration_is_tried_too_and_has_the_partition_of_its_topic():
    value = json.dumps(campaign()).encode()
    found = try_(dead(topic="p.campaigns", key=b"P", value=value))
    assert found.letter is not None and found.letter.partition == 0
    assert "wrong_key" in (try_(dead(topic="p.campaigns", key=b"Q", value=value)).wrong or "")
    assert "invalid" in (
        try_(dead(topic="p.campaigns", key=b"P", value=value.replace(b"progressive", b"x"))).wrong or ""
    )


def test_history_is_never_too_old():
    old = json.dumps(wrap_up(occurred_at="2020-11-23T14:30:00Z", history=True)).encode()
    assert try_(dead(topic="p.wrap-up", value=old)).wrong is None


@pytest.mark.parametrize(
    "bad", [b"", b"[1]", b"{", b'{"a"', b'{"a":', b'{"a":1', b'"x"', b"\xff{}", b"{1:2}", b'{"a":1 "b":2}']
)
def test_a_field_of_what_is_no_object_cannot_be_changed(bad):
    with pytest.raises(NotAllowed, match="no JSON object"):
        with_field(bad, "c", 1)


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(st.dictionaries(st.text(), values), st.text(), values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_changed_object_is_that_object_with_the_field_and_another_change_takes_it_back(
    was, name, new, indent, is_ascii
):
    text = json.dumps(was, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    try:
        text.decode()
        json.dumps([name, new], ensure_ascii=False).encode()
    except UnicodeError:
        return
    changed = with_field(text, name, new)
    assert json.loads(changed) == was | {name: new}
    if name in was:
        assert json.loads(with_field(changed, name, was[name])) == was


def test_a_replay_is_a_run_whose_refusals_are_told_apart_from_those_before(tmp_path):
    world = World()
    world.schedule(scheduled("k2", event_id="s-k2", occurred_at="2026-11-23T14:40:00Z"))
    letters = [dead(number=1), dead(SENT.replace(b"k1", b"k2").replace(b"s-k2", b"other"), number=2, offset=18)]
    # Of both the view has what was refused before.
    world.hear(world.worker.send_raw("callback-scheduled", "{}", "L|c1", {}))
    found = [try_(letter) for letter in letters]
    made = runs(world, tmp_path, At())
    action = Action(kind=ActionKind.REPLAY, actor="sup")
    run = made.plan_replay(
        [one.letter for one in found if one.letter], action, ActedVia.CONSOLE, {"code": "wrong_partition"}
    )
    assert (run.meant, asyncio.run(made.send(run.name, CLIENTS)).sent) == (2, 2)
    run = made.read_back(run.name, world)
    assert (run.applied, run.refused, run.asked) == (1, 1, 0)
    ((refusal),) = made.refusals(run.name)
    assert (getattr(refusal.what, "from_offset", 0), refusal.why) == (18, "callback_id_taken")
    assert dict(world.events[0].headers)["ringback.replay.run"] == run.name.encode()
    with pytest.raises(NotAllowed, match="a replay cannot be undone"):
        made.plan_undo(run.name, world, "sup", None, ActedVia.CONSOLE)
