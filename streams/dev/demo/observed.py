"""The demo's worker under observation: a Prometheus that scrapes it, with the alert rules, and where to look."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from streams.dev.broker.java import free_ports
from streams.dev.observe import Prometheus, prometheus_command, rule_files
from streams.dev.observe.prometheus import HOST

INTERVAL_S = 2.0
"""Between two scrapes: a story lasts for less than a minute."""


class Observation:
    """What is needed for it, found before anything is started. Raises OperatorError when something is missing."""

    def __init__(self) -> None:
        prometheus_command()
        self._rules = rule_files()
        (self.metrics_port,) = free_ports(HOST, 1)
        """For the worker."""

    def prometheus(self, folder: Path) -> AbstractContextManager[Prometheus]:
        """A Prometheus that scrapes the worker, with its data in `folder`."""
        return Prometheus(folder, [f"{HOST}:{self.metrics_port}"], self._rules, INTERVAL_S)

    def tell(self, prometheus: Prometheus, say: Callable[[str], None]) -> None:
        """Say where to look, a line each."""
        worker = f"http://{HOST}:{self.metrics_port}"
        say(f"Prometheus scrapes the worker every {INTERVAL_S:g} s and has the alert rules loaded:")
        for what, url in prometheus.pages().items():
            say(f"  {what:<7} {url}")
        say(f"  worker  {worker}/metrics {worker}/readyz {worker}/status")
