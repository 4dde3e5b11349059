"""A consumer as a member of its group: whether it counts as alive, what it was answered, and where it stands.

Faust runs it in a thread of its own. `position` and `last_stable_offset` are public, but one waits for the other
thread, and the other asserts what a rebalance there may have changed: what is needed here is what is known now.
"""

from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition, errors
from aiokafka.consumer import subscription_state
from aiokafka.errors import BrokerResponseError
from aiokafka.structs import OffsetAndMetadata


class PartitionState(subscription_state.TopicPartitionState):  # type: ignore[misc]
    """aiokafka sets a position that is outside of the log to its beginning, and reports it nowhere."""

    was_reset = False

    def await_reset(self, strategy: Any) -> None:
        """Called when the position is not known any more."""
        self.was_reset = self.has_valid_position
        super().await_reset(strategy)

    def seek(self, position: int) -> None:
        """Called when somebody sets the position on purpose."""
        self.was_reset = False
        super().seek(position)


subscription_state.TopicPartitionState = PartitionState


def state_of(consumer: Any, tp: TopicPartition) -> Any:
    """What is known of a partition: `lso`, `highwater`, and `position` if it is valid; None if it is not assigned."""
    subscription = consumer._subscription.subscription if consumer is not None else None
    assignment = None if subscription is None else subscription.assignment
    return assignment.state_value(tp) if assignment is not None and tp in assignment.tps else None


async def committed(consumer: Any, tps: Iterable[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
    """The offsets that the group has committed, as far as it has, with what was noted with each.

    The public `committed` asks for one partition, and leaves out what was noted.
    """
    found: dict[TopicPartition, OffsetAndMetadata] = await consumer._coordinator.fetch_committed_offsets(list(tps))
    return found


def count_as_alive(consumer: Any) -> None:
    """Note that there is somebody who would fetch, for one who has nothing to fetch now.

    `getmany` does the same, but it takes what was fetched ahead, and waits during a rebalance.
    Raises what the group answered.
    """
    consumer._coordinator.check_errors()
    with consumer._subscription.fetch_context():
        pass


def refused(consumer: Any) -> BaseException | None:
    """What the group answered instead of taking this member, if anything; it stays to be raised by the next fetch."""
    error: BaseException | None = getattr(getattr(consumer, "_coordinator", None), "_pending_exception", None)
    return error


def rejoin(consumer: Any) -> None:
    """Have a member join its group once more: only the group knows whose a partition is."""
    consumer._coordinator.request_rejoin()


def leave_when_stopped(consumer: Any) -> None:
    """Have a static member leave its group when it stops: aiokafka has only others do it."""
    consumer._coordinator._group_instance_id = None


def name_error(error: type[BrokerResponseError]) -> None:
    """Have a code of Kafka's that aiokafka does not know raise this, and not `UnknownError`."""
    errors.kafka_errors.setdefault(error.errno, error)
