"""Each alert fires by its real fault, and clears when that is repaired; and no other alert fires then."""

from collections.abc import Sequence

import pytest

from tests.observed.drill import Row, make
from tests.observed.faults import ALONE, FAULTS, HOURS, SMALL, Fault
from tests.observed.rig import Rig

GROUPS = [
    *(pytest.param((one,), id=one.name) for one in ALONE),
    pytest.param(SMALL, id="small ones"),
    pytest.param(HOURS, id="windows of hours"),
]


def test_every_alert_has_a_fault_that_raises_it() -> None:
    from grafana.ringback_rules import ALERTS

    assert {alert.name for alert in ALERTS} == {alert for fault in FAULTS for alert in fault.alerts}


@pytest.mark.kafka
@pytest.mark.observed
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("faults", GROUPS)
def test_an_alert_fires_by_its_fault_and_clears_by_the_repair(
    rig: Rig, measured: list[Row], faults: Sequence[Fault]
) -> None:
    made = make(rig, faults)
    measured += made.rows
    assert [row.alert for row in made.rows if row.read is None] == [], "alerts without a page"
    assert made.unexpected == set()
