"""A peer that does less, or something else, is noticed; what is compared is what a restart and a reader would find."""

import os
import subprocess
import sys
from datetime import UTC

import orjson
import psutil
import pytest

from benchmarks.canonical import Digest, Output, canonical, differences
from benchmarks.goals import GOALS
from benchmarks.outputs import Written
from benchmarks.peers import kafka_streams
from benchmarks.peers.every import PEERS
from benchmarks.peers.hosted import HostedCore
from benchmarks.rounds import mistakes, orders
from benchmarks.table import ratio, table, turn_data
from benchmarks.turn import Turn
from benchmarks.watch import Processes, Sample, Speed, speed
from benchmarks.workload import Workload
from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from topics.names import TopicName

WORK = Workload(40, SystemClock().now().astimezone(UTC).replace(microsecond=0), partitions=1)
COMPARED = [peer for peer in PEERS if peer.name in ("ringback", "quixstreams")]
OUTPUTS = {TopicName.CALLBACK_LIFECYCLE: Output.LIFECYCLE, TopicName.OUTSTANDING_CALLBACKS: Output.VIEWS}


def forms() -> list[tuple[Output, bytes]]:
    core, rows, found = HostedCore(WORK), dict[bytes, bytes](), []
    for offset, (key, value) in enumerate(WORK.wrap_ups()):
        rows[key], records = core.apply(0, offset, key, value, 0, rows.get(key))
        found += [
            (OUTPUTS[TopicName(one.topic)], canonical(OUTPUTS[TopicName(one.topic)], key, one.value or b""))
            for one in records
        ]
    return found + [(Output.ROWS, canonical(Output.ROWS, key, row)) for key, row in rows.items()]


def turn(written: list[tuple[Output, bytes]], figures: Speed | None = None) -> Turn:
    one = Written()
    for output, form in written:
        one.digests[output].add(form)
    return Turn(figures, one)


def test_every_contact_has_four_wrap_ups_and_one_callback():
    read = [orjson.loads(value) for _, value in WORK.wrap_ups()]
    by_contact: dict[str, list[str]] = {}
    for event in read:
        by_contact.setdefault(event["contact_id"], []).append(event["wrap_up_code"])
    assert len(by_contact) == WORK.contacts == WORK.callbacks == 10
    assert all(len(codes) == 4 and codes.count("DONE") == 3 for codes in by_contact.values())


def test_the_same_outputs_at_another_time_and_in_another_order_are_the_same():
    assert mistakes(COMPARED, [{"ringback": turn(forms()), "quixstreams": turn(forms()[::-1])}], WORK) == []


@pytest.mark.parametrize("output", list(Output))
def test_a_peer_that_leaves_out_an_output_is_named(output):
    less = forms()
    del less[next(number for number, (of, _) in enumerate(less) if of is output)]
    wrong = mistakes(COMPARED, [{"ringback": turn(forms()), "quixstreams": turn(less)}], WORK)
    assert wrong and all(line.startswith(f"round 1, quixstreams: {output}: ") for line in wrong)


@pytest.mark.parametrize("output", list(Output))
def test_a_peer_that_changes_an_output_is_named(output):
    changed = forms()
    place = next(number for number, (of, _) in enumerate(changed) if of is output)
    changed[place] = output, changed[place][1].replace(b"c0", b"c9")
    wrong = mistakes(COMPARED, [{"ringback": turn(forms()), "quixstreams": turn(changed)}], WORK)
    assert wrong == [f"round 1, quixstreams: {output}: as many records, but others"]


def test_if_ringback_does_less_than_the_input_leads_to_it_is_named():
    wrong = mistakes(COMPARED[:1], [{"ringback": turn(forms()[1:])}], WORK)
    assert wrong == ["round 1, ringback: lifecycle: 9 records, where the input leads to 10"]


