"""A supervisor with processes that are no workers, each as short a program as shows what is claimed."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.base.settings import make
from streams.worker.processes import supervisor as module
from streams.worker.processes.process import Process
from streams.worker.processes.supervisor import Supervisor
from tests.waiting import until

ROOT = Path(__file__).parents[2]
HEAD = """
import os, pathlib, signal, socket, sys, time
folder, descriptor, name = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
line = socket.socket(fileno=descriptor)
settings = line.makefile("rb").readline()
(folder / f"settings-{name}").write_bytes(settings)
with (folder / f"starts-{name}").open("a") as starts:
    starts.write(f"{os.getpid()}\\n")
def listen():
    line.sendall(b"4711\\n")
    time.sleep(600)
"""
WORKS = HEAD + "listen()"
STUBBORN = HEAD + "signal.signal(signal.SIGTERM, signal.SIG_IGN); listen()"


class Rig:
    """Makes the processes of a supervisor; what they do is written down in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *programs: str) -> Supervisor:
        made = []
        for number, program in enumerate(programs, 1):
            file = self.folder / f"{number}.py"
            file.write_text(program)
            made.append(Process(str(number), make(), (str(file), str(self.folder))))
        return Supervisor(made)

    def starts(self, name: str) -> list[int]:
        file = self.folder / f"starts-{name}"
        return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def listen(supervisor: Supervisor) -> Callable[[], bool]:
    return lambda: all(one.port is not None for one in supervisor.standings())


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def stopped(running: "asyncio.Task[int]") -> int:
    os.kill(os.getpid(), signal.SIGTERM)
    return await running


async def test_asked_to_stop_it_ends_with_0_when_all_have_ended(rig):
    supervisor = rig(WORKS, WORKS)
    running = asyncio.create_task(supervisor.run())
    await until(listen(supervisor))
    pids = [one.pid for one in supervisor.standings()]
    assert await stopped(running) == 0
    assert all(map(gone, pids)) and [rig.starts(name) for name in "12"] == [[pid] for pid in pids]


async def test_each_gets_its_settings(rig):
    supervisor = rig(WORKS)
    running = asyncio.create_task(supervisor.run())
    await until(listen(supervisor))
    await stopped(running)
    assert json.loads((rig.folder / "settings-1").read_bytes())["broker"] == make().broker


@pytest.mark.parametrize("code", [0, 1, 70])
async def test_one_that_ends_is_started_again_while_another_works(rig, code, caplog):
    fails_twice = f"""{HEAD}
while not (folder / "go").exists(): time.sleep(0.01)
listen() if (folder / "starts-2").read_text().count("\\n") > 2 else sys.exit({code})
"""
    supervisor = rig(WORKS, fails_twice)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.standings()[0].port is not None)
    (rig.folder / "go").touch()
    await until(listen(supervisor))
    assert len(rig.starts("2")) == 3 and len(rig.starts("1")) == 1
    ended = [one for one in caplog.records if getattr(one, "fields", {}).get("event") == "process_ended"]
    assert [one.fields["ended"] for one in ended] == [f"exit code {code}"] * 2
    assert [one.fields["seconds"] for one in ended] == [0.2, 0.4]
    assert await stopped(running) == 0


async def test_one_that_is_killed_is_started_again(rig):
    supervisor = rig(WORKS, WORKS)
    running = asyncio.create_task(supervisor.run())
    await until(listen(supervisor))
    os.kill(supervisor.standings()[1].pid, signal.SIGKILL)
    await until(lambda: supervisor.standings()[1].ended == "SIGKILL")
    assert supervisor.standings()[1].port is None
    await until(lambda: len(rig.starts("2")) == 2 and listen(supervisor)())
    assert await stopped(running) == 0


@pytest.mark.parametrize("code", [1, 2, 70])
async def test_when_none_works_it_ends_as_the_last_one_did_and_stops_those_that_start(rig, code):
    supervisor = rig(HEAD + "time.sleep(600)", HEAD + f"sys.exit({code})")
    assert await supervisor.run() == code
    assert len(rig.starts("2")) == 1
    assert all(gone(pid) for pid in rig.starts("1"))


async def test_one_that_does_not_stop_in_time_is_killed(rig, monkeypatch):
    monkeypatch.setattr(module, "KILL_S", 0.5)
    supervisor = rig(STUBBORN, WORKS)
    running = asyncio.create_task(supervisor.run())
    await until(listen(supervisor))
    assert await stopped(running) == 0
    assert supervisor.standings()[0].ended == "SIGKILL" and supervisor.standings()[1].ended == "SIGTERM"


async def test_to_leave_for_good_is_passed_on_also_to_one_that_has_just_started(rig):
    notes = HEAD + "signal.signal(signal.SIGUSR1, lambda *_: (folder / f'left-{name}').touch())\n"
    supervisor = rig(notes + "listen()", notes + "while not (folder / 'go').exists(): time.sleep(0.01)\nlisten()")
    running = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.standings()[0].port is not None)
    os.kill(os.getpid(), signal.SIGUSR1)
    await until(lambda: (rig.folder / "left-1").exists())
    assert not (rig.folder / "left-2").exists()
    (rig.folder / "go").touch()
    await until(lambda: (rig.folder / "left-2").exists())
    assert await stopped(running) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs locks on pipes, which Linux has")
def test_lines_of_several_processes_on_one_pipe_are_whole_however_long_they_are():
    """Of 40 KB each, ten times what a pipe takes in one piece."""
    program = """
import logging, sys
from streams.base import log
log.configure("info", "json", sys.argv[1])
for number in range(100):
    logging.getLogger("streams.x").info("%s", sys.argv[1] * 40_000)
"""
    reading, writing = os.pipe()
    try:
        running = [
            subprocess.Popen([sys.executable, "-c", program, str(n)], cwd=ROOT, stderr=writing) for n in range(3)
        ]
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as lines:
        found = [json.loads(line) for line in lines]
    assert [one.wait() for one in running] == [0, 0, 0]
    assert len(found) == 300
    assert all(set(line["message"]) == {line["process"]} for line in found)


def test_a_line_on_a_terminal_says_which_process_it_is_of(capfd):
    from streams.base import log

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log.configure("info", "console", "2")
        logging.getLogger("streams.x").info("caught up")
    finally:
        root.handlers[:], root.level = before, level
    assert capfd.readouterr().err.endswith("INFO    [2] caught up\n")
