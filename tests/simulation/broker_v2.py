"""The modelled broker with the requests of transactions v2 (KIP-890), beside those of v1: who asks decides.

Each transaction has an epoch of its own. What is produced, and offsets, make partitions and group part of it; its end
gives the epoch of the next one, and its markers have that epoch, so that no log takes anything more of this one.
"""

from aiokafka import TopicPartition
from aiokafka.errors import InvalidProducerEpoch, InvalidTxnState

from tests.simulation.broker import Again, Broker, Stage
from tests.simulation.log import Content


class BrokerV2(Broker):
    """One node that holds everything."""

    def produce_v2(self, name: str, epoch: int, tp: TopicPartition, sequence: int, contents: list[Content]) -> int:
        """Append a batch, as `produce`; its partition becomes part of the transaction."""
        known, log = self.ids[name], self.log(tp)
        is_repeat = log.is_repeat(known.pid, epoch, sequence)
        if not is_repeat and not log.is_open(known.pid, epoch):
            self._begun(name, epoch).partitions[tp] = None
        base = log.produce(known.pid, epoch, sequence, contents, self.loop.time())
        return -1 if is_repeat and self.chance.happens(0.5) else base

    def commit_offsets_v2(
        self, name: str, epoch: int, offsets: dict[TopicPartition, int], notes: dict[TopicPartition, str]
    ) -> None:  # fmt: skip
        """As `commit_offsets`; the group becomes part of the transaction."""
        known = self._begun(name, epoch)
        known.with_offsets = True
        known.offsets.update(offsets)
        known.notes.update(notes)

    def end_v2(self, name: str, epoch: int, *, commits: bool = True) -> int:
        """Decide the transaction; returns the epoch of the next one. Asked once more, it says the same."""
        known = self.ids[name]
        asked_again = epoch == known.epoch - 1
        if known.stage is Stage.ONGOING and epoch == known.epoch:
            known.epoch += 1
            known.taken_at[known.epoch] = known.taken_at[epoch]
            known.taken_by[known.epoch] = known.taken_by[epoch]
            self._end(name, known, commits=commits)
        elif asked_again and known.stage in (Stage.COMMITTING, Stage.ABORTING):
            raise Again
        elif asked_again and known.stage in (Stage.COMMITTED, Stage.ABORTED):
            if (known.stage is Stage.COMMITTED) is not commits:
                raise InvalidTxnState
        elif epoch != known.epoch:
            raise InvalidProducerEpoch
        else:
            raise InvalidTxnState
        return known.epoch
