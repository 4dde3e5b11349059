"""A worker on a machine that gives it next to nothing, as a hardened container does: `bare_worker.py FOLDER`.

No home, no name for the user, not root, and a file system on which nothing can be written but FOLDER (with "-" nothing
at all, no temporary files either).
"""

import asyncio
import concurrent
import email
import encodings
import importlib
import os
import pkgutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy  # noqa: F401  (as those below)

import streams
from streams.cli.group import run

USER = 54321
IMPORTED_LATER = (asyncio, concurrent, email, encodings, importlib, streams)
"""Where the Python of this machine is in the home of root, the other user could not read them."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}


def only(folder: str) -> None:
    """Have everything that would change a file elsewhere fail, and say so: it would on a read-only file system."""

    def hook(event: str, details: tuple[object, ...]) -> None:
        if event not in CHANGES and not (event == "open" and isinstance(details[2], int) and details[2] & WRITES):
            return
        place = details[0]
        if isinstance(place, int) or str(place) == os.devnull:
            return
        path = os.path.realpath(os.fsdecode(place))  # type: ignore[arg-type]
        if folder == "-" or not Path(path).is_relative_to(folder):
            print(f"READ-ONLY: {event} {path}", file=sys.stderr, flush=True)
            raise OSError(30, "Read-only file system", path)

    sys.addaudithook(hook)


def main() -> int:
    """Give everything up, then run the worker."""
    for package in IMPORTED_LATER:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", "windows_events", "windows_utils")):
                with suppress(ImportError):
                    importlib.import_module(module.name)
    folder = sys.argv[1]
    if folder != "-":
        os.makedirs(folder, exist_ok=True)
    if os.getuid() == 0:
        if folder != "-":
            os.chown(folder, USER, USER)
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
    for name in ("HOME", "TMPDIR", "USER", "LOGNAME", "XDG_CACHE_HOME"):
        os.environ.pop(name, None)
    os.chdir("/")
    tempfile._candidate_tempdir_list = list  # type: ignore[attr-defined]  # There is none that could be tried.
    sys.dont_write_bytecode = True  # Python would try, beside its modules, and do without in silence.
    only(os.path.realpath(folder) if folder != "-" else folder)
    return run(["worker"])


if __name__ == "__main__":
    sys.exit(main())
