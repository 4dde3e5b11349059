"""Plain Faust hosting Ringback's core: an agent and a table in RocksDB with its changelog. At least once.

Faust's own exactly_once sends to topics that its consumer does not read by a producer without transactions, so the
commands would not be part of the transaction: it is measured as it can be used.
"""

from typing import Any

from benchmarks.peers.hosted import HostedCore
from benchmarks.peers.peer import Place, place_told
from topics.names import TopicName

TABLE = "rows"
LINGER_S = 0.02
BATCH_BYTES = 256 * 1024


def rows(place: Place) -> str:
    """The changelog of its table, as Faust names it."""
    return f"{place.group}-{TABLE}-changelog"


def app_of(place: Place) -> Any:
    """The app, with what is not the default."""
    import faust

    return faust.App(
        place.group,
        broker=f"kafka://{place.broker}",
        store="rocksdb://",
        datadir=str(place.state()),
        topic_partitions=place.workload.partitions,
        web_enabled=False,
        producer_linger=LINGER_S,
        producer_max_batch_size=BATCH_BYTES,
    )


def main() -> None:
    """Process wrap-ups until the process is stopped."""
    import faust

    place = place_told()
    core, app = HostedCore(place.workload), app_of(place)
    names = (TopicName.CALLBACK_LIFECYCLE, TopicName.OUTSTANDING_CALLBACKS)
    raw: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    sinks = {name: app.topic(place.topic(name), **raw) for name in names}
    source = app.topic(place.topic(TopicName.WRAP_UP), **raw)
    table = app.Table(
        TABLE, key_type=bytes, value_type=bytes, partitions=place.workload.partitions, options={"driver": "rocksdict"}
    )
    table.key_serializer = table.value_serializer = "raw"  # A table has no argument for it.

    @app.agent(source)  # type: ignore[untyped-decorator]
    async def decide(stream: Any) -> None:
        async for event in stream.events():
            at = event.message
            row = table.get(event.key)
            table[event.key], records = core.apply(
                at.partition, at.offset, event.key, event.value, int(1000 * at.timestamp), row
            )
            for record in records:
                await sinks[TopicName(record.topic)].send(key=record.key, value=record.value)

    # From WARNING on, Faust draws a spinner, and for it has every line of DEBUG made: that would not be fair.
    faust.Worker(app, loglevel="INFO").execute_from_commandline()


if __name__ == "__main__":
    main()
