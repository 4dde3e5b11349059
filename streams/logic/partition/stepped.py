"""What one step of a contact comes to: records, rows, and what is counted. One that meets a bug is tried once more."""

from collections.abc import Callable, Sequence
from datetime import datetime

from streams.logic.contact.effects import Answered, Dial, Effect
from streams.logic.contact.exchange import Outcome
from streams.logic.partition.appends import rows_of
from streams.logic.partition.fitting import Room
from streams.logic.partition.lateness import Holding, fired
from streams.logic.partition.outputs import records_of
from topics.codec import BadEvent


def outcome_of(
    key: bytes, row: bytes | None, effects: Sequence[Effect], room: Room, holding: Holding, now: datetime
) -> Outcome:
    """Of a step after which the contact has this row, None for none. room: of the topics; holding: of its partition."""
    outcome = Outcome(records_of(key, effects, room), {key: row, **rows_of(effects)})
    outcome.fired = [fired(effect, holding, now) for effect in effects if isinstance(effect, Dial)]
    outcome.placements = [one.decided for one in effects if isinstance(one, Answered) and one.decided]
    return outcome


def twice(step: Callable[[], Outcome]) -> Outcome:
    """Do a step, and once more if it meets a bug of ours; it undoes itself. Raises BadEvent, and the second bug."""
    try:
        return step()
    except BadEvent:
        raise
    except Exception:
        return step()
