"""When a topic will have forgotten a record, by its own settings on the broker: pure.

A broker deletes segments, not records. One that keeps records for a time deletes a segment that long after the latest
record in it, which may be as much later than ours as a segment is open. One that is compacted takes a record away when
it cleans its segment, and the tombstone in its place at a cleaning after `delete.retention.ms`; it cleans nothing that
is still written to, so that both need a later record in the partition.
Source: https://kafka.apache.org/documentation/#topicconfigs; KIP-354; KIP-534; docs/privacy.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from topics.names import TopicName

CHECKED_EVERY_MS = 5 * 60 * 1000
"""How often a broker looks for segments to delete, or to clean, unless it is configured otherwise; and a file more."""
NO_LIMIT_MS = 100 * 366 * 24 * 3600 * 1000
"""A time of a setting that is longer than this is none."""
_DEFAULTS = {
    "retention.ms": 7 * 24 * 3600 * 1000,
    "segment.ms": 7 * 24 * 3600 * 1000,
    "file.delete.delay.ms": 60 * 1000,
    "min.compaction.lag.ms": 0,
    "max.compaction.lag.ms": 2**63 - 1,
    "delete.retention.ms": 24 * 3600 * 1000,
}


class How(StrEnum):
    """How a topic forgets."""

    DELETES = "deletes"
    COMPACTS = "compacts"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The settings of a topic that say how long it keeps records. Those in milliseconds are None for ever."""

    compacts: bool
    deletes: bool
    retention_ms: int | None
    segment_ms: int
    delay_ms: int
    min_lag_ms: int
    max_lag_ms: int | None
    tombstones_ms: int

    @classmethod
    def of(cls, config: Mapping[str, str | None]) -> "Kept":
        """From the settings by their Kafka names; what is not there is as Kafka has it."""
        policy = {word.strip() for word in (config.get("cleanup.policy") or "delete").split(",")}
        value = {name: _whole(config.get(name), default) for name, default in _DEFAULTS.items()}
        lag_ms = (
            min(value["segment.ms"], value["max.compaction.lag.ms"]) if "compact" in policy else value["segment.ms"]
        )
        return cls(
            compacts="compact" in policy,
            deletes="delete" in policy,
            retention_ms=_limit(value["retention.ms"]),
            segment_ms=lag_ms,
            delay_ms=CHECKED_EVERY_MS + value["file.delete.delay.ms"],
            min_lag_ms=value["min.compaction.lag.ms"],
            max_lag_ms=_limit(value["max.compaction.lag.ms"]),
            tombstones_ms=value["delete.retention.ms"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgets:
    """How and by when one topic forgets a contact. at: None for never.

    record_at: of a compacted one, when what the record said is gone; at `at` its key is gone, too, with the tombstone.
    to_do: what whoever keeps the cluster can do where it never forgets.
    """

    topic: TopicName
    how: How
    at: datetime | None
    record_at: datetime | None = None
    to_do: str | None = None


def forgets(topic: TopicName, kept: Kept, newest_ms: int, ahead_ms: int | None = None) -> Forgets:
    """By when a topic has forgotten. newest_ms: the timestamp of the last record that the contact has there.

    ahead_ms: the latest timestamp in the partition, if that lies in the future: it may be in the same segment.
    """
    deleted_ms = _deleted_ms(kept, newest_ms, ahead_ms) if kept.deletes else None
    cleaned_ms = _cleaned_ms(kept, newest_ms) if kept.compacts else None
    if cleaned_ms is not None and (deleted_ms is None or cleaned_ms[1] <= deleted_ms):
        record_at, at = map(_instant, cleaned_ms)
        return Forgets(topic=topic, how=How.COMPACTS, at=at, record_at=record_at)
    if deleted_ms is not None:
        return Forgets(topic=topic, how=How.DELETES, at=_instant(deleted_ms))
    setting = "max.compaction.lag.ms" if kept.compacts else "retention.ms"
    return Forgets(topic=topic, how=How.NEVER, at=None, to_do=f"set {setting} of the topic")


def last_of(found: Iterable[Forgets]) -> datetime | None:
    """When the last of these has forgotten; None if one of them never does, or there are none."""
    instants = [one.at for one in found]
    known = [at for at in instants if at is not None]
    return max(known) if known and len(known) == len(instants) else None


def _deleted_ms(kept: Kept, newest_ms: int, ahead_ms: int | None) -> int | None:
    if kept.retention_ms is None:
        return None
    latest_ms = max(newest_ms + kept.segment_ms, ahead_ms or 0)
    return latest_ms + kept.retention_ms + kept.delay_ms


def _cleaned_ms(kept: Kept, newest_ms: int) -> tuple[int, int] | None:
    """When the record is gone, and when its tombstone is; None if nothing says by when a segment is cleaned."""
    if kept.max_lag_ms is None:
        return None
    lag_ms = max(kept.max_lag_ms, kept.min_lag_ms) + kept.delay_ms
    record_ms = newest_ms + lag_ms
    return record_ms, record_ms + kept.tombstones_ms + lag_ms


def _whole(text: str | None, default: int) -> int:
    try:
        return default if text is None else int(text)
    except ValueError:
        return default


def _limit(value_ms: int) -> int | None:
    return value_ms if 0 <= value_ms < NO_LIMIT_MS else None


def _instant(at_ms: int) -> datetime:
    """Rounded up to the second; no later than the calendar goes."""
    seconds = -(-at_ms // 1000)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(seconds, _SECONDS_MAX))


_SECONDS_MAX = 253402300799
