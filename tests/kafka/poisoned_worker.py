"""A worker with a bug of ours: the event of callback `poison-event` and the timer of `poison-timer` make it raise."""

import sys
from typing import Any

from streams.engine import partition
from streams.logic.decide import decide
from streams.logic.inputs import TimerFired
from streams.settings import load
from streams.worker import run


class Bug(Exception):
    """Its message quotes the event, as messages of exceptions do."""


def poisoned(contact: Any, told: Any, *arguments: Any) -> Any:
    """As `decide`, but for the marked event and the marked timer."""
    poison = "poison-timer" if isinstance(told, TimerFired) else "poison-event"
    if getattr(told, "callback_id", None) == poison:
        raise Bug(f"{told} of {contact}")
    return decide(contact, told, *arguments)


if __name__ == "__main__":
    partition.decide = poisoned  # type: ignore[attr-defined,assignment]
    sys.exit(run(load()))
