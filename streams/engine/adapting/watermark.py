"""Up to which instant everything that had been sent has been applied: only then has a half waited in vain.

The other half may stand on the raw topic, behind a router that was down, or on the keyed topic. So an instant counts
once the group has committed the ends that the raw partitions had then, and the keyed partitions held here have been
applied to the ends that they had after that. Those are where the last record is written, committed or not: Kafka may
show a group's offsets before the records of the same transaction.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from streams.kafka.clients import Clients
from streams.kafka.groups import committed_offsets
from streams.kafka.source_ends import SourceEnds


@dataclass(slots=True)
class Asked:
    """An instant that is asked about: the ends to be reached; keyed: None while the raw ones are not."""

    at_ms: int
    raw: Mapping[TopicPartition, int]
    keyed: Mapping[TopicPartition, int] | None = None


class Watermark:
    """Of one member of the group. raw: says every partition of the raw topic. ends: as committed; written_ends: not."""

    def __init__(
        self, clients: Clients, ends: SourceEnds, written_ends: SourceEnds, group: str,
        raw: Callable[[], Iterable[TopicPartition]],
    ) -> None:  # fmt: skip
        self._clients, self._group, self._raw = clients, group, raw
        self._ends, self._written_ends = ends, written_ends
        self._asked: Asked | None = None

    def forget(self) -> None:
        """The assignment has changed: what was asked for says nothing of other partitions."""
        self._asked = None

    async def reached(self, positions: Mapping[TopicPartition, int], now_ms: int) -> int | None:
        """The instant up to which all is applied, milliseconds; None until that is known. Asked again and again.

        positions: of the keyed partitions held here, everything before which has been applied.
        """
        if self._asked is None:
            self._asked = Asked(now_ms, await _all_ends(self._ends, self._raw()))
        asked = self._asked
        if asked.keyed is None:
            committed = await committed_offsets(self._clients, self._group)
            if any(committed.get(tp, 0) < end for tp, end in asked.raw.items()):
                return None
            asked.keyed = await _all_ends(self._written_ends, positions)
        if any(positions.get(tp, 0) < end for tp, end in asked.keyed.items()):
            return None
        self._asked = None
        return asked.at_ms


async def _all_ends(ends: SourceEnds, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    return {tp: (await ends.span(tp.topic, tp.partition))[1] for tp in partitions}
