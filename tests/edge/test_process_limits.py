"""A limit of the machine that is too low is one line at the start, not a crash later."""

import subprocess
import sys
from pathlib import Path

import pytest

from streams.dev.local import LocalWorker
from tests.complaints import complaint

ENDED_S = 120

PROGRAM = """
import os, resource, sys
from streams.base import log
from streams.base.errors import OperatorError
from streams.worker import process_limits
if os.getuid() == 0:  # For whom the limit of threads does not hold.
    os.setgid(54322)
    os.setuid(54322)
log.configure("info", "console")
resource.setrlimit(resource.{limit}, ({value}, {hard}))
try:
    process_limits.prepare()
    process_limits.log_shortage(12)
except OperatorError as error:
    sys.exit(str(error))
print(resource.getrlimit(resource.{limit})[0])
"""


def prepared(limit: str, value: int, hard: int | str | None = None) -> subprocess.CompletedProcess[str]:
    """What comes of a process with this limit."""
    program = PROGRAM.format(limit=limit, value=value, hard=value if hard is None else hard)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=ENDED_S, check=False)


@pytest.mark.parametrize("files", [12, 16, 24, 32, 63])
def test_descriptors_that_cannot_do_end_a_worker_with_one_line(tmp_path: Path, files: int) -> None:
    program = f"""
import resource, sys
from streams.cli.group import run
resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))
sys.exit(run(["worker"]))
"""
    with LocalWorker(tmp_path / "worker.log", command=("-c", program), broker="127.0.0.1:1") as worker:
        assert worker.wait_ended(ENDED_S) == 1
    said = complaint(worker.last_words(1), of_worker=True)
    assert said.startswith(f"this process may open {files} files (ulimit -n), and a worker needs ")


@pytest.mark.parametrize(("files", "warned"), [(64, True), (287, True), (288, False), (1024, False)])
def test_descriptors_that_do_not_do_for_all_partitions_are_one_line(files: int, warned: bool) -> None:
    done = prepared("RLIMIT_NOFILE", files)
    assert (done.returncode, done.stdout) == (0, f"{files}\n")
    lines = done.stderr.splitlines()
    assert len(lines) == warned
    if warned:
        assert (
            f"may open {files} files (ulimit -n), and a worker that holds all 12 partitions needs about 288" in lines[0]
        )


def test_a_soft_limit_of_descriptors_is_raised_as_far_as_it_may_be() -> None:
    assert prepared("RLIMIT_NOFILE", 64, 900).stdout == "900\n"


@pytest.mark.parametrize("megabytes", [256, 512, 768, 1023])
def test_address_space_that_cannot_do_is_one_line(megabytes: int) -> None:
    done = prepared("RLIMIT_AS", megabytes * 1024**2)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"this process may have {megabytes} MB of address space (ulimit -v), and a worker needs 1024"
    )


@pytest.mark.parametrize("processes", [1, 10])
def test_threads_that_cannot_be_started_are_one_line(processes: int) -> None:
    done = prepared("RLIMIT_NPROC", processes)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "threads could be started, and a worker needs" in line and "ulimit -u" in line and "--pids-limit" in line


def test_usual_limits_are_no_line() -> None:
    done = prepared("RLIMIT_CORE", 0)
    assert (done.returncode, done.stderr) == (0, "")
