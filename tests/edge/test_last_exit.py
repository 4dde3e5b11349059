"""How the last run of a worker ended is known at the next start, whatever ended it."""

import logging
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.base import metrics
from streams.base.errors import OperatorError, SettingsError
from streams.storage import last_run
from streams.storage.last_run import BYTES_MAX, RUNNING, Run
from streams.storage.state_dir import LAST_RUN, held
from streams.worker import ending
from streams.worker.ending import Ending, note, recorded

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_other_run() -> None:
    metrics.engine.LAST_EXIT.clear()


def told() -> list[str]:
    """The reasons in the metric."""
    (family,) = metrics.engine.LAST_EXIT.collect()
    assert all(sample.value == 1 for sample in family.samples)
    return [sample.labels["reason"] for sample in family.samples]


def ended_with(folder: Path) -> str:
    run = last_run.read(folder)
    assert run is not None and run.began_at == NOON
    return run.ended


def test_while_a_run_goes_on_the_folder_says_so_and_a_run_that_ends_by_itself_has_stopped(tmp_path: Path) -> None:
    with recorded(tmp_path, NOON):
        assert ended_with(tmp_path) == RUNNING
        assert told() == [Ending.NONE]
    assert ended_with(tmp_path) == Ending.STOPPED


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperatorError("no broker"), Ending.REFUSED),
        (SettingsError("transaction_timeout_s"), Ending.SETTINGS),
        (RuntimeError("a bug"), Ending.BROKEN),
        (KeyboardInterrupt(), Ending.STOPPED),
        (ExceptionGroup("watches", [RuntimeError("a bug")]), Ending.BROKEN),
    ],
)
def test_what_ends_a_run_is_noted(tmp_path: Path, error: BaseException, expected: Ending) -> None:
    with pytest.raises(type(error)), recorded(tmp_path, NOON):
        raise error
    assert ended_with(tmp_path) == expected


def test_what_was_noted_first_holds(tmp_path: Path) -> None:
    """The thread that ends a process in eight seconds, and the loop that has just finished."""
    with recorded(tmp_path, NOON):
        note(Ending.STOPPED_LATE)
    assert ended_with(tmp_path) == Ending.STOPPED_LATE
    note(Ending.BROKEN)
    assert ended_with(tmp_path) == Ending.STOPPED_LATE


@pytest.mark.parametrize(
    ("before", "reason", "is_said"),
    [
        (Ending.STOPPED, Ending.STOPPED, False),
        (RUNNING, Ending.KILLED, True),
        (Ending.STOPPED_LATE, Ending.STOPPED_LATE, True),
        (Ending.REFUSED, Ending.REFUSED, True),
        (Ending.BROKEN, Ending.BROKEN, True),
        (Ending.SETTINGS, Ending.SETTINGS, True),
    ],
)
def test_the_next_start_tells_how_it_ended_and_says_so_unless_it_was_stopped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, before: str, reason: Ending, is_said: bool
) -> None:
    last_run.write(tmp_path, Run(before, NOON))
    with recorded(tmp_path, NOON):
        assert told() == [reason]
    lines = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(lines) == is_said
    assert all(f"began at 2026-11-23T12:00:00Z, was not stopped in good order: {reason}" in line for line in lines)


def test_with_the_state_in_memory_nothing_is_known_and_nothing_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    with recorded(None, NOON):
        assert told() == [Ending.UNKNOWN]
    assert caplog.text == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 40, b"{", b'{"ended":"running"}', b'{"ended":"eaten","began_at":"2026-11-23T12:00:00Z"}', b"[1]",
     b'{"ended":"stopped","began_at":"2026-11-23T12:00:00Z"' + b" " * BYTES_MAX + b"}"],
    ids=["empty", "zeros", "half", "no time", "no such end", "another kind", "too long"],
)  # fmt: skip
def test_a_file_that_says_nothing_keeps_no_worker_from_its_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / LAST_RUN).write_bytes(content)
    with recorded(tmp_path, NOON):
        assert told() == [Ending.UNKNOWN]
        assert ended_with(tmp_path) == RUNNING
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("kind", ["folder", "link", "fifo"])
def test_something_else_by_that_name_is_neither_followed_nor_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    path, elsewhere = tmp_path / LAST_RUN, tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    match kind:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(elsewhere)
        case "fifo":
            os.mkfifo(path)
    with recorded(tmp_path, NOON):
        assert told() == [Ending.UNKNOWN]
    assert "cannot be read" in caplog.text and elsewhere.read_text() == "precious"


def test_a_folder_that_takes_nothing_ends_no_worker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gone = tmp_path / "gone"
    with recorded(gone, NOON):
        assert told() == [Ending.NONE]
    assert caplog.text.count("cannot note in") == 2


def test_the_file_is_for_its_user_alone_and_is_one_of_ours(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = os.umask(0)
    try:
        for _ in range(2):
            with held(tmp_path), recorded(tmp_path, NOON):
                assert stat.S_IMODE((tmp_path / LAST_RUN).stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert sorted(os.listdir(tmp_path)) == [LAST_RUN, "lock"]
    assert "other things" not in caplog.text


def test_a_process_that_is_ended_by_force_notes_why(tmp_path: Path) -> None:
    """Whatever else is running in it: also from another thread, as at the end of the time to stop."""
    script = (
        "import sys, threading, pathlib, datetime\n"
        "from streams.worker import ending, signals\n"
        "with ending.recorded(pathlib.Path(sys.argv[1]), datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)):\n"
        "    threading.Thread(target=signals._end).start()\n"
        "    threading.Event().wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert (done.returncode, ended_with(tmp_path)) == (0, Ending.STOPPED_LATE)


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        ("RuntimeError('a bug')", 70, Ending.BROKEN),
        ("OperatorError('topics are missing')", 1, Ending.REFUSED),
        ("SettingsError('too long')", 2, Ending.SETTINGS),
    ],
)
def test_an_engine_that_must_not_go_on_notes_why(tmp_path: Path, error: str, code: int, expected: Ending) -> None:
    script = (
        "import sys, pathlib, datetime\n"
        "from streams.base.errors import OperatorError, SettingsError\n"
        "from streams.worker import ending, main\n"
        "with ending.recorded(pathlib.Path(sys.argv[1]), datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)):\n"
        f"    main.end_process('partition 0', {error})\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert (done.returncode, ended_with(tmp_path)) == (code, expected)


def test_the_reasons_are_few_and_known() -> None:
    names = {"none", "unknown", "stopped", "stopped_late", "killed", "refused", "broken", "settings"}
    assert {*ending.Ending} == names
