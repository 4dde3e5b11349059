"""What all tests share: one real Kafka for the session, a topic prefix for each test, and no silent skips in CI.

And that they do not depend on who calls them: programs that tests start inherit none of the caller's habits.
"""

import os
import signal
import sys
import uuid
from collections.abc import Iterator

import hypothesis
import pytest

from streams.base.zone_data import use_package_zones
from tests.shared_kafka import SharedKafka
from tests.side_by_side import (
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_configure_node,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
    shared_kafka,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_xdist_auto_num_workers",
    "pytest_xdist_make_scheduler",
]

CI = bool(os.environ.get("CI"))
PYTHON_HABITS = ("PYTHONIOENCODING", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE", "COLUMNS")
"""Without compiled modules each of the hundreds of programs that tests start would compile a second for itself."""

# `nohup make test &`, or a supervisor, may have them ignored or blocked.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD):
    signal.signal(number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())
os.umask(0o022)

for name in list(os.environ):
    if name.startswith("RINGBACK_") or name in PYTHON_HABITS:
        del os.environ[name]
sys.dont_write_bytecode = False
# A proxy is not for what runs on this machine.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1,localhost,::1")))

# The zones of the locked package, so that a test says the same on every machine; workers have no others to choose from.
use_package_zones()
os.environ["PYTHONTZPATH"] = ""

# In CI the same examples every time, so that a failure is about the change and can be seen again.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile("ci" if CI else "dev")


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[SharedKafka]:
    """A real Kafka on a free port; stopped when all tests have ended."""
    with shared_kafka(pytestconfig) as shared:
        yield shared


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test uses, so that tests can share the Kafka."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a test that skips itself has not shown what it claims."""
    report = yield
    return _not_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """The same for a whole module that skips itself."""
    report = yield
    return _not_skipped(report)


def _not_skipped(report):
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in CI: {report.longrepr}"
    return report
