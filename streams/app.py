"""The Faust app: which settings it runs with, and how its rebalances reach the partition engines.

Faust gives the consumer group, co-partitioned assignment and the agents; state, output and offsets are the engines'.
"""

from collections.abc import Iterable
from typing import Any, cast

import faust
from faust.assignor import PartitionAssignor
from faust.tables import TableManager
from faust.types import TP, AppT
from mode import Seconds

from streams.base.settings import Settings
from streams.engine.engines import Engines
from streams.faust_edge.consumer import Consumer, Transport
from streams.kafka.clients import Clients

REQUEST_TIMEOUT_S = 90.0
HEARTBEATS = 5  # In a session, and in the time that a rebalance waits: a member hears of it by its heartbeat.
RECORDS_PER_FETCH_MAX = 2000
BATCHES_QUEUED_MAX = 16  # Batches of up to 1 MB, not events: more would only be older when their turn comes.


class NoTables(TableManager):
    """Faust sleeps for a second until tables are declared; there are none of its own, and a restart should not wait."""

    async def sleep(self, n: Seconds) -> None:
        """Go on at once."""
        await super().sleep(0)


class Assignor(PartitionAssignor):
    """Faust's co-partitioning assignor without replicas: only then has it every worker share in the partitions.

    With them it fills workers up to the greatest share, and a third worker would get none of four partitions.
    """

    def __init__(self, app: AppT, replicas: int = 0) -> None:
        super().__init__(app, replicas=0)


class App(faust.App):
    """A Faust app that knows its partition engines."""

    clients: Clients
    engines: Engines

    async def on_first_start(self) -> None:
        """Do nothing: Faust would make a folder for its tables, of which there are none, and keep nothing in it."""


def create_app(settings: Settings, clients: Clients, engines: Engines, url: str) -> App:
    """The app for `settings`; `url` is this worker's own address, by which the assignor distinguishes workers."""
    app = App(
        settings.app,
        broker=[f"kafka://{address.strip()}" for address in settings.broker.split(",")],
        broker_credentials=_credentials(clients),
        broker_request_timeout=max(REQUEST_TIMEOUT_S, settings.session_timeout_s),
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=min(settings.session_timeout_s, settings.rebalance_timeout_s) / HEARTBEATS,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_max_poll_records=RECORDS_PER_FETCH_MAX,
        consumer_group_instance_id=settings.instance_id,
        consumer_auto_offset_reset="earliest",
        canonical_url=url,
        web_enabled=False,
        store="memory://",
        # No table of Faust's own: a replica count above 0 is what keeps its co-partitioning assignor without one.
        table_standby_replicas=1,
        TableManager=NoTables,
        PartitionAssignor=Assignor,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=BATCHES_QUEUED_MAX,
        # An agent that raises has met a broken engine: nothing may go on after it.
        agent_supervisor="mode.CrashingSupervisor",
        worker_redirect_stdouts=False,
    )
    app.clients, app.engines = clients, engines
    app.transport = Transport(list(app.conf.broker_consumer), app)
    app.on_partitions_revoked.connect(cast(Any, _on_revoked))
    app.on_partitions_assigned.connect(cast(Any, _on_assigned))
    return app


def _credentials(clients: Clients) -> Any:
    options = clients.options()
    if "sasl_oauth_token_provider" in options:
        return faust.OAuthCredentials(
            oauth_cb=options["sasl_oauth_token_provider"], ssl_context=options.get("ssl_context")
        )  # fmt: skip
    if "sasl_mechanism" in options:
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=options.get("ssl_context"),
        )
    return faust.SSLCredentials(context=options["ssl_context"]) if "ssl_context" in options else None


async def _on_revoked(app: App, revoked: Iterable[TP], **_: object) -> None:
    """Every rebalance takes everything away first; who keeps what is known when it is over."""
    await app.engines.suspend()


async def _on_assigned(app: App, assigned: Iterable[TP], **_: object) -> None:
    """A new assignment. The consumer holds each partition back until its engine has it."""
    partitions = {tp.partition for tp in assigned if tp.topic in app.engines.topics}
    consumer = cast(Consumer, app.consumer)
    await app.engines.assign(partitions, app.consumer_generation_id, consumer.resume_source, consumer.rejoin)
