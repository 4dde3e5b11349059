"""A poisoned worker whose event loop also stands still, from SIGUSR2 on, for as long as a file exists.

breakable_worker.py FOLDER: the file is `blocked` in it.
"""

import signal
import sys
import time
from functools import partial
from pathlib import Path

from streams.base.settings import load
from streams.engine import new_engines
from streams.logic.partition.partition import Partition
from streams.worker.main import run
from tests.kafka.poisoned_worker import poisoned

LOOK_EVERY_S = 0.05
BLOCKED = "blocked"


def stand_still(path: Path) -> None:
    """A handler of Python runs in the main thread, which is that of the event loop."""
    while path.exists():
        time.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, lambda *_: stand_still(Path(sys.argv[1]) / BLOCKED))
    new_engines.Partition = partial(Partition, decide=poisoned)  # type: ignore[attr-defined,assignment]
    sys.exit(run(load()))
