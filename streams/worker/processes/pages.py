"""The metrics of several processes as one page: each series with the label `process`.

So each counter is of one process, and begins anew with it, as counters of Prometheus do; sums are right at any time.
Source: docs/decisions/0055-several-processes.md.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from streams.base import metrics
from streams.base.log import SUPERVISOR
from streams.worker.processes.asking import PAGE_S, ask_all
from streams.worker.processes.process import Standing

log = logging.getLogger(__name__)

LABEL = "process"
READY = "ringback_worker_ready"
"""0 of a process that has no page: whoever asks for what is not ready has to find it."""
OPEN_METRICS = {"Accept": CONTENT_TYPE_LATEST}
"""The format that has exemplars."""


class AllMetrics(Collector):
    """Collects the pages of all processes, and the supervisor's own metrics, whenever it is asked."""

    def __init__(self, standings: Callable[[], Sequence[Standing]]) -> None:
        self._standings = standings

    def describe(self) -> Iterable[Metric]:
        """Every metric that there may be, without its value."""
        return [*metrics.REGISTRY.collect(), *metrics.processes.SUPERVISOR_REGISTRY.collect()]

    def collect(self) -> Iterable[Metric]:
        """What Prometheus scrapes."""
        found: dict[str, Iterable[Metric]] = {}
        for one, reply in ask_all(self._standings(), "/metrics", PAGE_S, OPEN_METRICS):
            families = None if reply is None or reply.status != 200 else parsed(one.name, reply.body)
            metrics.processes.UP.labels(one.name).set(families is not None)
            found[one.name] = [] if families is None else families
        return merged(found, metrics.processes.SUPERVISOR_REGISTRY.collect())


def parsed(name: str, page: bytes) -> list[Metric] | None:
    """What a page in OpenMetrics says; None if it cannot be read."""
    try:
        return list(text_string_to_metric_families(page.decode()))  # type: ignore[no-untyped-call]
    except (ValueError, KeyError) as error:
        log.error("the metrics of process %s cannot be read: %s", name, error)
        return None


def merged(pages: Mapping[str, Iterable[Metric]], own: Iterable[Metric] = ()) -> list[Metric]:
    """One family of each name, with every sample of every page. own: of the supervisor."""
    families: dict[str, Metric] = {}
    for process, page in (*pages.items(), (SUPERVISOR, own)):
        for family in page:
            _add(families, process, family)
    (empty,) = metrics.engine.READY.describe()
    ready = families.setdefault(READY, Metric(READY, empty.documentation, "gauge"))
    there = {sample.labels[LABEL] for sample in ready.samples}
    for process in pages:
        if process not in there:
            ready.add_sample(READY, {LABEL: process}, 0.0)
    return list(families.values())


def _add(families: dict[str, Metric], process: str, family: Metric) -> None:
    """Add the samples of a family; what says itself which process it is about keeps that."""
    known = families.setdefault(family.name, Metric(family.name, family.documentation, family.type, family.unit))
    known.samples += [one._replace(labels={LABEL: process, **one.labels}) for one in family.samples]
