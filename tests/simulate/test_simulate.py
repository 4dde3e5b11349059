"""Docs, contract.md, section "The simulator's lines"."""

import io
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from streams.simulator.simulate import run_simulation
from tests.builders import campaign, scheduled, wrap_up

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.jsonl"))


def line(topic: str, value, at: str, **more) -> str:
    return orjson.dumps({"topic": topic, "at": at, "value": value, **more}).decode() + "\n"


HISTORY = [
    line("campaigns", campaign(), "2026-11-23T08:00:00Z"),
    line("callback-scheduled", scheduled(), "2026-11-23T14:30:01Z"),
]


def run(tmp_path, *lines: str, until=None, partitions=1):
    """Exit code, records and errors of a simulation of these lines."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join(lines))
    out, err = io.StringIO(), io.StringIO()
    code = run_simulation([str(path)], until=until, partitions=partitions, out=out, err=err)
    return code, [orjson.loads(record) for record in out.getvalue().splitlines()], err.getvalue()


def test_timers_due_by_a_line_fire_before_it(tmp_path):
    cancel = {**scheduled(), "type": "cancelled", "event_id": "c1", "occurred_at": "2026-11-23T15:00:00Z"}
    _, records, _ = run(tmp_path, *HISTORY, line("callback-scheduled", cancel, "2026-11-23T15:00:00Z"))
    transitions = [record["value"]["transition"] for record in records if record["topic"] == "callback-lifecycle"]
    assert transitions == ["scheduled", "due", "presented", "cancelled"]


def test_a_timers_record_is_produced_at_its_own_due_time(tmp_path):
    _, records, _ = run(tmp_path, *HISTORY, line("wrap-up", wrap_up("v9"), "2026-11-23T19:00:00Z"))
    assert [record["at"] for record in records if record["topic"] == "dial-preview"] == ["2026-11-23T15:00:00Z"]


def test_the_clock_stops_at_the_last_line_unless_told_otherwise(tmp_path):
    _, records, _ = run(tmp_path, *HISTORY)
    assert [record["topic"] for record in records] == ["callback-lifecycle", "outstanding-callbacks"]
    for until, count in (("2026-11-23T14:59:59Z", 0), ("2026-11-23T15:00:00Z", 1)):
        _, records, _ = run(tmp_path, *HISTORY, until=until)
        assert [record["topic"] for record in records].count("dial-preview") == count


def test_a_due_time_that_is_past_is_honoured_at_the_last_line(tmp_path):
    _, records, _ = run(tmp_path, line("callback-scheduled", scheduled(), "2026-11-23T16:00:00Z"))
    assert [record["topic"] for record in records].count("dial-preview") == 1


def test_an_output_line_is_one_record(tmp_path):
    _, records, _ = run(tmp_path, *HISTORY)
    assert list(records[0]) == ["topic", "at", "key", "value"]
    assert (records[0]["at"], records[0]["key"]) == ("2026-11-23T14:30:01Z", "L|c1")


def test_instants_are_written_in_utc_and_without_a_fraction_of_zero(tmp_path):
    early = scheduled(occurred_at="2026-11-23T09:30:00.000-05:00", due_at="2026-11-23T10:00:00.250-05:00")
    _, records, _ = run(tmp_path, line("callback-scheduled", early, "2026-11-23T09:30:01.5-05:00"))
    assert records[0]["at"] == "2026-11-23T14:30:01.500000Z"
    assert records[0]["value"]["due_at"] == "2026-11-23T15:00:00.250000Z"


def test_a_tombstone_is_written_as_null(tmp_path):
    cancel = {**scheduled(), "type": "cancelled", "event_id": "c1"}
    _, records, _ = run(tmp_path, *HISTORY, line("callback-scheduled", cancel, "2026-11-23T14:31:00Z"))
    assert (records[-1]["topic"], records[-1]["value"]) == ("outstanding-callbacks", None)


def test_a_bad_event_on_a_good_line_is_a_dead_letter_with_its_headers(tmp_path):
    bad = {"event_id": "w1", "nonsense": [1, {"a": None}]}
    code, records, err = run(tmp_path, line("wrap-up", bad, "2026-11-23T14:30:00Z", key="L|c1"))
    assert (code, err) == (0, "")
    assert records == [
        {
            "topic": "dead-letter",
            "at": "2026-11-23T14:30:00Z",
            "key": "L|c1",
            "value": bad,
            "headers": {
                "__connect.errors.topic": "wrap-up",
                "__connect.errors.partition": "0",
                "__connect.errors.offset": "0",
                "__connect.errors.exception.class.name": "BadEvent",
                "__connect.errors.exception.message": "invalid: Object missing required field `occurred_at` (at $)",
                "ringback.error": "invalid",
            },
        }
    ]


VALUES = [
    ' {"b": 1.50, "a" : 1E2,\t"b":12345678901234567890123}',
    '[ "\\u00e9\\/é" ]',
    "-0.0",
    "1e999",
]


@pytest.mark.parametrize("value", VALUES)
def test_the_value_of_a_dead_letter_is_the_one_that_came_byte_for_byte(tmp_path, value):
    path = tmp_path / "events.jsonl"
    path.write_text('{"topic":"wrap-up","value":' + value + ',"at":"2026-11-23T14:30:00Z"}')
    out = io.StringIO()
    assert run_simulation([str(path)], until=None, partitions=1, out=out, err=io.StringIO()) == 0
    assert f'"value":{value.strip()},"headers"' in out.getvalue()


def test_a_line_that_is_not_utf_8_is_malformed(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"topic":"wrap-up","at":"2026-11-23T14:30:00Z","value":"\xff"}\n')
    err = io.StringIO()
    assert run_simulation([str(path)], until=None, partitions=1, out=io.StringIO(), err=err) == 2
    assert "not JSON" in err.getvalue()


def test_the_latest_instant_of_a_line_leaves_room_for_all_that_follows_from_it(tmp_path):
    at, due_at = "9899-12-31T23:59:59Z", "9900-01-30T23:59:58Z"
    event = scheduled(occurred_at=at, due_at=due_at, owner="only")
    ten_years = 10 * 366 * 24 * 3600
    slow = campaign(outcome_timeout_s=ten_years, expire_after_s=ten_years, owner_expiry="queue")
    code, records, _ = run(
        tmp_path, line("campaigns", slow, at), line("callback-scheduled", event, at), until="9999-12-31T23:59:59Z"
    )
    transitions = [record["value"]["transition"] for record in records if record["topic"] == "callback-lifecycle"]
    assert (code, transitions) == (0, ["scheduled", "due", "presented", "presented", "expired"])


@pytest.mark.parametrize(
    ("occurred_at", "topics"),
    [("2026-11-23T14:35:00.000900Z", []), ("2026-11-23T14:35:00.001001Z", ["dead-letter"])],
)
def test_a_recycle_five_minutes_ahead_is_in_order_at_any_fraction_of_a_millisecond(tmp_path, occurred_at, topics):
    event = {"event_id": "y1", "occurred_at": occurred_at, "campaign_id": "P"}
    _, records, _ = run(tmp_path, line("campaign-recycle", event, "2026-11-23T14:30:00.000900Z"))
    assert [record["topic"] for record in records] == topics


@pytest.mark.parametrize("value", [5, "text", [], {}, True])
def test_a_value_that_is_no_event_is_a_bad_event(tmp_path, value):
    code, records, _ = run(tmp_path, line("wrap-up", value, "2026-11-23T14:30:00Z"))
    assert (code, records[0]["headers"]["ringback.error"], records[0]["key"]) == (0, "invalid", None)


def test_offsets_count_per_topic(tmp_path):
    events = [
        line("callback-scheduled", scheduled(f"k{n}", contact_id=f"c{n}"), "2026-11-23T14:30:00Z") for n in range(3)
    ]
    _, records, _ = run(tmp_path, HISTORY[0], *events, partitions=4)
    offsets = [record["value"]["cause"]["offset"] for record in records if record["topic"] == "callback-lifecycle"]
    assert offsets == [0, 1, 2]


DEEP = 100_000
"""Deeper than any parser goes; how deep they go differs from version to version."""

MALFORMED = [
    ("{", "not JSON"),
    ("[]", "not a JSON object"),
    ('{"at":"2026-11-23T14:30:00Z","value":{}}', "`topic`"),
    ('{"topic":"dial-preview","at":"2026-11-23T14:30:00Z","value":{}}', "`topic`"),
    ('{"topic":"ringback.wrap-up","at":"2026-11-23T14:30:00Z","value":{}}', "`topic`"),
    ('{"topic":["wrap-up"],"at":"2026-11-23T14:30:00Z","value":{}}', "`topic`"),
    ('{"topic":"wrap-up","value":{}}', "`at`"),
    ('{"topic":"wrap-up","at":"2026-11-23T14:30:00","value":{}}', "`at`"),
    ('{"topic":"wrap-up","at":1795446000,"value":{}}', "`at`"),
    ('{"topic":"wrap-up","at":"20261123T143000Z","value":{}}', "`at`"),
    ('{"topic":"wrap-up","at":"0001-01-01T00:00:00+01:00","value":{}}', "`at`"),
    ('{"topic":"wrap-up","at":"2026-11-23T14:30:00Z"}', "`value`"),
    ('{"topic":"contacts","at":"2026-11-23T14:30:00Z","value":null}', "`key`"),
    ('{"topic":"wrap-up","at":"2026-11-23T14:30:00Z","key":7,"value":{}}', "`key`"),
    ('{"topic":"wrap-up","at":"2026-11-23T07:59:59Z","value":{}}', "before"),
    ('{"topic":"wrap-up","at":"9999-12-31T23:59:59Z","value":{}}', "`at`"),
    ('{"topic":"wrap-up","at":"9900-01-01T00:00:00Z","value":{}}', "`at`"),
    ('{"topic":"wrap-up","at":"2026-11-23T14:30:00Z","value":{"a":"\\ud800"}}', "not JSON"),
    ('{"topic":"wrap-up","at":"2026-11-23T14:30:00Z","value":' + DEEP * "[" + DEEP * "]" + "}", "not JSON"),
]


@pytest.mark.parametrize(("text", "reason"), MALFORMED)
def test_a_malformed_line_ends_the_run_with_file_line_and_reason(tmp_path, text, reason):
    code, _, err = run(tmp_path, HISTORY[0], "\n", text)
    assert code == 2
    assert f"{tmp_path / 'events.jsonl'}:3: " in err and reason in err


def test_a_file_that_is_not_there_is_named(tmp_path):
    err = io.StringIO()
    path = str(tmp_path / "missing.jsonl")
    assert run_simulation([path], until=None, partitions=1, out=io.StringIO(), err=err) == 2
    assert path in err.getvalue()


def test_an_until_before_the_last_line_is_refused(tmp_path):
    assert run(tmp_path, *HISTORY, until="2026-11-23T14:30:00Z")[0] == 2
    assert run(tmp_path, *HISTORY, until="tomorrow")[0] == 2
    assert run(tmp_path, *HISTORY, until="2026-11-23T14:30:01Z")[0] == 0


def test_files_are_read_one_after_the_other(tmp_path):
    for name, text in (("a", HISTORY[0]), ("b", HISTORY[1])):
        (tmp_path / name).write_text(text)
    out = io.StringIO()
    code = run_simulation(
        [str(tmp_path / "a"), str(tmp_path / "b")], until=None, partitions=1, out=out, err=io.StringIO()
    )
    assert (code, len(out.getvalue().splitlines())) == (0, 2)


def test_nothing_in_nothing_out(tmp_path):
    assert run(tmp_path, until="2026-11-23T14:30:00Z") == (0, [], "")


CONFIGURATION_ALONE = ("us-callable-time",)
"""Examples in which nothing happens."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("partitions", [1, 4])
def test_an_example_comes_out_the_same_byte_for_byte(path, partitions):
    outputs = []
    for _ in range(2):
        out = io.StringIO()
        assert (
            run_simulation([str(path)], until="2027-02-01T00:00:00Z", partitions=partitions, out=out, err=io.StringIO())
            == 0
        )
        outputs.append(out.getvalue())
    assert outputs[0] == outputs[1]
    assert (outputs[0] == "") is (path.stem in CONFIGURATION_ALONE)


def test_the_simulator_starts_without_a_kafka_client_and_without_numpy():
    slow = ("faust", "aiokafka", "asyncio", "numpy")
    program = f"import sys; import streams.simulator.simulate; sys.exit(any(name in sys.modules for name in {slow}))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_simulator_reads_standard_input():
    program = (
        "import sys; from streams.simulator.simulate import run_simulation;"
        "sys.exit(run_simulation([], until=None, partitions=1, out=sys.stdout, err=sys.stderr))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input="".join(HISTORY), capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 2
