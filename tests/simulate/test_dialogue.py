"""Docs, contract.md, section "A dialogue": what came in and what went out, one line each, for people."""

import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.logic.contact.exchange import Record
from streams.simulator.dialogue import TOPIC_WIDTH, dialogue
from streams.simulator.lines import Line, parse_line, read_lines
from streams.simulator.simulate import Written, converse, line_of, run_simulation
from tests.builders import Json, campaign, scheduled, wrap_up
from tests.rules.scenario import lines, with_dialogues
from topics.catalog import CATALOG

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "contract.md").read_text("utf-8")
AT = "2026-11-23T14:30:00Z"
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def came(topic: str, value, at: str = AT, **more) -> str:
    """The line of one event."""
    text = json.dumps({"topic": topic, "at": at, "value": value, **more})
    line, _ = dialogue([parse_line(text.encode(), "test")])
    return line


def went(topic: str, value, key: str = "L|c1", **more) -> str:
    """The line of one record of ours."""
    record = Record(topic, key.encode(), None if value is None else json.dumps(value).encode(), **more)
    line, _ = dialogue([Written(NOW, record)])
    return line


def simulated(*texts: str, until: datetime | None = None, partitions: int = 1) -> list[str]:
    told = [parse_line(text.encode(), "test") for text in texts]
    return list(dialogue(converse(told, until, partitions), until))


def event(topic: str, value, at: str = AT, **more) -> str:
    return json.dumps({"topic": topic, "at": at, "value": value, **more})


def test_an_event_is_a_line_with_its_instant_topic_key_and_fields():
    assert came("callback-scheduled", scheduled()) == (
        "2026-11-23 14:30:00 > callback-scheduled     L|c1  scheduled, k1, event_id s-k1, source widget, "
        "campaign_id P, phone_number +12125550101, due_at 15:00:00Z, agent_id a7, owner anyone"
    )


def test_a_record_is_a_line_without_what_is_null_or_empty():
    value: Json = {"callback_id": "k1", "agent_id": None, "attributes": {}, "presentation": 1, "contact_id": "c1"}
    assert went("dial-preview", value) == "2026-11-23 14:30:00 < dial-preview           L|c1  k1, presentation 1"


def test_a_tombstone_is_named():
    assert came("contacts", None, key="L|c1").endswith("> contacts               L|c1  (tombstone)")
    assert went("outstanding-callbacks", None).endswith("L|c1  (tombstone)")


def test_what_the_key_and_the_instant_say_is_left_out_and_said_where_it_differs_or_is_missing():
    assert "occurred_at" not in came("wrap-up", wrap_up())
    assert "occurred_at 14:29:00Z" in came("wrap-up", wrap_up(occurred_at="2026-11-23T14:29:00Z"))
    other = came("wrap-up", wrap_up(contact_id="c2"), key="L|c1")
    assert "contact_id c2" in other and "contact_list_id" not in other
    missing = {name: value for name, value in wrap_up().items() if name not in ("contact_id", "occurred_at")}
    assert came("wrap-up", missing, key="L|c1").endswith("(no contact_id), (no occurred_at)")
    assert "(no key)" in came("wrap-up", missing)
    assert "contact_id 5" in came("wrap-up", wrap_up(contact_id=5), key="L|5")


def test_an_instant_of_the_same_day_is_written_as_its_time_and_no_text_looks_like_it():
    assert "due_at 15:00:00.250Z" in came("callback-scheduled", scheduled(due_at="2026-11-23T15:00:00.250Z"))
    assert "due_at 2026-11-24T15:00:00Z" in came("callback-scheduled", scheduled(due_at="2026-11-24T15:00:00Z"))
    assert "due_at 2026-11-23T15:00:00+01:00" in came(
        "callback-scheduled", scheduled(due_at="2026-11-23T15:00:00+01:00")
    )
    assert 'due_at "15:00:00Z"' in came("callback-scheduled", scheduled(due_at="15:00:00Z"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("7", '"7"'),
        ("true", '"true"'),
        ("null", '"null"'),
        ("", '""'),
        ("a, b", '"a, b"'),
        ("(x)", '"(x)"'),
        ('a"b', '"a\\"b"'),
        ("é", '"é"'),
        ("two\nlines", '"two\\nlines"'),
        ("right\u202eleft", '"right\\u202eleft"'),
        ("line\u2028end", '"line\\u2028end"'),
        ("no\u00a0break", '"no\\u00a0break"'),
        ("America/New_York", "America/New_York"),
        ("+12125550101", "+12125550101"),
    ],
)
def test_a_text_that_is_not_one_plain_word_stands_in_quotes(text, shown):
    line = came("contacts", {"contact_list_id": "L", "contact_id": "c1", "attributes": {"a": text}})
    assert line.endswith(f"attributes (a {shown})") and len(line.splitlines()) == 1


