"""The rig that the tests of alerts share, and the table of what they measured."""

import shutil
from collections.abc import Iterator

import pytest

from tests.observed.drill import Row, table
from tests.observed.rig import Rig

TENTH = 0.1
HOURS = 0.002
"""Three days are nine minutes then, and six hours less than one."""


UNIT = 50
"""Events of a transaction: a backlog of minutes need not be of a million events."""


@pytest.fixture(scope="session")
def prometheus() -> None:
    """Skip where it is not installed."""
    if shutil.which("prometheus") is None:
        pytest.skip("alerts are evaluated by the program prometheus, which this machine does not have")


@pytest.fixture(scope="session")
def rig(prometheus: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two workers under a load, with rules of a tenth of their length."""
    with Rig(tmp_path_factory.mktemp("rig"), TENTH, HOURS, settings={"unit_events_max": UNIT}) as made:
        made.load.rate = 2
        yield made


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config) -> Iterator[list[Row]]:
    """What was measured; shown at the end."""
    rows: list[Row] = []
    yield rows
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{table(rows)}")
