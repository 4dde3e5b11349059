"""The outcome of one step of a contact: records, rows and counts."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from streams.logic.contact.effects import Answered, Dial, DncAppended, Effect, Erased
from streams.logic.contact.exchange import Arrived, Outcome
from streams.logic.contact.inputs import Input
from streams.logic.contact.state import Contact
from streams.logic.partition.fitting import SizeLimits
from streams.logic.partition.intake import as_unreadable, cause_of
from streams.logic.partition.lateness import HeldTimes, fired
from streams.logic.partition.outputs import records_of
from streams.logic.partition.own_rows import appended_key, encode_appended, encode_erased, erased_key
from streams.logic.partition.record_ids import erasure_ids, event_ids, time_ids
from topics.records import CallbackLifecycle, Cause


def outcome_of(
    key: bytes, before: Contact | None, row: bytes | None, arrived: Arrived | None, effects: Sequence[Effect],
    limits: SizeLimits, held_times: HeldTimes, now: datetime,
) -> Outcome:  # fmt: skip
    """Of a step after which the contact has this row, None for none.

    before: the contact. arrived: the event, if it was one. limits: of the topics; held_times: its own.
    """
    if not effects:
        return Outcome([], {key: row})
    ids = _ids(key, before, arrived, effects)
    # What was not known and is not remembered is not written about, but for an erasure: see `erase`.
    writes = {} if before is None and row is None and arrived is not None else {key: row}
    outcome = Outcome(records_of(key, effects, ids, now, limits), writes)
    for effect in effects:
        if isinstance(effect, CallbackLifecycle):
            outcome.transitions.append(effect)
        elif isinstance(effect, Dial):
            outcome.fired.append(fired(effect, held_times, now))
        elif isinstance(effect, Answered) and effect.decided:
            outcome.placements.append(effect.decided)
        elif isinstance(effect, Erased):
            outcome.writes |= {key: None, erased_key(key): encode_erased(effect.erasure)}
        elif isinstance(effect, DncAppended):
            outcome.writes[appended_key(effect.entry)] = encode_appended(effect.entry)
    return outcome


def _ids(key: bytes, before: Contact | None, arrived: Arrived | None, effects: Sequence[Effect]) -> Iterable[bytes]:
    if arrived is None:
        return time_ids(key, before, effects)
    return erasure_ids(arrived, effects) if isinstance(effects[-1], Erased) else event_ids(arrived, effects)


def made_unreadable(arrived: Arrived, partitions: int, apply: Callable[[bytes, Input, Cause], Outcome]) -> Outcome:
    """Of a refused record: a contact must not be dialed on the strength of the one before it. apply: how to say so."""
    input_ = as_unreadable(arrived, partitions=partitions)
    if input_ is not None and arrived.key is not None:
        with suppress(Exception):  # The same bug once more: nothing has changed.
            return apply(arrived.key, input_, cause_of(arrived, input_))
    return Outcome()