def test_a_number_stands_as_it_came_and_a_field_that_is_there_twice_twice():
    value = '{"contact_list_id":"L","contact_id":"c","a":1.50,"a":1E2}'
    text = f'{{"topic":"contacts","at":"{AT}","value":{value}}}'
    assert simulated(text)[0].endswith("L|c  a 1.50, a 1E2")


@pytest.mark.parametrize("value", ["[1, 2]", '"text"', "-0.0", "true"])
def test_a_value_that_is_no_object_stands_as_it_came(value):
    text = f'{{"topic":"wrap-up","at":"{AT}","key":"L|c1","value":{value}}}'
    assert simulated(text)[0].endswith(f"L|c1  = {value}")


def test_a_dead_letter_names_the_error_and_not_once_more_the_event_above_it():
    _, letter, _ = simulated(event("wrap-up", {"event_id": "w1"}, key="L|c1"))
    assert letter == (
        "2026-11-23 14:30:00 < dead-letter            L|c1  "
        'invalid, "Object missing required field `occurred_at` (at $)"'
    )


def test_a_dead_letter_of_another_event_says_which_and_all_of_it():
    place = (("__connect.errors.topic", b"wrap-up"), ("__connect.errors.offset", b"7"))
    headers = (*place, ("ringback.error", b"invalid"), ("__connect.errors.exception.message", b"invalid: not so"))
    letter = went("dead-letter", {"event_id": "w1"}, headers=headers)
    assert letter.endswith(
        'invalid, "not so", __connect.errors.topic wrap-up, __connect.errors.offset "7", (event_id w1)'
    )


def test_the_cause_is_named_unless_it_is_the_event_above():
    told = [event("campaigns", campaign()), event("callback-scheduled", scheduled())]
    shown = simulated(*told, until=datetime(2026, 11, 23, 15, tzinfo=UTC))
    of_lifecycle = [line for line in shown if "callback-lifecycle" in line]
    assert ["cause" in line for line in of_lifecycle] == [False, True, True]
    assert of_lifecycle[1].endswith("cause (event_id s-k1)")
    other = {"event_id": "s-k1", "topic": "callback-scheduled", "partition": 0, "offset": 3}
    written = Written(NOW, Record("callback-lifecycle", b"L|c1", json.dumps({"cause": other}).encode()))
    *_, shown_other, _ = dialogue([parse_line(told[1].encode(), "test"), written])
    assert shown_other.endswith("cause (event_id s-k1, topic callback-scheduled, partition 0, offset 3)")


def test_a_dialogue_ends_with_up_to_when_nothing_else_happened():
    assert simulated(event("campaigns", campaign()))[-1] == "2026-11-23 14:30:00 end"
    assert simulated(until=NOW) == ["2026-11-23 14:30:00 end"]
    assert simulated() == []


def test_names_of_topics_stand_in_one_column():
    assert max(len(name) for name in CATALOG if name != "contact-state") == TOPIC_WIDTH


WORDS = st.sampled_from(
    ["a", "b", "no a", "a b", "a, b", "(no a)", "(a b)", "[a]", "true", "null", "1", "1.0", "", " ", "P", "L|c1", '"',
     "\\", "\\u000a", "\n", "15:00:00Z", "2026-11-23T15:00:00Z", "2026-11-24T15:00:00Z", AT, "occurred_at", "= 1",
     "(tombstone)", "power", "on", "scheduled", "k1"]
)  # fmt: skip
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.sampled_from([0, 1, 1.0, 10]), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["occurred_at", "contact_list_id", "contact_id", "campaign_id", "type", "callback_id", "dialing_mode", "status",
     "origin", "wrap_up_code", "a", "no a"]
)  # fmt: skip
VALUES = st.one_of(st.dictionaries(NAMES, JSON, max_size=4), JSON)
TOPICS = st.sampled_from(["wrap-up", "callback-scheduled", "campaigns", "contacts", "placement-requested"])


def same(topic: str, key: str, one, other) -> bool:
    return came(topic, one, key=key) == came(topic, other, key=key)


