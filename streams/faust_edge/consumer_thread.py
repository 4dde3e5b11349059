"""The thread that owns the connection of Faust's consumer: what is asked of it is answered there, or known already."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from streams.kafka.clients import Clients
from streams.kafka.fetched import leader_epoch_of
from streams.library_internals.aiokafka import group_member
from streams.library_internals.faust.consumer import OpenThread

FETCH_WAIT_MS = 500  # Faust's 1,500 ms would be the wait for the first record after a seek.
NO_OFFSET = OffsetAndMetadata(0, "")


class ConsumerThread(OpenThread):
    """Reads committed records only, does not wait long for the first of them, and keeps an idle member in its group."""

    def make_client(self) -> Any:
        """The member of the group, as the app is configured; beside that, what Faust has no setting for."""
        conf = self.app.conf
        return cast(Clients, self.app.clients).consumer(  # type: ignore[attr-defined]
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=[self.app.assignor],
            enable_auto_commit=False,
            auto_offset_reset=conf.consumer_auto_offset_reset,
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            check_crcs=conf.broker_check_crcs,
        )

    async def idle(self) -> None:
        """Count as alive while there is nothing to fetch: a restore that takes long, a worker without a partition.

        aiokafka takes a consumer that asks for nothing for a hung one; it leaves the group and does not come back.
        """
        group_member.count_as_alive(self.client)

    def ends_beside(self, tp: TP, topics: Iterable[str]) -> dict[str, int]:
        """How far the other topics of the partition go, as of the last fetch of each; nothing is asked.

        0 for one that is read to its end, whatever markers it ends in, or that nothing is known of.
        """
        ends = {}
        for topic in topics:
            state = group_member.state_of(self.client, TP(topic, tp.partition))
            if topic == tp.topic or state is None:
                continue
            is_read = not state.has_valid_position or state.lso is None or state.position >= state.lso
            ends[topic] = 0 if is_read else state.lso
        return ends

    def jumped(self, tp: TP) -> bool:
        """Whether the position was outside of the log, and was set to its beginning; True once."""
        state = group_member.state_of(self.client, tp)
        if not (isinstance(state, group_member.PartitionState) and state.was_reset):
            return False
        state.was_reset = False
        return True

    def end_of(self, topic: str, partition: int) -> int | None:
        """The offset after the last record, as of the last fetch; nothing is asked. None if not known."""
        state = group_member.state_of(self.client_if_started, TP(topic, partition))
        return None if state is None else state.highwater

    def position_of(self, tp: TP) -> int | None:
        """The next offset to be fetched, all before which has been returned; nothing is asked. None if not known."""
        state = group_member.state_of(self.client, tp)
        return state.position if state is not None and state.has_valid_position else None

    def leader_epoch_of(self, tp: TP) -> int | None:
        """In which epoch of its leader the last records were written that were returned; None if not known."""
        return leader_epoch_of(tp.topic, tp.partition)

    def refused(self) -> BaseException | None:
        """What the group answered instead of taking this member; nothing else asks while it has no partition."""
        return group_member.refused(self.client_if_started)

    async def rejoin(self) -> None:
        """Join the group again, so that it assigns the partitions again."""
        group_member.rejoin(self.client)

    def leave_for_good(self) -> None:
        """Leave the group when this member stops, though it has an instance id: it is not coming back."""
        group_member.leave_when_stopped(self.client)

    async def starts(self, tps: list[TP]) -> dict[TP, OffsetAndMetadata]:
        """The committed offsets and what was noted with them; 0 and nothing where there are none."""
        committed: Mapping[Any, OffsetAndMetadata] = await group_member.committed(self.client, tps)
        return {tp: committed.get(tp, NO_OFFSET) for tp in tps}
