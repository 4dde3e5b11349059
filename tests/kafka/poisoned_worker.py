"""A worker with a bug of ours: the event of callback `poison-event` and the timer of `poison-timer` make it raise."""

import sys
from functools import partial
from typing import Any

from streams.base.settings import load
from streams.engine import new_engines
from streams.logic.contact.inputs import TimerFired
from streams.logic.decisions.decide import decide
from streams.logic.partition.partition import Partition
from streams.worker.main import run


class Bug(Exception):
    """Its message quotes the event, as messages of exceptions do."""


def poisoned(contact: Any, told: Any, *arguments: Any, **more: Any) -> Any:
    """As `decide`, but for the marked event and the marked timer."""
    poison = "poison-timer" if isinstance(told, TimerFired) else "poison-event"
    if getattr(told, "callback_id", None) == poison:
        raise Bug(f"{told} of {contact}")
    return decide(contact, told, *arguments, **more)


if __name__ == "__main__":
    new_engines.Partition = partial(Partition, decide=poisoned)  # type: ignore[attr-defined,assignment]
    sys.exit(run(load()))
