"""Ringback's worker as it is shipped."""

import os
import sys
from collections.abc import Callable

from benchmarks.peers.peer import Place
from streams.base.settings import CONFIG_VARIABLE, ENV_PREFIX
from topics.names import TopicName


def command(processes: int = 1) -> Callable[[Place], list[str]]:
    """`ringback worker`, with so many processes."""
    more = ["--processes", str(processes)] if processes > 1 else []
    return lambda _: [sys.executable, "-m", "streams", "worker", *more]


def environment(place: Place) -> dict[str, str]:
    """Its settings, which are the defaults but for where it works."""
    settings = {
        "broker": place.broker,
        "prefix": place.prefix,
        "app": place.group,
        "state_dir": str(place.state()),
        "metrics_host": "127.0.0.1",
        "metrics_port": "0",
        "log_format": "json",
    }
    return {ENV_PREFIX + name.upper(): value for name, value in settings.items()}


def rows(place: Place) -> str:
    """Its changelog."""
    return place.topic(TopicName.CONTACT_STATE)


def inherited() -> dict[str, str]:
    """The environment of this process, without settings of Ringback."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX) and name != CONFIG_VARIABLE
    }
