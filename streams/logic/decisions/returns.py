"""What a dialer did not dial: its command comes back, and the callback ends or is due again.

Source: docs/rules.md, section 9.
"""

from streams.logic.decisions.step import Step
from topics.events import CallbackReturned


def take_back(step: Step, event: CallbackReturned) -> None:
    """A dialer gives a command back."""
    raise NotImplementedError
