"""Takes dial commands from Kafka, has Asterisk dial them, and says what came of each.

    python -m asterisk_dialer dialer.toml

It runs until a signal stops it, or until it cannot write: then it ends with an error, and whatever starts it again
finds in the journal what it had in hand.
"""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from topics.commands import Checks
from topics.names import TopicName

from . import ari, previews
from .journal import Journal, make_topic
from .lane import Lane, Tools
from .placement import Placement
from .settings import Settings, SettingsError, load

log = logging.getLogger("asterisk_dialer")

WAITING_MAX = 1000
"""Commands of one kind that wait in a partition before no more of them are read."""


class Lanes(ConsumerRebalanceListener):  # type: ignore[misc]
    """The partitions that the group gives to this process."""

    def __init__(self, settings: Settings, tools: Tools, tasks: asyncio.TaskGroup) -> None:
        self._settings, self._tools, self._tasks = settings, tools, tasks
        self.lanes: dict[int, Lane] = {}
        self._stops = False

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Before others get them. The group shares all partitions anew, so all are let go."""
        lanes, self.lanes = self.lanes, {}
        await asyncio.gather(*(lane.let_go() for lane in lanes.values()))

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """The same partitions of both topics, since both have as many."""
        for number in sorted({where.partition for where in assigned if not self._stops}):
            self.lanes[number] = Lane(Journal(self._settings, number), self._tools, self._tasks)

    async def take_from(self, commands: AIOKafkaConsumer, stopped: asyncio.Event) -> None:
        """Take commands until `stopped`, as long as there is room for more of their kind."""
        checks = {
            self._settings.prefix + TopicName.DIAL_PREVIEW: Checks.AT_PLACEMENT,
            self._settings.prefix + TopicName.DIAL_ANALYSIS: Checks.PASSED,
        }
        commands.subscribe(list(checks), listener=self)
        while not stopped.is_set():
            for where in commands.assignment():
                lane = self.lanes.get(where.partition)
                full = lane is None or lane.waiting(checks[where.topic]) >= WAITING_MAX
                (commands.pause if full else commands.resume)(where)
            for where, records in (await commands.getmany(timeout_ms=200, max_records=WAITING_MAX)).items():
                if lane := self.lanes.get(where.partition):
                    await lane.take(where, records)

    async def drain(self, within_s: float) -> None:
        """Begin nothing any more, and wait for the calls that are on their way."""
        self._stops = True
        await asyncio.gather(*(lane.let_go(but_calls=True) for lane in self.lanes.values()))
        calls = [call for lane in self.lanes.values() for call in lane.calls]
        log.info("stops; %d calls are on their way", len(calls))
        left = (await asyncio.wait(calls, timeout=within_s))[1] if calls else ()
        if left:
            log.warning("%d calls are left to whoever has their partitions next", len(left))


async def run(settings: Settings, stopped: asyncio.Event) -> None:
    """Dial until `stopped`. Raises what ends it."""
    clients: dict[str, Any] = settings.clients() | {"client_id": f"{settings.group}-{uuid4().hex[:8]}"}
    committed = {"isolation_level": "read_committed", "enable_auto_commit": False}
    producer = AIOKafkaProducer(**clients, enable_idempotence=True)
    answers = AIOKafkaConsumer(settings.prefix + TopicName.PLACEMENT_DECIDED, **clients, **committed)
    commands = AIOKafkaConsumer(
        **clients, **committed, group_id=settings.group, auto_offset_reset="earliest",
        session_timeout_ms=int(settings.session_timeout_s * 1000),
        heartbeat_interval_ms=int(settings.session_timeout_s * 300),
        partition_assignment_strategy=[RangePartitionAssignor],
    )  # fmt: skip
    offered = previews.Previews()
    async with producer, answers, ari.session(settings.asterisk) as session:
        await make_topic(settings)
        partitions = len(await producer.partitions_for(settings.prefix + TopicName.DIAL_PREVIEW))
        await answers.seek_to_end()
        placement = Placement(settings, producer, partitions)
        calls = ari.Calls(settings.asterisk, session, clients["client_id"])
        tools = Tools(calls, placement, offered, asyncio.Semaphore(settings.asterisk.lines), settings.preview_s)
        interface, port = await previews.serve(offered, settings)
        log.info("agents at http://%s:%d/previews", settings.agents_host, port)
        try:
            async with asyncio.TaskGroup() as tasks, commands:
                lanes = Lanes(settings, tools, tasks)
                for_ever = [tasks.create_task(work) for work in (calls.listen(), placement.listen(answers))]
                await lanes.take_from(commands, stopped)
                await lanes.drain(settings.drain_s)
                await lanes.on_partitions_revoked(())
                for task in for_ever:
                    task.cancel()
        finally:
            await interface.cleanup()


async def main() -> None:
    """Until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await run(load(Path(sys.argv[1])), stopped)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m asterisk_dialer SETTINGS.toml")
    try:
        asyncio.run(main())
    except SettingsError as error:
        sys.exit(str(error))
    except ExceptionGroup as errors:
        if refused := errors.subgroup(PermissionError):
            sys.exit(str(refused.exceptions[0]))
        raise
