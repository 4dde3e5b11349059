"""By when each topic will have forgotten contacts that are erased now: from its settings and what there is. Pure.

Nothing is written about them afterwards, so that the newest record is what there is now, or what the erasure writes.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from streams.adapters.known import KEPT_MS_MAX
from streams.console.erasing.forgetting import Forgets, Kept, forgets
from streams.console.erasing.traces import LATEST_COUNTS, SEARCHED, Trace, Traces
from topics.names import TopicName
from topics.of_adapters import ADAPTER_TOPICS
from topics.topic import Cleanup

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALWAYS = (*LATEST_COUNTS, TopicName.CALLBACK_SCHEDULED)
"""What an erasure writes to in any case: tombstones, and the event that asks for it."""


def foreseen(kept: Mapping[TopicName, Kept], traces: Traces | None, now: datetime) -> list[Forgets]:
    """Of each topic that has, or may have, something of the contacts once they are erased.

    kept: of the topics that there are. traces: what was found; None if nobody has looked, and any topic may have some.
    """
    return [
        forgets(topic, kept[topic], newest_ms, ahead_ms)
        for topic, newest_ms, ahead_ms in _newest(traces, (now - _EPOCH) // timedelta(milliseconds=1))
        if topic in kept
    ]


def _newest(traces: Traces | None, now_ms: int) -> Iterator[tuple[TopicName, int, int | None]]:
    """Topics, the timestamp of the newest record that the contacts may have there, and what lies ahead of now."""
    for name in SEARCHED:
        trace = Trace() if traces is None else traces.by_topic.get(name, Trace())
        is_written = name in _ALWAYS or (name is TopicName.CALLBACK_LIFECYCLE and traces and traces.outstanding)
        ahead_ms = trace.ahead_ms if trace.ahead_ms is not None and trace.ahead_ms > now_ms else None
        if traces is None or is_written:
            yield name, max(now_ms, trace.newest_ms or 0), ahead_ms
        elif trace.newest_ms is not None:
            yield name, trace.newest_ms, ahead_ms
    for topic in ADAPTER_TOPICS.values():
        # Nobody looks there: an adapter's rows end by themselves, so long after the last event at the latest.
        keeps_ms = KEPT_MS_MAX if topic.cleanup is Cleanup.COMPACT else 0
        yield topic.name, now_ms + keeps_ms, None