def test_that_an_instant_of_its_own_clock_is_there_counts_and_its_value_does_not():
    one, later, none = (canonical(Output.ROWS, b"k", row) for row in (b'{"heard_at":"a"}', b'{"heard_at":"b"}', b"{}"))
    assert one == later != none


def test_a_record_that_comes_twice_is_noticed():
    once, twice = Digest(), Digest()
    once.add(b"a")
    twice.add(b"a")
    twice.add(b"a")
    of = {output: Digest() for output in Output}
    assert differences(of | {Output.VIEWS: once}, of | {Output.VIEWS: twice}) == ["views: 2 records, not 1"]


def test_start_up_and_the_wait_for_the_last_commit_are_not_counted():
    samples = [
        Sample(1, 0, 1, 0), Sample(3, 40, 2, 0), Sample(5, 100, 3, 0),
        Sample(15, 960, 12, 0), Sample(90, 1000, 13, 3 * 1024 * 1024)
    ]  # fmt: skip
    assert speed(samples, 1000, started_at=1) == Speed(860, 10, 9, 2, 3)
    assert speed(samples[:1] + samples[4:], 1000, started_at=1) is None


def test_what_took_less_than_a_tick_of_the_cpus_clock_has_no_figure():
    assert speed([Sample(1, 100, 3, 0), Sample(2, 1000, 3, 0)], 1000, started_at=0) is None


def test_nobody_is_first_twice_before_all_were():
    assert [order[0].name for order in orders(PEERS, len(PEERS))] == [peer.name for peer in PEERS]


def test_the_table_has_medians_and_ratios_of_one_round_and_says_who_was_left_out():
    rounds = [
        {
            "ringback": turn_data(turn([], Speed(100, ours, 1, 0, 0))),
            "bare": turn_data(turn([], Speed(100, 1, 1, 0, 0))),
        }
        for ours in (1, 2, 4)
    ]
    assert ratio(rounds, "bare", "events_per_s") == 0.5
    text = "\n".join(table(PEERS, rounds, {"kafka-streams": "no javac"}))
    assert "| left out: no javac |" in text and "| 50 | 1.00x |" in text and "| 100 | 0.50x |" in text


def test_a_jar_that_is_another_one_is_refused(tmp_path):
    (tmp_path / "kafka-streams-4.1.2.jar").write_bytes(b"something else")
    with pytest.raises(OperatorError, match=r"not those that were written down: .*kafka-streams-4\.1\.2\.jar"):
        kafka_streams.check([tmp_path / "kafka-streams-4.1.2.jar"])


@pytest.mark.kafka
def test_the_worker_with_one_process_and_two_plain_faust_and_the_bare_loop_are_played_on_a_real_kafka(tmp_path):
    names = ("ringback", "ringback-2", "faust", "bare")
    command = [sys.executable, "-m", "benchmarks", "--events", "400", "--rounds", "1", "--results", str(tmp_path)]
    only = [word for name in names for word in ("--only", name)]
    done = subprocess.run([*command, *only], capture_output=True, text=True, timeout=220, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    data = orjson.loads((tmp_path / "bench.json").read_bytes())
    assert data["wrong"] == [] and set(data["rounds"][0]) == set(names)
    hashes = {data["rounds"][0][name]["outputs"]["rows"]["count_and_hash"] for name in names[:-1]}
    assert len(hashes) == 1 and data["rounds"][0]["ringback"]["outputs"]["lifecycle"]["records"] == 100
    text = (tmp_path / "bench.md").read_text()
    assert all(f"| {goal.title} | " in text for goal in GOALS) and "`ringback bench changes` was not asked for" in text


def test_a_child_that_has_just_ended_does_not_end_what_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        known = psutil.Process(gone.pid)
        gone.wait()
        monkeypatch.setattr(psutil.Process, "children", lambda self, recursive=False: [known])
        cpu_s, resident = Processes(os.getpid()).used()
        assert cpu_s > 0
        assert resident > 0
        with pytest.raises(psutil.NoSuchProcess):
            Processes(known.pid)
