"""What a worker's `/metrics` says."""

from prometheus_client.parser import text_string_to_metric_families

from streams.dev.local import LocalWorker


def counted(worker: LocalWorker, metric: str, **labels: str) -> float:
    """The sum of a metric's series that have these labels."""
    families = text_string_to_metric_families(worker.metrics())
    samples = [sample for family in families for sample in family.samples if sample.name == metric]
    assert samples, metric
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())
