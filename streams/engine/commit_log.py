"""What the log says of a committed transaction: bugs, dead letters, and at debug level each step of a callback.

No line has a number, a note or an attribute, nor the id of a contact, which may be a number: callback, event, topic,
partition and offset lead to the record. Source: docs/operate.md, "Reading the log".
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.base.log import about
from streams.logic.contact.exchange import Bug, Outcome
from topics.codec import ErrorCode
from topics.records import CallbackLifecycle, Cause

log = logging.getLogger(__name__)

TOLD_EVERY = timedelta(seconds=10)
"""Dead letters of one code are one line in this time: a sender that is wrong is wrong thousands of times."""

CURES = {
    ErrorCode.WRONG_PARTITION: "the partitioner of its sender must be murmur2; in librdkafka, and so in kcat and "
    "confluent-kafka, that is partitioner=murmur2_random",
    ErrorCode.INTERNAL_ERROR: "a bug of Ringback, which has a line of its own",
}
"""What to do, where one thing nearly always helps."""


@dataclass(slots=True)
class _Untold:
    count: int
    example: Cause
    told_at: datetime | None = None


class DeadLetters:
    """Of all partitions of a worker: by code, how many there were since the last line, and one of them."""

    def __init__(self) -> None:
        self._of: dict[str, _Untold] = {}

    def note(self, counts: Mapping[str, int], examples: Mapping[str, Cause], now: datetime) -> None:
        """These were written; the first of a code are told at once. examples: by code, topics by their full name."""
        for code, count in counts.items():
            untold = self._of.setdefault(code, _Untold(0, examples[code]))
            if untold.count == 0:
                untold.example = examples[code]
            untold.count += count
        self.tell(now)

    def tell(self, now: datetime) -> None:
        """Tell of those that have not been told, if the last line of their code is long enough ago."""
        for code, untold in self._of.items():
            recently = untold.told_at is not None and untold.told_at <= now < untold.told_at + TOLD_EVERY
            if untold.count and not recently:
                _tell(code, untold)
                untold.count, untold.told_at = 0, now


DEAD_LETTERS = DeadLetters()
"""Of this process."""


def _tell(code: str, untold: _Untold) -> None:
    cure = CURES.get(ErrorCode(code), "the headers of each say what is wrong")
    fields = about("dead_letters", code=code, count=untold.count, **_place(untold.example))
    what = "%d dead letters (%s), one of them for %s: %s"
    log.warning(what, untold.count, code, _named(untold.example), cure, extra=fields)


def tell(partition: int, outcome: Outcome, prefix: str, now: datetime) -> None:
    """Log what there is to say about a committed transaction. prefix: of topics; `now`: the moment after its commit."""
    for bug in outcome.bugs:
        _tell_bug(partition, bug, prefix)
    if outcome.dead:
        examples = {code: _with_prefix(cause, prefix) for code, cause in outcome.examples.items()}
        DEAD_LETTERS.note(outcome.dead, examples, now)
    if outcome.transitions and log.isEnabledFor(logging.DEBUG):
        _tell_transitions(partition, outcome.transitions, prefix)


def _tell_bug(partition: int, bug: Bug, prefix: str) -> None:
    cause = _with_prefix(bug.cause or Cause(), prefix)
    fields = about(
        "internal_error", kind=bug.kind, callback_id=bug.callback_id, **{"partition": partition, **_place(cause)}
    )
    of = f" of callback {bug.callback_id}" if bug.callback_id else f" of {_named(cause)}" if bug.cause else ""
    what = "partition %d: internal error (%s)%s: %s\n%s"
    log.error(what, partition, bug.kind, of, bug.what, bug.where, extra=fields)


def _tell_transitions(partition: int, transitions: Iterable[CallbackLifecycle[object]], prefix: str) -> None:
    for one in transitions:
        cause = _with_prefix(one.cause, prefix)
        what_of = {"callback_id": one.callback_id, "transition": one.transition, "due_at": one.due_at}
        why = {"reasons": list(one.reasons), **_place(cause), "partition": partition}
        fields = about("transition", campaign_id=one.campaign_id, **what_of, **why)
        reasons = f" ({', '.join(one.reasons)})" if one.reasons else ""
        what = "partition %d: callback %s %s%s, by %s"
        log.debug(what, partition, one.callback_id, one.transition, reasons, _named(cause), extra=fields)


def _with_prefix(cause: Cause, prefix: str) -> Cause:
    if cause.topic is None:
        return cause
    return Cause(event_id=cause.event_id, topic=prefix + cause.topic, partition=cause.partition, offset=cause.offset)


def _place(cause: Cause) -> dict[str, object]:
    """Where an event stands, as fields. What a partition found out by itself stands nowhere."""
    place = {} if cause.topic is None else {"topic": cause.topic, "partition": cause.partition, "offset": cause.offset}
    return {"event_id": cause.event_id, **place}


def _named(cause: Cause) -> str:
    event = "an event" if cause.event_id is None else f"event {cause.event_id}"
    return event if cause.topic is None else f"{event} at {cause.topic} [{cause.partition}] {cause.offset}"
