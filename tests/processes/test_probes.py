"""What the probes of several processes answer as one, and what they name."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from streams.engine.waits import Obstacle
from streams.worker import http
from streams.worker.health import Answer, Health
from streams.worker.processes.probes import AllOfThem
from streams.worker.processes.process import Standing

NOW = datetime(2026, 11, 27, 5, 30, tzinfo=UTC)
STATE = Obstacle("partition 3", "its state", NOW)
LOOP = Obstacle("loop", "its next turn", NOW, "the event loop has not run")


class Member:
    """A process with a page of its own, here a server in this process."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.blocked: list[Obstacle] = []
        self.obstacles: list[Obstacle] = []
        self.page: dict[str, Any] = {"partitions": {}}
        health = Health(lambda: self.blocked, [lambda: self.obstacles])
        server = stack.enter_context(http.serve("127.0.0.1", 0, health, lambda: self.page))
        self.standing = Standing(name, NOW, 100 + int(name), server.port)


class Worker:
    """Two of them, and the probes over both."""

    def __init__(self, stack: ExitStack) -> None:
        self.one, self.two = Member("1", stack), Member("2", stack)
        self.missing: dict[str, Standing] = {}
        members = (self.one, self.two)
        self.probes = AllOfThem(lambda: [self.missing.get(one.standing.name, one.standing) for one in members])


@pytest.fixture
def worker() -> Iterator[Worker]:
    with ExitStack() as stack:
        yield Worker(stack)


def reasons(answer: Answer) -> list[str]:
    found = answer.body["reasons"]
    assert isinstance(found, list)
    assert answer.ok == (not found)
    return found


def test_it_is_ready_when_each_process_is_and_reasons_name_the_process(worker):
    assert worker.probes.ready() == Answer(True, {"status": "ready", "reasons": [], "waits_for": {}})
    worker.two.obstacles = [STATE]
    answer = worker.probes.ready()
    assert reasons(answer) == ["process 2: partition 3 waits for its state (since 2026-11-27T05:30:00Z)"]
    assert answer.body["status"] == "not_ready"
    waits_for = {"process 2: partition 3": {"for": "its state", "since": "2026-11-27T05:30:00Z"}}
    assert json.loads(json.dumps(answer.body["waits_for"])) == waits_for


def test_a_process_whose_loop_is_blocked_is_a_reason_not_to_live(worker):
    assert worker.probes.live().ok
    worker.one.blocked = [LOOP]
    assert reasons(worker.probes.live()) == ["process 1: the event loop has not run since 2026-11-27T05:30:00Z"]


def test_a_process_that_is_started_again_makes_it_not_ready_and_is_no_reason_to_end_the_others(worker):
    worker.missing["2"] = Standing("2", NOW, ended="SIGKILL")
    words = "process 2 ended (SIGKILL) at 2026-11-27T05:30:00Z and is started again soon"
    assert reasons(worker.probes.ready()) == [words]
    assert worker.probes.live().ok
    worker.missing["2"] = Standing("2", NOW, pid=7, ended="SIGKILL")
    assert reasons(worker.probes.ready()) == ["process 2 starts (since 2026-11-27T05:30:00Z)"]
    assert worker.probes.live().ok


def test_a_process_that_does_not_answer_is_a_reason_for_each_probe_within_its_time(worker, monkeypatch):
    monkeypatch.setattr("streams.worker.processes.probes.PROBE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        worker.missing["1"] = Standing("1", NOW, 7, silent.getsockname()[1])
        for probe in (worker.probes.live, worker.probes.ready, worker.probes.started):
            assert reasons(probe()) == ["process 1 does not answer"]


def test_it_has_started_once_every_process_has_and_stays_so(worker):
    worker.two.obstacles = [STATE]
    assert reasons(worker.probes.started())
    worker.two.obstacles = []
    assert worker.probes.started() == Answer(True, {"status": "started", "reasons": [], "waits_for": {}})
    worker.missing["2"] = Standing("2", NOW, ended="SIGKILL")
    assert worker.probes.started().ok and not worker.probes.ready().ok


def test_the_status_has_the_partitions_of_all_and_whose_each_is(worker):
    worker.one.page = {"generation": 4, "partitions": {"0": {"ready": True}, "10": {"ready": False}}}
    worker.two.page = {"generation": 5, "partitions": {"2": {"ready": True}, "10": {"ready": True}}}
    page = worker.probes.status()
    assert page["partitions"] == {
        "0": {"ready": True, "process": "1"},
        "2": {"ready": True, "process": "2"},
        "10": {"ready": True, "process": "2"},
    }
    assert list(page["partitions"]) == ["0", "2", "10"]
    assert [one["generation"] for one in page["processes"].values()] == [4, 5]
    assert [one["pid"] for one in page["processes"].values()] == [101, 102]


def test_the_status_shows_a_process_that_is_not_there(worker):
    worker.missing["2"] = Standing("2", NOW, ended="exit code 70")
    found = worker.probes.status()["processes"]["2"]
    assert found == {"pid": None, "port": None, "since": NOW, "last_end": "exit code 70", "answers": False}
