"""`make test` runs tests side by side, in more processes than there are cores, since many of them wait.

Each process takes one unit after the other. The tests of one server that is made for them (`MADE_ONCE`) are a unit, and
so are the quick tests of a module; a test that needs a real Kafka, or has a timeout of its own, is a unit by itself.
As long as there is something else to run, one process runs that: all of them on Kafka would only wait for each other.
What may take longest comes first.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.shared_kafka import Owner, SharedKafka, asked_for, own_kafka

MADE_ONCE = ("secured", "strict", "without", "brokers", "image")
"""Fixtures that start a server, or build an image, for all tests of a folder or a module."""
PROCESSES_MAX = 8
KAFKA = "kafka:"
"""How the name of a unit begins whose tests need a real Kafka."""

UNITS = pytest.StashKey[Path]()
OWNER = pytest.StashKey[Owner]()


class InUnits(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process its next unit."""

    def schedule(self) -> None:
        """Begin, when all processes have collected the same tests."""
        self._units: dict[str, str] = json.loads(self.config.stash[UNITS].read_text())
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]

    def _assign_work_unit(self, node: WorkerController) -> None:
        busy = [other for other in self.nodes if other is not node and self._is_on_kafka(other)]
        wanted = len(busy) < self.numnodes - 1
        unit = next((name for name in self.workqueue if name.startswith(KAFKA) == wanted), next(iter(self.workqueue)))
        self.workqueue.move_to_end(unit, last=False)
        super()._assign_work_unit(node)

    def _is_on_kafka(self, node: WorkerController) -> bool:
        units = self.assigned_work[node].items()
        return any(name.startswith(KAFKA) and not all(tests.values()) for name, tests in units)


def pytest_configure(config: pytest.Config) -> None:
    """Of the process that starts the others: prepare what these share."""
    if is_apart(config) or config.getoption("dist", "no") == "no":
        return
    folder = tempfile.TemporaryDirectory(prefix="ringback-tests-")
    config.add_cleanup(folder.cleanup)
    config.stash[UNITS] = Path(folder.name) / "units.json"
    config.stash[OWNER] = Owner()
    config.add_cleanup(config.stash[OWNER].stop)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a process where to find what is shared."""
    node.workerinput["units"] = str(node.config.stash[UNITS])
    node.workerinput["owner"] = node.config.stash[OWNER].address


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` is here."""
    return min(2 * (os.cpu_count() or 1), PROCESSES_MAX)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InUnits | None:
    """Ours for `--dist loadscope`."""
    return InUnits(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests into units, the longest first; one of the processes tells who schedules them."""
    if not is_apart(config):
        return
    usual_s = float(config.getini("timeout"))
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(_unit(item), []).append(item)
    in_order = sorted(units.values(), key=lambda unit: -max(_timeout_s(item, usual_s) for item in unit))
    items[:] = [item for unit in in_order for item in unit]
    if _input(config)["workerid"] == "gw0":
        names = {item.nodeid: name for name, unit in units.items() for item in unit}
        Path(_input(config)["units"]).write_text(json.dumps(names))


@contextmanager
def shared_kafka(config: pytest.Config) -> Iterator[SharedKafka]:
    """The Kafka of all processes, or of this one if it runs the tests alone."""
    if is_apart(config):
        yield asked_for(_input(config)["owner"])
    else:
        with own_kafka() as kafka:
            yield kafka


def is_apart(config: pytest.Config) -> bool:
    """Whether this process was started to run tests beside others."""
    return hasattr(config, "workerinput")


def _input(config: pytest.Config) -> dict[str, Any]:
    given: dict[str, Any] = config.workerinput  # type: ignore[attr-defined]
    return given


def _unit(item: pytest.Item) -> str:
    kafka = item.get_closest_marker("kafka") is not None
    shared = [name for name in MADE_ONCE if name in getattr(item, "fixturenames", ())]
    if shared:
        name = shared[0]
    elif kafka or item.get_closest_marker("timeout") is not None:
        name = item.nodeid
    else:
        name = item.nodeid.partition("::")[0]
    return KAFKA + name if kafka else name


def _timeout_s(item: pytest.Item, usual_s: float) -> float:
    marker = item.get_closest_marker("timeout")
    return usual_s if marker is None else float(marker.args[0])
