"""The metrics of several processes as one page: nothing is lost, added or mixed up."""

import socket
from collections import Counter as Count
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from streams.base import metrics
from streams.base.metrics.ages import Ages
from streams.worker import http
from streams.worker.health import Health
from streams.worker.processes.pages import AllMetrics, merged, parsed
from streams.worker.processes.process import Standing

NOW = datetime(2026, 11, 27, 5, 30, tzinfo=UTC)
OPEN = "application/openmetrics-text; version=1.0.0"
WELL = Health(list, [])


def registry(commands: int, partition: int, late_s: float) -> CollectorRegistry:
    """What one process shows: one metric of each kind that there is."""
    made = CollectorRegistry()
    Counter("ringback_commands_total", "Commands.", ["topic"], registry=made).labels("dial-preview").inc(commands)
    Gauge("ringback_callbacks_outstanding", "Callbacks.", ["partition"], registry=made).labels(partition).set(commands)
    lateness = Histogram("ringback_lateness_seconds", "Late.", ["cause"], buckets=(0.1, 1), registry=made)
    lateness.labels("none").observe(late_s, {"command_id": f"c{partition}"})
    Ages("ringback_overdue_seconds", "Ages.", ["partition"], made).set((partition,), range(9))
    Gauge("ringback_worker_ready", "Ready.", registry=made).set(1)
    return made


def page(of: CollectorRegistry) -> bytes:
    text: bytes = generate_latest(of)
    return text


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)
    found = [(one.name, frozenset(one.labels.items()), one.value) for family in families for one in family.samples]
    assert len({one[:2] for one in found}) == len(found), "a series stands there twice"
    return {(name, labels): value for name, labels, value in found}


@contextmanager
def served(*registries: CollectorRegistry | None) -> Iterator[int]:
    """The port of the page of all; None: a process that is not there."""
    with ExitStack() as stack:
        known = []
        for number, one in enumerate(registries, 1):
            port = None
            if one is not None:
                port = stack.enter_context(http.serve("127.0.0.1", 0, WELL, dict, one)).port
            known.append(Standing(str(number), NOW, None if port is None else 1, port))
        yield stack.enter_context(served_of(known))


@contextmanager
def served_of(standings: list[Standing]) -> Iterator[int]:
    every = CollectorRegistry()
    every.register(AllMetrics(lambda: standings))
    with http.serve("127.0.0.1", 0, WELL, dict, every) as server:
        yield server.port


def get(port: int, accept: str = OPEN, path: str = "/metrics") -> tuple[str, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Accept": accept})
    response = connection.getresponse()
    assert response.status == 200
    return response.headers["Content-Type"], response.read().decode()


def test_every_series_of_every_process_is_on_the_page_with_its_value_and_the_number_of_its_process():
    made = [registry(3, 0, 0.05), registry(5, 1, 0.5)]
    with served(*made) as port:
        found = samples(get(port)[1])
    for number, one in enumerate(made, 1):
        for (name, labels), value in samples(page(one).decode()).items():
            assert found.pop((name, labels | {("process", str(number))})) == value
    of_others = {name for name, labels in found if ("process", "supervisor") not in labels}
    assert of_others <= {"ringback_process_up", "ringback_process_restarts_total"}


def test_the_page_of_a_real_worker_survives_the_way_through_the_supervisor():
    metrics.callbacks.COMMANDS.labels("dial-preview").inc()
    families = parsed("1", page(metrics.REGISTRY))
    assert families is not None
    text = page(Fixed(merged({"1": families})))  # type: ignore[arg-type]
    before, after = samples(page(metrics.REGISTRY).decode()), samples(text.decode())
    assert len(before) > 500
    moving = ("process_", "python_gc", "ringback_loop")
    for (name, labels), value in before.items():
        found = after.pop((name, labels | {("process", "1")}))
        assert name.startswith(moving) or found == value, name
    assert not after


class Fixed:
    """A registry that has these families."""

    def __init__(self, families: list[Any]) -> None:
        self.families = families

    def collect(self) -> list[Any]:
        return self.families


def test_sums_over_the_page_are_the_sums_over_the_processes():
    with served(registry(3, 0, 0.05), registry(5, 1, 0.5)) as port:
        found = samples(get(port)[1])
    sums: Count[str] = Count()
    for (name, labels), value in found.items():
        bucket = next((f"{{{at}}}" for label, at in labels if label == "le"), "")
        sums[name + bucket] += value  # type: ignore[assignment]
    assert sums["ringback_commands_total"] == 8
    assert sums["ringback_callbacks_outstanding"] == 8
    assert sums["ringback_lateness_seconds_count"] == 2
    assert [sums[f"ringback_lateness_seconds_bucket{{{bound}}}"] for bound in ("0.1", "1.0", "+Inf")] == [1, 2, 2]


def test_each_family_stands_there_once_and_exemplars_are_kept_for_whoever_asks_for_openmetrics():
    with served(registry(3, 0, 0.05), registry(5, 1, 0.5)) as port:
        kind, text = get(port)
        plain_kind, plain = get(port, "text/plain")
    assert kind.startswith("application/openmetrics-text") and plain_kind.startswith("text/plain")
    for one in (text, plain):
        names = [line.split()[2] for line in one.splitlines() if line.startswith("# TYPE ")]
        assert len(names) == len(set(names))
    assert '# {command_id="c0"} 0.05' in text and '# {command_id="c1"} 0.5' in text
    assert "command_id" not in plain and 'ringback_commands_total{process="2",topic="dial-preview"} 5.0' in plain


def test_whoever_names_a_metric_gets_that_one_alone():
    with served(registry(3, 0, 0.05), registry(5, 1, 0.5)) as port:
        found = samples(get(port, path="/metrics?name[]=ringback_process_up")[1])
    assert {name for name, _ in found} == {"ringback_process_up"}


def test_a_process_that_is_not_there_is_down_and_not_ready_on_the_page_and_the_others_are_shown():
    with served(registry(3, 0, 0.05), None) as port:
        found = samples(get(port)[1])
    gone, there = ("process", "2"), ("process", "1")
    assert found["ringback_process_up", frozenset({gone})] == found["ringback_worker_ready", frozenset({gone})] == 0
    assert found["ringback_process_up", frozenset({there})] == found["ringback_worker_ready", frozenset({there})] == 1
    shown = {name for name, labels in found if gone in labels}
    assert shown - {"ringback_process_restarts_total"} == {"ringback_process_up", "ringback_worker_ready"}


def test_a_process_that_takes_a_connection_and_says_nothing_does_not_hold_up_the_page(monkeypatch):
    monkeypatch.setattr("streams.worker.processes.pages.PAGE_S", 0.2)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, served_of([Standing("1", NOW, 1, silent.getsockname()[1])]) as port:
        found = samples(get(port)[1])
    assert found["ringback_process_up", frozenset({("process", "1")})] == 0


@pytest.mark.parametrize("body", [b"\xff", b"not a page", b"# TYPE a counter\na_total x\n# EOF\n"])
def test_a_page_that_cannot_be_read_counts_as_none(body):
    assert parsed("1", body) is None
