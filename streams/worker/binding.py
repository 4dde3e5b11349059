"""Where the HTTP endpoints are bound when nobody says: where probes and scrapes come from.

Source: docs/decisions/0050-health-of-a-worker.md.
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from streams.base.settings import AUTO

LOOPBACK = "127.0.0.1"
MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman put into a container."""
VARIABLES = ("KUBERNETES_SERVICE_HOST", "container")
"""Kubernetes sets the first; the second is systemd's convention for managers of containers, such as Podman."""


def bound_host(wanted: str) -> str:
    """The address to bind for the setting `metrics_host`."""
    if wanted != AUTO:
        return wanted
    if not in_container(os.environ, MARKS):
        return LOOPBACK
    return "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104  (nobody reaches a loopback in a container)


def in_container(environ: Mapping[str, str], marks: tuple[Path, ...]) -> bool:
    """Whether this process runs in a container: its loopback is its own, and probes come from outside."""
    return any(environ.get(name) for name in VARIABLES) or any(mark.exists() for mark in marks)
