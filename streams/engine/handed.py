"""How far the records of one partition are on their way to its engine: noted when the consumer hands them over."""

from collections.abc import Mapping

from streams.engine.batch import SourceRecord


class Handed:
    """By full topic name, the offset before which everything is on its way."""

    def __init__(self) -> None:
        self._to: dict[str, int] = {}

    def open(self, starts: Mapping[str, int]) -> None:
        """The partition begins: nothing is on its way, and everything before `starts` needs not be."""
        self._to = dict(starts)

    def to(self, topic: str) -> int:
        """The offset before which everything of `topic` is on its way."""
        return self._to[topic]

    def note(self, topic: str, records: list[SourceRecord]) -> int:
        """Records are on their way from now on; returns the offset before which all were on it already."""
        before = self._to[topic]
        self._to[topic] = records[-1].offset + 1
        return before

    def is_all_before(self, topic: str, offset: int) -> bool:
        """Whether nothing of `topic` is on its way that has not been taken, if all before `offset` has been."""
        return offset >= self._to[topic]

    def pass_to(self, topic: str, offset: int) -> None:
        """There is nothing but markers before `offset`."""
        self._to[topic] = offset
