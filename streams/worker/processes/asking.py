"""Asking every process for a page of its own, all at once and never for long."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from streams.worker.binding import LOOPBACK
from streams.worker.processes.process import Standing

PROBE_S = 1.5
"""Probes of Kubernetes wait for two seconds, as docs/operate.md has them."""
PAGE_S = 4.0
"""Prometheus waits for ten."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a process answered: the status of HTTP, and the body."""

    status: int
    body: bytes


def ask_all(
    standings: Sequence[Standing], path: str, timeout_s: float, headers: Mapping[str, str] | None = None
) -> list[tuple[Standing, Reply | None]]:
    """The reply of each process; None: it does not listen, or has not answered in time."""
    with ThreadPoolExecutor(max_workers=len(standings)) as threads:
        replies = threads.map(lambda one: _ask(one.port, path, timeout_s, headers or {}), standings)
        return list(zip(standings, replies, strict=True))


def _ask(port: int | None, path: str, timeout_s: float, headers: Mapping[str, str]) -> Reply | None:
    if port is None:
        return None
    connection = HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        return Reply(response.status, response.read())
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
