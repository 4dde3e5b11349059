"""The acquire gate: what a partition must have processed before its timers may fire.

A cancel that was sent while nobody held the partition waits unread on its topic. Until each contact topic has been
processed to the end it had at acquisition, nothing fires. Source: docs/rules.md, section 8 row 25.
"""

from collections.abc import Mapping


class AcquireGate:
    """Closed until every topic has reached the end that it had at acquisition."""

    def __init__(self, ends: Mapping[str, int]) -> None:
        """ends: for each contact topic (full name) the offset after its last committed record."""
        self._ends = {topic: end for topic, end in ends.items() if end > 0}

    @property
    def open(self) -> bool:
        """Whether timers may fire."""
        return not self._ends

    def reached(self, topic: str, offset: int) -> None:
        """Everything of `topic` before `offset` has been processed."""
        end = self._ends.get(topic)
        if end is not None and offset >= end:
            del self._ends[topic]

    def waiting(self) -> dict[str, int]:
        """The topics still waited for, with the offset that each must reach."""
        return dict(self._ends)
