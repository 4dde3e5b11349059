"""The ids of the records of a step: the same if it is taken once more after a crash, and of no other record.

Source: docs/contract.md, section "CloudEvents"; docs/decisions/0066-cloud-events.md.
"""

from collections.abc import Iterable, Sequence

from streams.logic.contact.effects import Effect
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.ids import callback_step_id, event_step_id, transition_id
from streams.logic.contact.state import Contact
from topics.facts import DialingFacts, PresentedFacts
from topics.records import CallbackLifecycle

_NUMBERS = tuple(b"-%d" % number for number in range(64))


def numbered(step: bytes, number: int) -> bytes:
    """The id of one of the records of an event."""
    return step + b"-%d" % number


def event_ids(arrived: Arrived, effects: Sequence[Effect]) -> Iterable[bytes]:
    """Of what an event led to: its place, and a number for each effect."""
    count = len(effects)
    numbers = _NUMBERS if count <= len(_NUMBERS) else [b"-%d" % number for number in range(count)]
    return map(event_step_id(arrived).__add__, numbers)


def erasure_ids(arrived: Arrived, effects: Sequence[Effect]) -> Iterable[bytes]:
    """Of an erasure: of each callback its own, as others may have come to the contact when it is applied once more."""
    step = event_step_id(arrived)
    for effect in effects:
        yield callback_step_id(step, getattr(effect, "callback_id", None) or "")


def time_ids(key: bytes, before: Contact | None, effects: Sequence[Effect]) -> Iterable[bytes]:
    """Of what a partition found out by itself. What is no transition has the id of the one before it, and a number.

    It is decided at another moment after a crash, maybe together with other things, so neither counts. Nothing comes
    without a transition today; if something did, it would be told by its content.
    """
    latest = b""
    for number, effect in enumerate(effects):
        match effect:
            case CallbackLifecycle(facts=PresentedFacts() | DialingFacts() as facts):
                latest = facts.command_id.encode() + b"-t"
                yield latest
            case CallbackLifecycle(callback_id=callback_id, transition=transition):
                callbacks = () if before is None else before.callbacks
                known = next((one for one in callbacks if one.callback_id == callback_id), None)
                latest = transition_id(key, transition, known)
                yield latest
            case _:
                yield numbered(latest or transition_id(key, repr(effect), None), number)
