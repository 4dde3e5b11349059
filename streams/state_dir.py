"""The folder of a worker's state: one worker has it at a time.

Source: docs/decisions/0015-state-on-disk.md.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import OperatorError

LOCK = "lock"


@contextmanager
def held(folder: Path | None) -> Iterator[None]:
    """Have the folder, and make it if it is not there; None is none. However the process ends, it is let go of.

    Raises OperatorError when another worker has it, and when nothing can be written there.
    """
    if folder is None:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("wb")
    except OSError as error:
        raise OperatorError(
            f"state_dir (RINGBACK_STATE_DIR): nothing can be written to {folder} ({error.strerror}). Name a folder "
            "that the worker may write to, or set RINGBACK_STORE=memory"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OperatorError(
                f"state_dir (RINGBACK_STATE_DIR): another worker has its state in {folder}. Give each worker a folder "
                "of its own"
            ) from None
        yield
