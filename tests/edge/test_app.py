"""The Faust app: what it tells the group."""

import pytest

from streams.app import create_app
from streams.base.settings import make
from streams.engine.engines import Engines
from streams.kafka.clients import Clients
from tests.edge.kafka_in_memory import around


@pytest.mark.parametrize("session_s", [1, 6, 45, 1800])
@pytest.mark.parametrize("rebalance_s", [1, 6, 20, 1800])
async def test_a_member_hears_of_a_rebalance_well_before_the_group_stops_waiting_for_it(session_s, rebalance_s):
    """Else two members throw each other out for ever, whenever a session is much longer than a rebalance may take."""
    settings = make(session_timeout_s=session_s, rebalance_timeout_s=rebalance_s)
    engines = Engines(settings, ["ringback.wrap-up"], 4, around(), lambda *_: None)
    conf = create_app(settings, Clients(settings), engines, "http://a:1").conf

    assert conf.broker_heartbeat_interval <= min(session_s, rebalance_s) / 3
