"""Changes of configuration as records that a run sends, and in words for its audit: pure."""

from collections.abc import Sequence

import msgspec

from streams.console.actions.model import Letter
from streams.console.trial.change import Change
from topics.catalog import CATALOG
from topics.partitions import partition_for

NAMED_MAX = 20


def configured(change: Change, prefix: str) -> Letter:
    """The record of a change. prefix: of the topics."""
    key = change.key.encode()
    count = CATALOG[change.topic].partition_count(1)
    value = None if change.value is None else change.value.encode()
    return Letter(
        topic=prefix + change.topic,
        partition=partition_for(key, count),
        key=key,
        value=value,
        headers=(),
        event_id=msgspec.json.decode(value)["event_id"] if change.is_recycle and value else None,
    )


def changed_in_words(changes: Sequence[Change]) -> dict[str, str]:
    """Which records are changed, by topic; of a Do Not Call entry the list alone, since its key has the number."""
    named: dict[str, list[str]] = {}
    for one in changes:
        named.setdefault(one.topic, []).append(one.name + (" removed" if one.value is None else ""))
    return {topic: _listed(names) for topic, names in named.items()}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more
