"""Whether the clocks agree: this machine's with Kafka's, and those of senders with it.

Source: docs/rules.md, section 8 row 2.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from streams.doctor.findings import Check, Finding, Result, counted, latest
from streams.doctor.judgement.seen import Seen, SeenTopic
from streams.logic.contact.clock_check import written_at
from topics.catalog import CATALOG
from topics.codec import ErrorCode
from topics.framing import unframed

OFF = timedelta(seconds=1)
"""Clocks that are kept by NTP are nearer than this."""

FAR_OFF = timedelta(minutes=1)
"""So late, or early, callbacks would go out that are decided by such a clock."""

LONG_AGO = timedelta(days=14)
"""So much longer than a topic is kept its last segment may hold a record."""

NTP = (
    "let chrony, ntpd or systemd-timesyncd keep the clock of {whose}; chronyc tracking, or timedatectl, says how far "
    "off it is"
)


class Measured(Struct, frozen=True):
    """ahead_s: seconds by which this machine's clock is ahead of the controller's, give or take precision_s."""

    ahead_s: float
    precision_s: float


class _When(Struct):
    occurred_at: datetime | None = None


_when = msgspec.json.Decoder(_When)


def of_machine(measured: Measured | None, why_not: str | None, topics: Iterable[SeenTopic]) -> Finding:
    """How this machine's clock stands. Unmeasured, only one that is behind a record that the broker stamped is seen."""
    if measured is None:
        return _behind(topics) or Finding(
            Check.CLOCK, Result.COULD_NOT_LOOK, f"Kafka's clock cannot be asked for: {why_not}",
            "give Describe on the cluster to the user that runs this, or compare chronyc tracking on both machines",
        )  # fmt: skip
    off = max(0.0, abs(measured.ahead_s) - measured.precision_s)
    result = (
        Result.PROBLEM
        if off >= FAR_OFF.total_seconds()
        else Result.WARNING
        if off >= OFF.total_seconds()
        else Result.OK
    )
    side = "ahead of" if measured.ahead_s >= 0 else "behind"
    what = (
        f"this machine's clock is {in_words(abs(measured.ahead_s))} {side} that of Kafka's controller, "
        f"give or take {in_words(measured.precision_s)}"
    )
    cure = (
        None
        if result is Result.OK
        else NTP.format(whose="this machine, or of the brokers") + "; what is due goes by the workers' clocks"
    )
    figures = {"ahead_s": round(measured.ahead_s, 4), "precision_s": round(measured.precision_s, 4)}
    return Finding(Check.CLOCK, result, what, cure, figures=dict(figures))


def _behind(topics: Iterable[SeenTopic]) -> Finding | None:
    stamped = [
        (at - topic.at, topic.place(seen))
        for topic in topics
        for seen in topic.records
        if seen.batch is not None and seen.batch.stamped and (at := written_at(seen.arrived.timestamp_ms))
    ]
    behind, place = max(stamped, default=(timedelta(0), ""))
    if behind < OFF:
        return None
    by = in_words(behind.total_seconds())
    what = f"this machine's clock is at least {by} behind that of a broker, which has stamped this record"
    result = Result.PROBLEM if behind >= FAR_OFF else Result.WARNING
    return Finding(Check.CLOCK, result, what, NTP.format(whose="this machine"), examples=(place,))


def of_senders(topics: Iterable[SeenTopic], precision_s: float = 0.0) -> list[Finding]:
    """One finding for each topic and way in which the instants of records are wrong; none if they are right."""
    slack = OFF + timedelta(seconds=precision_s)
    return [finding for topic in topics for finding in (_future(topic, slack), _past(topic), _stale(topic)) if finding]


def _future(topic: SeenTopic, slack: timedelta) -> Finding | None:
    refused = [seen for seen, bad_event in topic.bad() if bad_event.code is ErrorCode.IN_THE_FUTURE]
    ahead = {id(seen): by for seen in topic.records if (by := _ahead(topic, seen)) > slack}
    those = refused or [seen for seen in topic.by_time() if id(seen) in ahead]
    if not those:
        return None
    most = max((ahead.get(id(seen), timedelta(0)) for seen in those), default=timedelta(0))
    far = "beyond every calendar" if most == timedelta.max else f"by up to {in_words(most.total_seconds())}"
    verb = "lies" if len(those) == 1 else "lie"
    what = f"{counted(len(those), 'record')} of {len(topic.records):,} {verb} in the future {far}"
    more = ". More than 5 minutes are refused as in_the_future" if refused else ""
    cure = (
        NTP.format(whose="the sender")
        + ", and send instants in UTC or with their offset: a local time marked Z is hours off"
    )
    result = Result.PROBLEM if refused else Result.WARNING
    figures = {"records": len(those), "of": len(topic.records)}
    return Finding(
        Check.CLOCK, result, what + more, cure, topic.full, latest([topic.place(one) for one in those]), dict(figures)
    )


def _ahead(topic: SeenTopic, seen: Seen) -> timedelta:
    """How far ahead of the reading a record says it is, by its timestamp or by `occurred_at`."""
    at = written_at(seen.arrived.timestamp_ms)
    if at is None:
        return timedelta.max
    occurred_at = _occurred_at(seen.arrived.value)
    stamped = seen.batch is not None and seen.batch.stamped
    instants = [one for one in (None if stamped else at, occurred_at) if one is not None]
    return max((one - topic.at for one in instants), default=timedelta(0))


def _occurred_at(value: bytes | None) -> datetime | None:
    try:
        found = _when.decode(unframed(value or b"")).occurred_at
        return found if found is None or found.tzinfo is not None else None
    except (msgspec.MsgspecError, RecursionError):
        return None


def _past(topic: SeenTopic) -> Finding | None:
    those = [seen for seen, bad_event in topic.bad() if bad_event.code is ErrorCode.TOO_OLD]
    if not those:
        return None
    what = f"{counted(len(those), 'record')} of {len(topic.records):,} occurred more than 35 days before they were sent"
    cure = (
        "send events as they happen, and look at the unit and the zone of occurred_at. Calls of the past are sent with "
        "history, as `ringback import` does"
    )
    places = latest([topic.place(seen) for seen in those])
    return Finding(Check.CLOCK, Result.PROBLEM, what, cure, topic.full, places, {"records": len(those)})


def _stale(topic: SeenTopic) -> Finding | None:
    kept_ms = CATALOG[topic.name].retention_ms
    if kept_ms is None or kept_ms < 0:
        return None
    oldest = (topic.at - timedelta(milliseconds=kept_ms) - LONG_AGO).timestamp() * 1000
    those = [seen for seen in topic.by_time() if seen.arrived.timestamp_ms < oldest and seen.arrived.damage is None]
    if not those:
        return None
    of = f"{counted(len(those), 'record')} of {len(topic.records):,}"
    what = f"{of} with timestamps older than the topic is kept, so Kafka may remove them unread"
    cure = "leave the timestamp of records to the client; one that is given is in milliseconds since 1970"
    places = latest([topic.place(seen) for seen in those])
    return Finding(Check.CLOCK, Result.WARNING, what, cure, topic.full, places, {"records": len(those)})


def in_words(seconds: float) -> str:
    """A length of time, with as much precision as it is worth."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.99 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
