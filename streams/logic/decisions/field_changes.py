"""Changes of a callback that are not about its time: number, agent, owner, queue and notes.

Source: docs/rules.md, section 9.
"""

from streams.logic.decisions.step import Step
from topics.events import CallbackChanged


def change(step: Step, event: CallbackChanged) -> None:
    """Somebody changed a callback."""
    raise NotImplementedError
