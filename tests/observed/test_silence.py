"""No page without an outage: what belongs to every day raises no alert, at any interval of scrapes that people use."""

import time
from contextlib import ExitStack
from pathlib import Path
from signal import Signals

import pytest

from tests.observed.api import Api, until
from tests.observed.conftest import HOURS, TENTH
from tests.observed.rig import WORKERS, Rig

pytestmark = [pytest.mark.kafka, pytest.mark.observed, pytest.mark.long]

INTERVALS_S = (1.0, 3.0, 6.0)
"""A tenth of 10, 30 and 60 s."""
RATE = 0.5
"""A restart takes as long as ever, while the rules have a tenth of their time: at a higher rate its late callbacks
would be a share of the error budget that they are not at full length."""
UNSEEN_S = 2 * max(INTERVALS_S)
EVER = 'count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))'


@pytest.mark.timeout(600)
def test_a_worker_that_joins_leaves_or_is_started_again_raises_no_alert_at_scrapes_of_10_30_and_60_seconds(
    prometheus: None, tmp_path: Path
) -> None:
    with Rig(tmp_path, TENTH, HOURS) as rig, ExitStack() as stack:
        apis = [rig.api, *(stack.enter_context(rig.observed(TENTH, interval_s)) for interval_s in INTERVALS_S[1:])]
        with rig.loaded(RATE):
            time.sleep(UNSEEN_S)
            rig.add_worker()
            rig.scrape(WORKERS + 1)
            rig.wait_ready()
            time.sleep(UNSEEN_S)
            rig.workers[WORKERS].signal(Signals.SIGUSR1)
            rig.leave(WORKERS)
            rig.scrape(WORKERS)
            rig.wait_ready()
            for number in range(WORKERS):
                rig.restart(number)
                time.sleep(UNSEEN_S)
        # What would fire after the longest `for` of a page has had its chance.
        time.sleep(300 * TENTH)
        assert {interval_s: _fired(api) for interval_s, api in zip(INTERVALS_S, apis, strict=True)} == {
            interval_s: [] for interval_s in INTERVALS_S
        }
        rig.kill(0, 1)
        rig.down |= {0, 1}
        for api in apis:  # They are able to fire.
            until(lambda: "RingbackAllWorkersDown" in _fired(api), 120, api.alerts)  # noqa: B023


def _fired(api: Api) -> list[str]:
    """The alerts that have fired at any time."""
    return sorted(labels["alertname"] for labels, _ in api.query(EVER))
