"""In which epoch of its leader what was read of a log was written: it tells a log that goes on from another one.

It is noted with each committed offset, with the id of the topic: a mirror copies offsets to logs with other epochs.
Source: docs/decisions/0075-epochs-of-leaders.md.
"""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

_EPOCH, _TOPIC = "leader_epoch", "topic_id"


class LeaderEpochs:
    """Of the source topics of one partition, by full name. notes: what is committed with the offset of each."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._topic_ids: Mapping[str, str] = {}
        self.notes: dict[str, str] = {}

    def open(self, committed: Mapping[str, str], topic_ids: Mapping[str, str]) -> None:
        """Take over what was noted with the committed offsets, as far as it is about these topics."""
        self._topic_ids = topic_ids
        for topic, note in committed.items():
            epoch = _epoch_in(note, topic_ids.get(topic, ""))
            if epoch is not None:
                self.read(topic, epoch)

    def of(self, topic: str) -> int | None:
        """The latest of which a record was read; None if it is not known."""
        return self._of.get(topic)

    def is_new(self, topic: str, epoch: int) -> bool:
        """Whether it is later than what is known. Records of earlier ones may come again, after a seek."""
        return epoch > self._of.get(topic, -1)

    def read(self, topic: str, epoch: int) -> None:
        """The log has an epoch, and in it all that was read before."""
        if self.is_new(topic, epoch):
            self._of[topic] = epoch
            self.notes[topic] = orjson.dumps({_EPOCH: epoch, _TOPIC: self._topic_ids.get(topic, "")}).decode()

    def forget(self, topics: Collection[str]) -> None:
        """Their logs are other ones now."""
        for topic in topics:
            self._of.pop(topic, None)
            self.notes.pop(topic, None)


def _epoch_in(note: str, topic_id: str) -> int | None:
    """What `notes` had; None if it was about another topic, or if somebody else has set the offset."""
    try:
        found: Any = orjson.loads(note)
        epoch = found[_EPOCH] if found[_TOPIC] == topic_id else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return epoch if isinstance(epoch, int) and epoch >= 0 else None
