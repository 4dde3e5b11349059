"""What the machine lets this process have: open files, threads, address space. One line says so, instead of a crash.

The storage engine ends a process without a word when it gets no thread or no memory, and without descriptors a worker
ends in the middle of an acquisition. Source: docs/decisions/0034-what-a-worker-asks-of-its-machine.md.
"""

import logging
import os
import resource
import threading

from streams.base.errors import OperatorError

log = logging.getLogger(__name__)

FILES_MIN = 64
"""Descriptors below which not even the first partitions can be held."""
FILES_ENOUGH = 65_536
"""As many as are asked for where the machine allows it: a soft limit is there for programs that cannot do with more."""
FILES_OF_WORKER = 96
"""Its connections, and those of the readers of its page."""
FILES_OF_PARTITION = 16
"""A store and a producer; 9 with one broker and a new store, more with three brokers, and with an old one."""
THREADS = 24
ADDRESS_SPACE = 1024 * 1024 * 1024
"""Bytes of it that a worker needs with a new state; no more than a tenth of them is memory."""


def prepare() -> None:
    """Raise the limit of open files as far as it may be. Raises OperatorError when a limit is too low to work."""
    files = _raised_files()
    if files < FILES_MIN:
        raise OperatorError(
            f"this process may open {files} files (ulimit -n), and a worker needs {FILES_MIN} and more, about "
            f"{FILES_OF_PARTITION} for each partition. Raise the limit (systemd: LimitNOFILE)"
        )
    space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if resource.RLIM_INFINITY != space < ADDRESS_SPACE:
        raise OperatorError(
            f"this process may have {space // 1024**2} MB of address space (ulimit -v), and a worker needs "
            f"{ADDRESS_SPACE // 1024**2} MB, most of which is never memory. Limit memory by a cgroup instead"
        )
    # Numpy would start a thread for each core, for linear algebra that nobody does here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _assert_threads()


def log_shortage(partitions: int) -> None:
    """Say in one line if this worker could not hold all partitions, should it come to that."""
    files, needed = resource.getrlimit(resource.RLIMIT_NOFILE)[0], FILES_OF_WORKER + FILES_OF_PARTITION * partitions
    if resource.RLIM_INFINITY != files < needed:
        log.warning(
            "this process may open %d files (ulimit -n), and a worker that holds all %d partitions needs about %d: "
            "raise the limit (systemd: LimitNOFILE)",
            files, partitions, needed,
        )  # fmt: skip


def _raised_files() -> float:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_ENOUGH if hard == resource.RLIM_INFINITY else min(FILES_ENOUGH, hard)
    if soft == resource.RLIM_INFINITY:
        return float("inf")
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # Some systems allow less than they say.
            return soft
    return max(soft, wanted)


def _assert_threads() -> None:
    enough = threading.Event()
    started = []
    try:
        for _ in range(THREADS):
            thread = threading.Thread(target=enough.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:
        raise OperatorError(
            f"no more than {len(started)} threads could be started, and a worker needs {THREADS}. Raise the limit of "
            "this user's processes (ulimit -u) or of the container's (pids.max, --pids-limit)"
        ) from None
    finally:
        enough.set()
        for thread in started:
            thread.join()
