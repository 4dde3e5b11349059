"""quixstreams hosting Ringback's core: exactly once, its own RocksDB and changelog."""

from pathlib import Path
from typing import Any

from benchmarks.peers.hosted import HostedCore
from benchmarks.peers.peer import Place, place_told
from streams.logic.contact.exchange import Record
from topics.names import TopicName

STORE = "default"
ROW = "row"
COMMIT_EVERY_S = 1.0
"""Its own default of 5 s would let a command wait for as long."""
LINGER_MS = 20


def rows(place: Place) -> str:
    """The changelog of its store, as it names it."""
    return f"changelog__{place.group}--{place.topic(TopicName.WRAP_UP)}--{STORE}"


def contact(key: bytes) -> bytes:
    """The contact's key: the store puts it before its own one."""
    return key.rpartition(b"|")[0]


def main() -> None:
    """Process wrap-ups until the process is stopped."""
    from quixstreams import Application, State, message_context
    from quixstreams.models import Serializer

    class ValueOfRecord(Serializer):  # type: ignore[misc]
        def __call__(self, value: Record, ctx: Any) -> bytes | None:
            return value.value

    place = place_told()
    core = HostedCore(place.workload)
    app = Application(
        broker_address=place.broker,
        consumer_group=place.group,
        auto_offset_reset="earliest",
        loglevel="WARNING",
        state_dir=Path(place.folder) / "state",
        commit_interval=COMMIT_EVERY_S,
        producer_extra_config={"linger.ms": LINGER_MS},
        processing_guarantee="exactly-once",
    )
    source = app.topic(place.topic(TopicName.WRAP_UP), value_deserializer="bytes", key_deserializer="bytes")
    sinks = {
        name: app.topic(place.topic(name), value_serializer=ValueOfRecord(), key_serializer="bytes")
        for name in (TopicName.CALLBACK_LIFECYCLE, TopicName.OUTSTANDING_CALLBACKS)
    }

    def apply(value: bytes, key: bytes, timestamp: int, headers: Any, state: State) -> list[Any]:
        at = message_context()
        row, records = core.apply(at.partition, at.offset, key, value, timestamp, state.get_bytes(ROW))
        state.set_bytes(ROW, row)
        return records

    (
        app.dataframe(source)
        .apply(apply, stateful=True, metadata=True, expand=True)
        .to_topic(lambda record, *_: sinks[record.topic])
    )
    app.run()


if __name__ == "__main__":
    main()
