"""The outage drill: what an SRE sees, and when, of each way in which callbacks stop going out."""

import pytest

from tests.observed.drill import Row, make
from tests.observed.faults import DRILL
from tests.observed.rig import Rig

pytestmark = [pytest.mark.kafka, pytest.mark.observed]


@pytest.mark.timeout(900)
def test_each_outage_is_seen_by_health_and_by_an_alert_with_a_runbook_and_both_are_well_after_it(
    rig: Rig, measured: list[Row]
) -> None:
    for faults in DRILL:
        made = make(rig, faults)
        measured += made.rows
        assert [row.alert for row in made.rows if row.read is None] == [], "alerts without a page"
        assert made.unexpected == set(), faults
