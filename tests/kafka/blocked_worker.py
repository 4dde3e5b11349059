"""A worker whose loop can be blocked: at SIGUSR2 it stands still for as long as the file of its argument is there.

A call that never returns, or work that never ends: no timer fires, and nothing that the loop has to do is done.
"""

import asyncio
import signal
import sys
import time
from functools import partial
from pathlib import Path

from streams.base.settings import load
from streams.worker import main
from streams.worker.signals import StopRequests


class Blockable(StopRequests):
    """As the worker's own, but for one signal more."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, stand_still, file)


def stand_still(file: Path) -> None:
    """Keep the thread of the loop until the file is gone."""
    while file.exists():
        time.sleep(0.05)


if __name__ == "__main__":
    main.StopRequests = partial(Blockable, Path(sys.argv[1]))  # type: ignore[attr-defined,assignment]
    sys.exit(main.run(load()))
