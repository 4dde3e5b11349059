"""One run of the suite: a load, fault after fault, and then the verdict over everything that was read."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.brokers import Brokers
from tests.faults.faults import Fault
from tests.faults.load import Load, load, read_all
from tests.faults.stage import Ended, Stage
from tests.faults.verifier import OUTPUTS, Read, Sent, Verdict, verify
from tests.kafka.cluster import Cluster

RATE = 40.0
WORKERS = 2
CALM_S = 2.0
"""Between two faults, once everything works again."""
QUIET_S = 3.0
LOG_SHORTER = "its log is shorter than what was read of it"


@dataclass
class Made:
    """A fault that was made. recovery_s: for how long not every partition worked."""

    fault: Fault
    begun: datetime
    over: datetime
    recovery_s: float
    lateness_s: float = 0.0


@dataclass
class Run:
    """What came of it. ended: workers that ended by themselves, by which fault."""

    verdict: Verdict
    seconds: float
    made: list[Made] = field(default_factory=list)
    ended: list[tuple[Fault | None, Ended]] = field(default_factory=list)


def run(
    folder: Path,
    brokers: Brokers,
    faults: Sequence[Fault],
    *,
    seconds: float,
    seed: int,
    shuffled: bool = False,
    protocol: int = 1,
) -> Run:
    """Make faults for so many seconds, one after the other; seed: of the load and of who is hit."""
    with Cluster(brokers.proxied(), "faults.", folder, copies=brokers.count, protocol=protocol) as cluster:
        chance = random.Random(seed)
        order = _order(faults, chance) if shuffled else itertools.cycle(faults)
        until = time.monotonic() + seconds
        in_time = itertools.takewhile(lambda _: time.monotonic() < until, order)
        return asyncio.run(run_on(brokers, cluster, in_time, chance))


async def run_on(
    brokers: Brokers, cluster: Cluster, faults: Iterable[Fault], chance: random.Random, *, all_named: bool = False
) -> Run:
    """Start workers on a cluster, make each fault under load, and judge. all_named: each has an instance id."""
    began, prefix = time.monotonic(), cluster.prefix
    async with load(brokers.direct, prefix, random.Random(chance.random())) as sending:
        stage = Stage(brokers, cluster, sending, cluster.folder, all_named=all_named)
        made = await _play(stage, faults, chance)
        for worker in stage.workers:
            worker.stop()
        records = await read_all(prefix, OUTPUTS, brokers.direct)
    sent = Sent(sending.events, sending.received, sending.replayed, stage.clock_faults)
    verdict = verify(sent, Read(records, prefix))
    verdict.add("log taken for another one", _logs_taken_for_others(cluster))
    _note_lateness(made, sending)
    result = Run(verdict, time.monotonic() - began, made, [(_blamed(made, one), one) for one in stage.ended])
    for fault, one in result.ended:
        # A start without a broker ends with 1, and is tried again.
        if one.code != 1 and (fault is None or fault.in_place):
            name = fault.name if fault else "nothing"
            verdict.add("worker ended", [f"by {name}, with {one.code}: {one.words}"])
    return result


def _logs_taken_for_others(cluster: Cluster) -> list[str]:
    """What workers say of logs that do not go on from what was read; no fault shortens one."""
    lines = (line for worker in cluster.workers for line in worker.log.read_text("utf-8", "replace").splitlines())
    return [line for line in lines if LOG_SHORTER in line]


async def _play(stage: Stage, faults: Iterable[Fault], chance: random.Random) -> list[Made]:
    made: list[Made] = []
    await stage.load.configure()
    for _ in range(WORKERS):
        stage.add_worker()
    beside = [asyncio.create_task(stage.supervise()), asyncio.create_task(stage.load.dial(stage.brokers.direct))]
    sending = asyncio.create_task(stage.load.run(RATE))
    try:
        await stage.until_shared()
        await stage.works_since(datetime.now(UTC))
        for fault in faults:
            made.append(await _make(stage, fault, chance))
            print(f"{made[-1].begun:%H:%M:%S} {fault.name}: {made[-1].recovery_s:.1f} s", flush=True)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await _drain(stage)
    finally:
        for task in (*beside, sending):
            task.cancel()
        results = await asyncio.gather(*beside, sending, return_exceptions=True)
    for error in results:
        if isinstance(error, Exception):
            raise error
    return made


def _order(faults: Sequence[Fault], chance: random.Random) -> Iterator[Fault]:
    """Each once, in any order, again and again."""
    while True:
        yield from chance.sample(faults, len(faults))


async def _make(stage: Stage, fault: Fault, chance: random.Random) -> Made:
    begun = datetime.now(UTC)
    recovery_s = await fault.make(stage, chance)
    await stage.until_shared()
    await asyncio.sleep(CALM_S)
    return Made(fault, begun, datetime.now(UTC), recovery_s)


async def _drain(stage: Stage) -> None:
    """Wait until the last callback has been due and answered, nothing comes any more, and every event was heard."""
    await stage.load.acknowledged()
    await stage.load.replay()
    last = max(event.due for event in stage.load.events if event.due)
    count = -1
    while datetime.now(UTC) < last or count != len(stage.load.received):
        count = len(stage.load.received)
        await asyncio.sleep(QUIET_S)
        await stage.until_heard()
    await stage.load.acknowledged()
    await stage.until_heard()
    await stage.until_shared()


def _blamed(made: Sequence[Made], one: Ended) -> Fault | None:
    return next((fault.fault for fault in made if fault.begun <= one.at <= fault.over), None)


def _note_lateness(made: Sequence[Made], sending: Load) -> None:
    for one in made:
        late = [(c.at - c.due).total_seconds() for c in sending.received if one.begun <= c.at <= one.over]
        one.lateness_s = max(late, default=0.0)


def table(runs: Sequence[Run]) -> list[str]:
    """The faults and what came of them, as lines of a Markdown table."""
    names = dict.fromkeys(made.fault.name for run in runs for made in run.made)
    head = "| fault | times | works again after (median, longest) | worst lateness | workers that ended |"
    lines = [head, "| --- " * 5 + "|"]
    for name in names:
        made = [one for run in runs for one in run.made if one.fault.name == name]
        ended = sum(fault is not None and fault.name == name for run in runs for fault, _ in run.ended)
        recovery = [one.recovery_s for one in made]
        late = "by its clock" if made[0].fault.clock else f"{max(one.lateness_s for one in made):.1f} s"
        lines.append(
            f"| {name} | {len(made)} | {statistics.median(recovery):.1f} s, {max(recovery):.1f} s | {late} | {ended} |"
        )
    return lines


def summary(runs: Sequence[Run]) -> str:
    """The sums of all runs, in a line."""
    verdicts = [run.verdict for run in runs]
    kinds = ("lost", "repeated", "early", "out of order")
    wrong = ", ".join(f"{sum(verdict.count(kind) for verdict in verdicts)} {kind}" for kind in kinds)
    others = sum(len(verdict.lines()) for verdict in verdicts) - sum(v.count(k) for v in verdicts for k in kinds)
    return (
        f"{sum(len(run.made) for run in runs)} faults in {sum(run.seconds for run in runs) / 60:.0f} minutes, "
        f"{sum(v.events for v in verdicts):,} events, {sum(v.callbacks for v in verdicts):,} callbacks, "
        f"{sum(v.commands for v in verdicts):,} commands: {wrong}, {others} otherwise wrong"
    )
