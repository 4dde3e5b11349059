"""A histogram of the ages of what is there now: it grows and shrinks, so it has no rate and needs none."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeHistogramMetricFamily
from prometheus_client.registry import Collector

from streams.base.metrics.registry import AGE_BOUNDS_S

_Labels = tuple[str, ...]


class Ages(Collector):
    """`<name>_bucket{…,le}` is how many are no older than `le` seconds; there is no sum. `set` replaces values.

    Other threads collect it at any time: a value is replaced whole.
    """

    def __init__(self, name: str, documentation: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._name, self._documentation = name, documentation
        self._labelnames = tuple(labels)
        self._values: dict[_Labels, tuple[int, ...]] = {}
        registry.register(self)

    def set(self, labels: Sequence[object], counts: Sequence[int]) -> None:
        """counts: how many are no older than each of AGE_BOUNDS_S, and last, how many there are."""
        if len(counts) != len(AGE_BOUNDS_S) + 1:
            raise ValueError(f"{self._name} has {len(AGE_BOUNDS_S) + 1} counts, not {len(counts)}")
        self._values[tuple(map(str, labels))] = tuple(counts)

    def remove_by_labels(self, labels: dict[str, str]) -> None:
        """Forget every series with these labels."""
        wanted = [(self._labelnames.index(name), value) for name, value in labels.items()]
        for key in [key for key in self._values if all(key[at] == value for at, value in wanted)]:
            del self._values[key]

    def describe(self) -> Iterable[GaugeHistogramMetricFamily]:
        """The name alone, without a value."""
        return [GaugeHistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)]

    def collect(self) -> Iterable[GaugeHistogramMetricFamily]:
        """What Prometheus scrapes."""
        family = GaugeHistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        for labels, counts in list(self._values.items()):
            for bound, count in zip((*map(float, AGE_BOUNDS_S), "+Inf"), counts, strict=True):
                own = dict(zip((*self._labelnames, "le"), (*labels, str(bound)), strict=True))
                family.add_sample(f"{self._name}_bucket", own, count)
        return [family]
