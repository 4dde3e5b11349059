"""Hints about those who send: events that come twice in a row, and what workers have refused in the last hour."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from msgspec import Struct

from streams.doctor.findings import Check, Finding, Result, counted, latest
from streams.doctor.judgement.seen import NOBODY, Seen, SeenTopic
from topics.framing import unframed

RECENT = timedelta(hours=1)
CODE, WRITTEN = "ringback.error", "ce_time"
CODES_NAMED = 4

IDEMPOTENT = (
    "have the client repeat requests without repeating records: enable.idempotence=true (Java, librdkafka), "
    "enable_idempotence=True (aiokafka), idempotent: true (KafkaJS), Producer.Idempotent = true (Sarama)"
)
SENT_TWICE = (
    "look whether the program sends again what was acknowledged, or two of it run. Workers drop an event whose "
    "event_id they know, so this costs no more than time"
)


class _Named(Struct):
    event_id: str | None = None


_named = msgspec.json.Decoder(_Named)


def judge(topics: Iterable[SeenTopic], dead_letters: SeenTopic | None, why_not: str | None = None) -> list[Finding]:
    """Repeated events by topic, and dead letters; or that there are none.

    dead_letters: those that were read; None if they could not be, with why_not.
    """
    several = list(topics)
    found = [finding for topic in several if (finding := _repeated(topic)) is not None]
    if dead_letters is None:
        found.append(Finding(Check.PRODUCERS, Result.COULD_NOT_LOOK, f"dead letters cannot be read: {why_not}"))
    elif (finding := _refused(dead_letters)) is not None:
        found.append(finding)
    if found:
        return found
    batches = [batch for topic in several for batch in topic.batches]
    safe = sum(batch.producer_id != NOBODY for batch in batches)
    what = "no event came twice in a row, and there is no dead letter of the last hour"
    more = (
        f"; {safe:,} of {counted(len(batches), 'batch', 'batches')} came from idempotent producers" if batches else ""
    )
    figures = {"batches": len(batches), "idempotent_batches": safe}
    return [Finding(Check.PRODUCERS, Result.OK, what + more, figures=dict(figures))]


def _repeated(topic: SeenTopic) -> Finding | None:
    twice = [second for first, second in _neighbours(topic) if _is_same(first, second)]
    if not twice:
        return None
    unsafe = any(seen.batch is None or seen.batch.producer_id == NOBODY for seen in twice)
    verb = "repeats" if len(twice) == 1 else "repeat"
    what = f"{counted(len(twice), 'record')} of {len(topic.records):,} {verb} the event before"
    how = "; the producer is not idempotent" if unsafe else ", from an idempotent producer"
    return Finding(
        Check.PRODUCERS, Result.WARNING, what + how, IDEMPOTENT if unsafe else SENT_TWICE, topic.full,
        latest([topic.place(seen) for seen in twice]), {"records": len(twice), "of": len(topic.records)},
    )  # fmt: skip


def _neighbours(topic: SeenTopic) -> Iterator[tuple[Seen, Seen]]:
    for first, second in pairwise(topic.records):
        if first.arrived.partition == second.arrived.partition:
            yield first, second


def _is_same(first: Seen, second: Seen) -> bool:
    one = _event_id(first.arrived.value)
    return one is not None and first.arrived.key == second.arrived.key and one == _event_id(second.arrived.value)


def _event_id(value: bytes | None) -> str | None:
    try:
        return _named.decode(unframed(value or b"")).event_id
    except (msgspec.MsgspecError, RecursionError):
        return None


def _refused(dead_letters: SeenTopic) -> Finding | None:
    recent = [
        (seen, code) for seen in dead_letters.records if (code := _recent_code(seen, dead_letters.at)) is not None
    ]
    if not recent:
        return None
    codes = Counter(code for _, code in recent)
    named = ", ".join(f"{code} {count:,}" for code, count in codes.most_common(CODES_NAMED))
    others = f" and {len(codes) - CODES_NAMED} more codes" if len(codes) > CODES_NAMED else ""
    what = f"workers have refused {counted(len(recent), 'record')} within the last hour: {named}{others}"
    cure = (
        "`ringback dead-letters list` says what was wrong with them; when that is mended, `ringback dead-letters "
        "replay` sends them anew"
    )
    places = latest([dead_letters.place(seen) for seen, _ in recent])
    return Finding(Check.PRODUCERS, Result.WARNING, what, cure, dead_letters.full, places, dict(codes))


def _recent_code(seen: Seen, now: datetime) -> str | None:
    """The code of a dead letter, if it was written lately. Its own timestamp is that of the record that was refused."""
    headers = dict(seen.arrived.headers)
    try:
        written_at = datetime.fromisoformat(headers[WRITTEN].decode())
        recently = written_at.tzinfo is not None and now - written_at <= RECENT
        return headers[CODE].decode() if recently else None
    except (KeyError, ValueError):
        return None
