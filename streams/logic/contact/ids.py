"""Ids that are derived, so that the same facts lead to the same id on every worker and in every replay.

Source: docs/rules.md, section 8 row 5.
"""

import hashlib

import msgspec

_encoder = msgspec.json.Encoder()


def rule_callback_id(contact_list_id: str, contact_id: str, event_id: str) -> str:
    """The id of the callback that a wrap-up rule schedules; event_id is the wrap-up's."""
    return "r-" + _digest([contact_list_id, contact_id, event_id])


def command_id(contact_list_id: str, contact_id: str, callback_id: str, presentation: int) -> str:
    """The id of the command for one presentation, counted from 1, of one callback."""
    return _digest([contact_list_id, contact_id, callback_id, presentation])


def _digest(parts: list[str | int]) -> str:
    # Compact JSON in UTF-8: no blanks after the commas, no escapes that UTF-8 does not need.
    return hashlib.sha256(_encoder.encode(parts)).hexdigest()[:32]
