"""How often somebody may ask: a bucket of tokens for each person and kind of request."""

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

BUCKETS_MAX = 10_000
"""Of those who asked last; a stranger with many addresses takes no more memory than that."""


class Rate(Struct, frozen=True):
    """per_s: requests a second, in the long run; burst: at once."""

    per_s: float
    burst: int


READS = Rate(20, 200)
"""Of pages: a person with many tabs."""
POSTS = Rate(1, 30)
"""Of actions; one post may begin a run over a hundred thousand callbacks."""
SIGN_INS = Rate(0.1, 10)
"""Of attempts to sign in from one address: a guess of 256 bits takes longer than the universe has."""


class Rates:
    """Counts requests. seconds: a clock that only goes forward."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._buckets: OrderedDict[tuple[Rate, str], tuple[float, float]] = OrderedDict()

    def take(self, rate: Rate, who: str) -> float:
        """Take one. Returns 0, or the seconds after which there is another one, if there is none now."""
        now = self._seconds()
        left, at = self._buckets.pop((rate, who), (float(rate.burst), now))
        left = min(rate.burst, left + (now - at) * rate.per_s)
        self._buckets[rate, who] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / rate.per_s
