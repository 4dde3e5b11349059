"""How often a worker looks, and how long it works before others have their turn."""

from dataclasses import dataclass

from streams.logic.partition.shelf import REACH, Reach


@dataclass(frozen=True, slots=True)
class Pace:
    """Intervals of one worker, in seconds where the name says nothing else. The defaults are the product's.

    A simulation, whose time costs nothing, looks more seldom; a test that waits for a look has it looked at once.
    """

    slice_s: float = 0.0025
    """Decisions are made, or configuration is applied, for so long: all else in the worker waits meanwhile."""
    rounds_between: int = 4
    """So many rounds of the event loop go before each slice. An answer of a broker takes that many until the request
    that follows it is on its way: bytes, frame, answer, sender."""
    fire_slices_max: int = 4
    """A transaction fires timers for so many slices at most."""
    slices_max: int = 16
    """A transaction decides about events for so many slices at most, while no timer and no request waits for it."""
    fetch_s: float = 0.2
    """A fetch of the group's consumer that finds nothing ends after this long."""
    acquiring_s: float = 0.02
    """The same while a partition is being acquired: its seek waits for the fetch."""
    follow_ms: int = 100
    """A fetch of configuration that finds nothing ends after this long."""
    awaited_follow_ms: int = 10
    """The same while somebody waits for what was written last."""
    recall_ms: int = 100
    """A fetch of refused records that are read again, and that finds nothing, ends after this long."""
    said_look_s: float = 0.01
    """How often to look whether the dead letters of a portion have been written."""
    said_looks_max: int = 6000
    """A minute. An owner that has not written them by then does not have the partition any more."""
    again_s: float = 0.5
    """A broker that is away is asked again after so long."""
    reach: Reach = REACH
    """How far a partition reads its timers ahead."""
    told_every_s: float = 10.0
    """A wait of that length is logged, again and again."""


PACE = Pace()