@given(topic=TOPICS, key=st.sampled_from(["L|c1", "P", "a|b|c"]), one=VALUES, data=st.data())
def test_two_events_that_differ_never_read_the_same(topic, key, one, data):
    """The other one is the first with one change, or any; order of fields and nothing else may be lost."""
    other = data.draw(VALUES)
    if isinstance(one, dict) and one and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(one)))
        other = {**one, name: data.draw(JSON)} if data.draw(st.booleans()) else {k: one[k] for k in one if k != name}
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        assert not same(topic, key, one, other)


def told(value):
    """What a record of ours has to tell: no field that is null or empty, nor what its key and its instant say."""
    if not isinstance(value, dict):
        return value
    known = {"contact_list_id": "L", "contact_id": "c1", "occurred_at": AT}
    return {
        name: without_nulls(one) for name, one in value.items() if one not in (None, [], {}) and known.get(name) != one
    }


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


@given(topic=st.sampled_from(["callback-lifecycle", "dial-preview", "placement-decided"]), one=VALUES, data=st.data())
def test_two_records_of_ours_that_tell_something_else_never_read_the_same(topic, one, data):
    other = data.draw(VALUES)
    if isinstance(one, dict) and one and data.draw(st.booleans()):
        other = {**one, data.draw(st.sampled_from(sorted(one))): data.draw(JSON)}
    if json.dumps(told(one), sort_keys=True) != json.dumps(told(other), sort_keys=True):
        assert went(topic, one) != went(topic, other)


@given(topic=TOPICS, value=VALUES)
def test_whatever_comes_is_one_line(topic, value):
    line = came(topic, value, key="L|c1")
    assert len(line.splitlines()) == 1 and line.isprintable()


def test_a_value_too_deep_to_read_is_shown_as_it_came():
    deep = 100_000
    line = Line("wrap-up", NOW, b"L|c1", b"[" * deep + b"]" * deep)
    shown, _ = dialogue([line])
    assert shown.endswith("]" * deep)


@pytest.mark.parametrize("path", with_dialogues(), ids=lambda path: path.stem)
def test_a_dialogue_has_a_line_for_every_event_and_record_in_their_order(path):
    told = list(converse(lines(path), None, 4))
    shown = list(dialogue(told))
    assert len(shown) == len(told) + 1
    for one, line in zip(told, shown, strict=False):
        topic = one.topic if isinstance(one, Line) else one.record.topic
        assert re.match(rf"\d{{4}}-\d\d-\d\d [\d:.]+ {'>' if isinstance(one, Line) else '<'} {topic} ", line)


def test_the_records_of_a_dialogue_are_those_of_the_other_format(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join([event("campaigns", campaign()), event("callback-scheduled", scheduled())]))
    out = io.StringIO()
    assert run_simulation([str(path)], until=None, partitions=1, out=out, err=io.StringIO()) == 0
    told = converse(read_lines([str(path)]), None, 1)
    assert out.getvalue().splitlines() == [line_of(one) for one in told if isinstance(one, Written)]


def cli(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams", "simulate", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, encoding="utf-8", timeout=120)


def test_the_command_prints_a_dialogue_where_it_is_asked_for_one():
    done = cli("--format", "dialogue", stdin=event("contacts", {"contact_list_id": "L", "contact_id": "é"}))
    assert done.stdout == '2026-11-23 14:30:00 > contacts               "L|é"\n2026-11-23 14:30:00 end\n'
    assert (done.returncode, done.stderr) == (0, "")


def test_a_malformed_line_ends_a_dialogue_with_what_came_before_it_and_without_an_end():
    done = cli("--format", "dialogue", stdin=event("campaigns", campaign()) + "\n{")
    assert (done.returncode, len(done.stdout.splitlines())) == (2, 1)
    assert "standard input:2: not JSON" in done.stderr and "end" not in done.stdout


def test_a_format_that_is_none_is_refused_with_those_that_there_are():
    done = cli("--format", "xml", stdin="")
    assert done.returncode == 2 and "json" in done.stderr and "dialogue" in done.stderr


def test_the_example_of_the_contract_is_what_the_simulator_says():
    section = CONTRACT.partition("### A dialogue")[2]
    block = re.findall(r"```text\n(.*?)```", section, re.DOTALL)[0].splitlines()
    until = datetime(2026, 11, 23, 16, tzinfo=UTC)
    told = converse(read_lines([str(ROOT / "examples" / "first-callbacks.jsonl")]), until, 1)
    shown = list(dialogue(told, until))
    assert len(block) > 5
    assert block == [line for line in shown if "L|c1" in line and "> contacts" not in line] + shown[-1:]
