"""The seeded scheduler: what happens to a request on its way to the broker and back, and to who sent it.

All chance of a simulation is drawn from here, in the order of the calls.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What befalls one request."""

    NONE = "none"
    DELAYED = "delayed"
    LOST_REQUEST = "lost request"  # It never arrives; the client sends it again.
    LOST_ANSWER = "lost answer"  # It was carried out; the client sends it again.
    KILLED_BEFORE = "killed before"  # The worker dies, and the request was not sent.
    KILLED_ON_THE_WAY = "killed on the way"  # The worker dies, and the request arrives after that.
    KILLED_AFTER = "killed after"  # The request is carried out, and the worker dies.
    STOPPED = "stopped"  # The worker stands still for a while, perhaps for longer than its session.
    HELD_BACK = "held back"  # The network delivers it long after the client has sent it again.
    FENCED = "fenced"  # Somebody else takes the transactional id.


@dataclass
class Rates:
    """How likely each fault is at one request; delays in seconds."""

    of: dict[Fault, float]
    delay_s: float
    long_delay_s: float
    stop_s: float
    markers_late: float

    @classmethod
    def drawn(cls, random: random.Random) -> "Rates":
        """Some seeds are calm and some are wild, and what goes wrong differs between them."""
        wild = random.choice((0.3, 1.0, 1.0, 3.0))
        usual = {
            Fault.DELAYED: 0.02,
            Fault.LOST_REQUEST: 0.004,
            Fault.LOST_ANSWER: 0.006,
            Fault.KILLED_BEFORE: 0.001,
            Fault.KILLED_ON_THE_WAY: 0.001,
            Fault.KILLED_AFTER: 0.001,
            Fault.STOPPED: 0.001,
            Fault.HELD_BACK: 0.004,
            Fault.FENCED: 0.0005,
        }
        rates = {fault: rate * wild * random.choice((0, 1, 1, 2)) for fault, rate in usual.items()}
        return cls(
            rates, random.choice((0.001, 0.003, 0.02)), random.choice((0.2, 1.0, 4.0)), random.choice((2.0, 9.0)),
            random.choice((0.0, 0.03, 0.3)),
        )  # fmt: skip


@dataclass
class Chance:
    """Draws faults and delays as long as it is on, and counts them."""

    random: random.Random
    rates: Rates
    counts: Counter[str] = field(default_factory=Counter)
    on: bool = False

    def fault(self, *, fenceable: bool) -> Fault:
        """What befalls the next request. fenceable: whether it is of a transactional id that somebody may take."""
        drawn = self.random.random()
        if not self.on:
            return Fault.NONE
        for fault, rate in self.rates.of.items():
            drawn -= rate
            if drawn < 0:
                if fault in (Fault.FENCED, Fault.HELD_BACK) and not fenceable:
                    return Fault.NONE
                self.counts[fault] += 1
                return fault
        return Fault.NONE

    def delay_s(self, fault: Fault = Fault.NONE) -> float:
        """How long one way takes."""
        mean = self.rates.long_delay_s if fault is Fault.DELAYED else self.rates.delay_s
        return round(self.random.uniform(0.2, 1.8) * mean, 6)

    def stop_s(self) -> float:
        """How long a stopped process stands still: shorter than its session, or longer."""
        return round(self.random.uniform(0.2, 2.0) * self.rates.stop_s, 3)

    def happens(self, likelihood: float) -> bool:
        """Whether something happens that is as likely as this."""
        return self.random.random() < likelihood
