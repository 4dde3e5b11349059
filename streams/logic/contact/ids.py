"""Ids that are derived, so that the same facts lead to the same id on every worker and in every replay.

Source: docs/rules.md, section 8 row 5.
"""

import hashlib

import msgspec

from streams.logic.contact.callback import Callback
from streams.logic.contact.exchange import Arrived

_encoder = msgspec.json.Encoder()


def rule_callback_id(contact_list_id: str, contact_id: str, event_id: str) -> str:
    """The id of the callback that a wrap-up rule schedules; event_id is the wrap-up's."""
    return "r-" + _digest([contact_list_id, contact_id, event_id])


def command_id(contact_list_id: str, contact_id: str, callback_id: str, presentation: int) -> str:
    """The id of the command for one presentation, counted from 1, of one callback."""
    return _digest([contact_list_id, contact_id, callback_id, presentation])


def event_step_id(arrived: Arrived) -> bytes:
    """What the ids of all records begin with that an event leads to: its place, and its timestamp.

    With that, since the log of a topic may be another one some day. Source: docs/decisions/0066-cloud-events.md.
    """
    return f"{arrived.topic}-{arrived.partition}-{arrived.offset}-{arrived.timestamp_ms}".encode()


def callback_step_id(step: bytes, callback_id: str) -> bytes:
    """The id of the record of an event about one of its callbacks, whichever others there are. step: of the event."""
    return step + b"-" + _digest([callback_id]).encode()


def transition_id(key: bytes, transition: str, callback: Callback | None) -> bytes:
    """The id of a transition that no event led to. callback: as it was before, None if there was none.

    The same whenever the partition finds it out: no instant of its clock is in it, nor what hangs on one. A callback
    goes the same way again only with another due time, after another change, presentation or return.
    """
    parts: list[str | int] = [key.decode(), transition]
    if callback is not None:
        parts += [callback.callback_id, callback.set_by, callback.left_open_by or ""]
        parts += [callback.due_at.isoformat(), callback.changed_at.isoformat()]
        parts += [callback.presentation, callback.returns, callback.missed]
    return _digest(parts).encode()


def _digest(parts: list[str | int]) -> str:
    # Compact JSON in UTF-8: no blanks after the commas, no escapes that UTF-8 does not need.
    return hashlib.sha256(_encoder.encode(parts)).hexdigest()[:32]
