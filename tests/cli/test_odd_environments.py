"""The commands where the caller's locale, streams and signals are not what they mostly are."""

import json
import os
import subprocess
import sys

import pytest

NAME = "Zoë Brontë 李雷 \U0001f4de"
LINES = "".join(
    json.dumps({"topic": topic, "at": "2026-11-23T15:00:00Z", "value": value}, ensure_ascii=False) + "\n"
    for topic, value in (
        ("contacts", {"contact_list_id": "L", "contact_id": NAME, "callable": True, "attributes": {"name": NAME}}),
        (
            "callback-scheduled",
            {
                "type": "scheduled", "event_id": "s1", "occurred_at": "2026-11-23T15:00:00Z", "callback_id": NAME,
                "source": "widget", "campaign_id": "P", "contact_list_id": "L", "contact_id": NAME,
                "phone_number": "+12125550101", "due_at": "2026-11-23T15:30:00Z", "notes": NAME,
            },
        ),
    )
).encode()  # fmt: skip
SIMULATE = ("simulate", "--until", "2026-11-23T15:30:00Z")
COMMAND = (sys.executable, "-m", "streams")


def run(arguments, environment=None, stdin=LINES, shell=""):
    """One command with this environment alone besides PATH; `shell` is put behind it, for what a shell can close."""
    given = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | (environment or {})
    command = [*COMMAND, *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(command, input=stdin, env=given, capture_output=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def usual():
    """What the simulator writes in the usual locale."""
    result = run(SIMULATE, {"LANG": "C.UTF-8"})
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert NAME in result.stdout.decode() and b"\r" not in result.stdout
    return result.stdout


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii:ignore"},
        {"PYTHONIOENCODING": "cp1252:replace"},
        {"PYTHONIOENCODING": "utf-16"},
        {"PYTHONIOENCODING": "utf-8-sig"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LANG": "no_SUCH.locale", "TZ": "Asia/Kolkata"},
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
        {"PYTHONOPTIMIZE": "2", "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "2"},
    ],
    ids=lambda environment: " ".join(f"{name}={value}" for name, value in environment.items()) or "none",
)
def test_the_bytes_of_the_simulator_are_the_same_in_every_locale(environment, usual):
    result = run(SIMULATE, environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == usual


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-16"])
def test_a_complaint_is_one_line_of_utf_8_in_every_locale(encoding):
    result = run(("simulate", f"/nowhere/{NAME}"), {"PYTHONIOENCODING": encoding, "LANG": "C.UTF-8"})
    assert result.returncode == 2
    assert result.stderr.decode() == f"ringback: /nowhere/{NAME}: No such file or directory\n"


def test_a_file_name_that_is_no_text_is_told_all_the_same():
    result = run(("simulate", b"/nowhere/\xff"), {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})
    assert result.returncode == 2
    assert result.stderr.startswith(b"ringback: /nowhere/") and result.stderr.count(b"\n") == 1


def test_standard_error_that_is_closed_costs_nothing_but_what_would_stand_there(usual):
    result = run(SIMULATE, shell="2>&-")
    assert (result.returncode, result.stdout) == (0, usual)
    assert run(("simulate", "/no/such/file"), shell="2>&-").returncode == 2
    assert run(("worker", "--broker", "127.0.0.1:1"), {"RINGBACK_STORE": "memory"}, shell="2>&-").returncode == 1


@pytest.mark.parametrize("shell", [">&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_any_standard_stream_may_be_closed(shell, usual, tmp_path):
    (tmp_path / "lines").write_bytes(LINES)
    result = run((*SIMULATE, str(tmp_path / "lines")), shell=shell)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == (b"" if ">&-" in shell.replace("2>&-", "") else usual)
    assert run(("--help",), shell=shell).returncode == 0


def test_what_is_opened_never_gets_the_number_of_a_closed_stream(tmp_path):
    """Or a library that complains on standard error would write into a file of the state."""
    program = f"""
from streams.worker.standard_streams import make_usable
make_usable()
opened = open({str(tmp_path / "file")!r}, "w")
import os
os.write(2, b"a library complains")
os.write(1, b"and another one")
opened.close()
"""
    subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", program], timeout=120, check=True)
    assert (tmp_path / "file").read_bytes() == b""
