"""Pieces of PromQL: which series are asked, and how those of several workers are added up.

An installation is one `cluster`, `namespace` and `job`; a label that Prometheus does not have is empty, and matches.
After a rebalance two workers may show the same partition until the next scrape, so a sum over partitions takes the
larger of the two first.
"""

from streams.base import metrics

INSTALLATION = ("cluster", "namespace", "job")
EVERY_WORKER = tuple(f'{label}=~"${label}"' for label in INSTALLATION)
"""Matchers of all workers of the chosen installations: of what only all of them together can say."""
CHOSEN_WORKERS = (*EVERY_WORKER, 'instance=~"$instance"')

LABELS = {one._name: tuple(one._labelnames) for one in metrics.PER_PARTITION}
"""Of each gauge that there is for each partition."""

OWN_CAUSES = 'cause=~"none|backlog|outage|acquisition"'
"""Delays that are the workers' own; all others are what a campaign, a rule or a person asked for."""
WITHIN_OBJECTIVE = 'le="1.0"'
"""The objective: a command within a second of the due time."""


def series(metric: str, *matchers: str, every: bool = False) -> str:
    """The series of a metric of the chosen workers; `every`: of all workers of the chosen installations."""
    return f"{metric}{{{', '.join((*(EVERY_WORKER if every else CHOSEN_WORKERS), *matchers))}}}"


def by(labels: tuple[str, ...]) -> str:
    """` by (…)`, or nothing for no labels."""
    return f" by ({', '.join(labels)})" if labels else ""


def rate(metric: str, *matchers: str, group: tuple[str, ...] = ()) -> str:
    """Events a second of a counter of all chosen workers, by the labels of `group`."""
    return f"sum{by(group)} (rate({series(metric, *matchers)}[$__rate_interval]))"


def increase(metric: str, *matchers: str, group: tuple[str, ...] = (), over: str = "$__rate_interval") -> str:
    """By how much a counter grew in a time, over all chosen workers."""
    return f"sum{by(group)} (increase({series(metric, *matchers)}[{over}]))"


def seen(metric: str, *matchers: str, group: tuple[str, ...]) -> str:
    """As `increase`, of those series alone that grew in the shown time, so that a legend has what happened."""
    grew = increase(metric, *matchers, group=group, over="$__range")
    return f"{increase(metric, *matchers, group=group)} and ({grew} > 0)"


def labels_of(metric: str) -> tuple[str, ...]:
    """The labels of a metric, as workers declare it."""
    name = metric.removesuffix("_bucket")
    found: tuple[str, ...] = LABELS[name]
    return (*found, "le") if name != metric else found


def once(metric: str, *matchers: str, group: tuple[str, ...] = (), every: bool = False) -> str:
    """Each partition's value of a gauge, once, for each of its other labels: the larger, where two workers show it."""
    labels = tuple(dict.fromkeys((*INSTALLATION, "partition", *labels_of(metric), *group)))
    return f"max{by(labels)} ({series(metric, *matchers, every=every)})"


def total(metric: str, *matchers: str, group: tuple[str, ...] = (), every: bool = False) -> str:
    """The sum of a gauge over partitions, each counted once."""
    return f"sum{by(group)} ({once(metric, *matchers, group=group, every=every)})"


def highest(metric: str, *matchers: str, group: tuple[str, ...] = (), every: bool = False) -> str:
    """The largest value of a gauge."""
    return f"max{by(group)} ({series(metric, *matchers, every=every)})"


def quantile(share: float, histogram: str, *matchers: str, group: tuple[str, ...] = ()) -> str:
    """A quantile of what a histogram counted; no series, and not NaN, while it counted nothing."""
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', *matchers, group=('le', *group))}) >= 0"


def missing(expected: str, held: str) -> str:
    """`expected` less `held`, by installation; what nothing holds counts as 0."""
    return f"{expected} - ({held} or {expected} * 0)"


def of_workers(metric: str, query: str = "{}") -> str:
    """A metric that every process has, of workers alone; `query` is what is asked of its series."""
    workers = series("ringback_info")
    return f"({query.format(series(metric))} and on (cluster, namespace, job, instance, process) {workers})"
