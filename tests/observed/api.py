"""The HTTP API of Prometheus, as far as tests ask it."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

POLL_S = 0.2

_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class Alert:
    """One that is pending or firing, with its labels and annotations."""

    name: str
    state: str
    labels: dict[str, str]
    annotations: dict[str, str]


Series = tuple[dict[str, str], float]


@dataclass
class Api:
    """Of the Prometheus at `url`."""

    url: str

    def query(self, expression: str) -> list[Series]:
        """The labels and the value of each series now; a scalar has no labels. Raises ValueError with what is wrong."""
        data = self._get("query", query=expression)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def raw(self, expression: str) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Every sample of a range selector, such as `ringback_commands_total[5m]`, with its time."""
        result = self._get("query", query=expression)["result"]
        return [(one["metric"], [(at, float(value)) for at, value in one["values"]]) for one in result]

    def one(self, expression: str) -> float | None:
        """The value of the only series; None without one. Raises AssertionError when there are several."""
        found = self.query(expression)
        assert len(found) < 2, (expression, found)
        return found[0][1] if found else None

    def alerts(self) -> list[Alert]:
        """Those that are pending or firing."""
        return [
            Alert(one["labels"]["alertname"], one["state"], one["labels"], one["annotations"])
            for one in self._get("alerts")["alerts"]
        ]

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        return {alert.name for alert in self.alerts() if alert.state == "firing"}

    def rules(self) -> list[dict[str, Any]]:
        """Every rule, with its health."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def targets(self) -> dict[str, str]:
        """What is wrong with the latest scrape of each target, by instance; nothing if it is up."""
        targets = self._get("targets", state="active")["activeTargets"]
        return {
            one["labels"]["instance"]: "" if one["health"] == "up" else one["lastError"] or "unknown" for one in targets
        }

    def _get(self, path: str, **arguments: str) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with _open(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{arguments}: {json.load(error)['error']}") from None


def until(done: Callable[[], object], timeout_s: float, what: Callable[[], object] = str) -> float:
    """Wait until `done()`; returns for how many seconds. Raises TimeoutError with `what()`."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > timeout_s:
            raise TimeoutError(f"not within {timeout_s:g} s: {what()}")
        time.sleep(POLL_S)
    return time.monotonic() - began
