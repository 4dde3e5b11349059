"""A contact is erased: whatever is outstanding is cancelled, and nothing is left but that it was erased, and when.

Source: docs/rules.md, rule 9.10; docs/decisions/0072-erasure.md.
"""

from streams.logic.contact.effects import Effect, Erased
from streams.logic.contact.erasures import Erasure, erasure_of
from streams.logic.decisions.step import Step
from topics.callback_events import ContactErased
from topics.facts import CancelledFacts
from topics.records import Reason, Transition


def erase(step: Step, event: ContactErased, known: Erasure | None) -> tuple[None, tuple[Effect, ...]]:
    """End every outstanding callback and forget the contact.

    step: of the contact, a new one if there is none. known: of an erasure before, if it is remembered. That the view
    has nothing is written even if it had nothing: a reader of whatever stood there must not be left with it.
    """
    for callback in tuple(step.outstanding.values()):
        # Who asked for it, and why, is with the event alone: this record is kept for longer.
        step.move(callback, Transition.CANCELLED, reasons=(Reason.ERASED,), facts=CancelledFacts())
    return None, (*step.effects, Erased(erasure_of(event, known, step.now)))
