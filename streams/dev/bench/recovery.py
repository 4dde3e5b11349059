"""How long partitions stand still: when their worker is killed and others take over, and when it is started again."""

import asyncio
import time
from collections.abc import Collection
from datetime import datetime, timedelta

from streams.base.errors import OperatorError
from streams.dev.bench.load import Call, calls, evenly, whole_milliseconds
from streams.dev.bench.report import Figures, Result
from streams.dev.bench.rig import CLOCK, Rig, Say, beside, rig
from streams.dev.bench.verdict import mistakes
from streams.dev.local import LocalWorker

LEAD_S = 6.0
SETTLED_S = 5.0
"""Between two kills, once everything works again."""
WAIT_S = 120.0


def run(rate: int, seconds: int, say: Say) -> Result:
    """Measure. It is wrong when a command is early, missing, repeated or out of order."""
    with rig(say) as one:
        second = LocalWorker(one.worker.log.with_name("second.log"), broker=one.settings.broker, instance_id="second")
        with second:
            figures, due = asyncio.run(_measure(one, second, rate, seconds))
            one.worker.stop()
        wrong = mistakes({call.callback_id: call.due_at for call in due}, asyncio.run(one.read_all()))
    return Result(figures, wrong)


async def _measure(one: Rig, second: LocalWorker, rate: int, seconds: int) -> tuple[Figures, list[Call]]:
    return await beside(_play(one, second, rate, seconds), one.follow())  # type: ignore[no-any-return]


async def _play(one: Rig, second: LocalWorker, rate: int, seconds: int) -> tuple[Figures, list[Call]]:
    await _both_ready(one.worker, second)
    now = CLOCK.now()
    start = whole_milliseconds(now + timedelta(seconds=LEAD_S))
    due = list(calls("due", evenly(start, rate, seconds), now))
    one.say(f"Scheduling {len(due):,} callbacks, {rate} due per second")
    await one.feed(due)
    await one.until_received([due[0].callback_id], WAIT_S)
    figures = [
        ("callbacks due", f"{len(due):,}, {rate} per second, two workers"),
        ("session timeout", f"{one.settings.session_timeout_s:g} s"),
    ]
    figures += await _taken_over(one, second)
    await _both_ready(one.worker, second)
    await asyncio.sleep(SETTLED_S)
    figures += await _restarted(one)
    if CLOCK.now() > due[-1].due_at:
        raise OperatorError("the callbacks were over before the workers were back: take a larger --seconds")
    one.say("Waiting for the last callbacks")
    await one.until_received((call.callback_id for call in due), seconds + WAIT_S)
    late = max((at - command.due_at).total_seconds() for command, at in one.commands.values())
    return [*figures, ("worst lateness", f"{late:.2f} s")], due


async def _taken_over(one: Rig, second: LocalWorker) -> Figures:
    one.say("Killing the second worker; the first takes over")
    partitions, killed_at = _held(second), CLOCK.now()
    second.kill()
    worked_at = await _work_again(one, partitions, killed_at)
    second.start()
    return [("worker killed to all its partitions working elsewhere", _seconds(killed_at, worked_at))]


async def _restarted(one: Rig) -> Figures:
    one.say("Killing the first worker and starting it again")
    partitions, killed_at = _held(one.worker), CLOCK.now()
    one.worker.kill()
    one.worker.start()
    await asyncio.to_thread(_until_up, one.worker)
    up_at = CLOCK.now()
    worked_at = await _work_again(one, partitions, killed_at)
    return [
        ("worker restarted: from its being up to all its partitions working", _seconds(up_at, worked_at)),
        ("the same, from the kill", _seconds(killed_at, worked_at)),
    ]


async def _work_again(one: Rig, partitions: Collection[int], since: datetime) -> datetime:
    """When the last of the partitions had a first command that was not due before `since`."""
    for _ in range(int(WAIT_S / 0.02)):
        first: dict[int, datetime] = {}
        for command, received_at in one.commands.values():
            if command.due_at > since and command.partition in partitions:
                first[command.partition] = min(received_at, first.get(command.partition, received_at))
        if len(first) == len(partitions):
            return max(first.values())
        await asyncio.sleep(0.02)
    raise OperatorError(f"the partitions of a killed worker did not work again within {WAIT_S:g} s")


async def _both_ready(*workers: LocalWorker) -> None:
    """Every partition is held, and by both workers some."""
    for _ in range(int(WAIT_S / 0.1)):
        if all(_held(worker) for worker in workers):
            await asyncio.gather(*(asyncio.to_thread(worker.wait_ready) for worker in workers))
            return
        await asyncio.sleep(0.1)
    raise OperatorError(f"the workers did not share the partitions within {WAIT_S:g} s")


def _until_up(worker: LocalWorker) -> None:
    while worker.status() is None:
        time.sleep(0.01)


def _held(worker: LocalWorker) -> list[int]:
    """The partitions that a worker holds and that are ready; none while it does not answer."""
    status = worker.status() or {"partitions": {}}
    return [int(number) for number, partition in status["partitions"].items() if partition["ready"]]


def _seconds(since: datetime, until: datetime) -> str:
    return f"{(until - since).total_seconds():.2f} s"
