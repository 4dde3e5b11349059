"""The program as it was released last, unpacked from the history of this repository: what is upgraded from."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("streams", "topics")


class NoHistory(Exception):
    """Why the former version cannot be had here."""


def released() -> str:
    """The version that was released before this tree: that below the changelog's first heading."""
    found: list[str] = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    return found[1]


def worker_of(version: str, folder: Path) -> tuple[str, ...]:
    """The command of a worker of that version, for `LocalWorker`; its packages are unpacked into `folder`.

    It runs with the packages of this environment. Raises NoHistory.
    """
    commits = _commits(version)
    if not commits:
        raise NoHistory(f"the history of this clone does not have the commit of version {version}")
    archive = folder / "former.tar"
    _git("archive", "--output", str(archive), commits[-1], *PACKAGES)
    subprocess.run(["tar", "--extract", "--file", str(archive), "--directory", str(folder)], check=True)
    archive.unlink()
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); from streams.__main__ import main; main()"
    return ("-c", program, "worker")


def place_of(command: tuple[str, ...]) -> str:
    """From which file a worker's command loads the program."""
    program = command[1].replace("from streams.__main__ import main; main()", "import streams; print(streams.__file__)")
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def _commits(version: str) -> list[str]:
    """Those that put the heading of a version into the changelog or took it away; the first one is the last here."""
    return _git("log", "--format=%H", f"-S## [{version}]", "--", "CHANGELOG.md").split()


def _git(*command: str) -> str:
    try:
        return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoHistory(f"git does not answer: {error}") from None
