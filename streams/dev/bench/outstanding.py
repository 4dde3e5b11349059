"""What outstanding callbacks cost, at one number of them after the other: memory, restarts, and a worker at rest."""

import asyncio
import shutil
import time
from collections.abc import Mapping, Sequence

from streams.dev.bench.load import Call
from streams.dev.bench.report import Figures, Result
from streams.dev.bench.restart import come_back, read_start
from streams.dev.bench.rig import Rig, Say, beside, rig
from streams.dev.bench.verdict import mistakes
from streams.dev.bench.watch import MIB, cpu_s, resident_bytes

READY_TIMEOUT_S = 900.0
SETTLED_S = 5.0
"""Between what a restart has to do and what is called rest."""

Values = dict[str, float]


def run(steps: Sequence[int], overdue: int, quiet_s: float, say: Say) -> Result:
    """Measure. It is wrong when a command is early, missing, repeated or out of order.

    steps: numbers of outstanding callbacks, each greater than the one before.
    """
    with rig(say) as one:
        result, due = asyncio.run(_measure(one, steps, overdue, quiet_s))
        one.worker.stop()
        wrong = mistakes({call.callback_id: call.due_at for call in due}, asyncio.run(one.read_all()))
    return Result(result.figures, wrong, values=result.values)


async def _measure(one: Rig, steps: Sequence[int], overdue: int, quiet_s: float) -> tuple[Result, list[Call]]:
    return await beside(_play(one, steps, overdue, quiet_s), one.follow())  # type: ignore[no-any-return]


async def _play(one: Rig, steps: Sequence[int], overdue: int, quiet_s: float) -> tuple[Result, list[Call]]:
    figures, values, found, due = Figures(), Values(), list[Values](), list[Call]()
    first = 0
    for number, outstanding in enumerate(steps, 1):
        took_s = await one.fill(outstanding, first)
        back = await come_back(one, f"due{number}", overdue, took_s, outstanding - first)
        due += back.due
        of_step = {"outstanding": outstanding, "taken_in_per_s": (outstanding - first) / took_s, **back.values()}
        of_step |= await _rest(one, quiet_s)
        of_step |= await _cold(one)
        figures += _figures(of_step)
        values |= {f"step{number}_{name}": round(value, 4) for name, value in of_step.items()}
        found.append(of_step)
        first = outstanding
    if len(found) > 1:
        slope = bytes_each(found[-2], found[-1])
        figures.append((f"memory of each, from {steps[-2]:,} to {steps[-1]:,}", f"{slope:.1f} bytes"))
        values["bytes_each"] = round(slope, 1)
    return Result(figures, values=values), due


def bytes_each(small: Mapping[str, float], large: Mapping[str, float]) -> float:
    """How much more a worker takes for each callback more that is outstanding."""
    more = large["outstanding"] - small["outstanding"]
    return (large["resident_bytes"] - small["resident_bytes"]) / more


async def _rest(one: Rig, quiet_s: float) -> Values:
    """A worker that has nothing to do: its memory, and the share of a core it uses nevertheless."""
    await asyncio.to_thread(one.worker.wait_ready, READY_TIMEOUT_S)
    await asyncio.sleep(SETTLED_S)
    one.say(f"Watching the worker at rest for {quiet_s:g} s")
    began, before = time.monotonic(), await asyncio.to_thread(cpu_s, one.worker)
    await asyncio.sleep(quiet_s)
    used = await asyncio.to_thread(cpu_s, one.worker) - before
    return {
        "idle_percent": 100 * used / (time.monotonic() - began),
        "resident_bytes": resident_bytes(one.worker.pid),
    }


async def _cold(one: Rig) -> Values:
    """A worker that starts without a state folder, as on a new machine."""
    one.say("Removing its state, and starting it again")
    await asyncio.to_thread(one.worker.stop)
    await asyncio.to_thread(shutil.rmtree, one.worker.state_dir)
    told = len(one.worker.log.read_text(errors="replace").splitlines())
    one.worker.start()
    await asyncio.to_thread(one.worker.wait_ready, READY_TIMEOUT_S)
    lines = one.worker.log.read_text(errors="replace").splitlines()[told:]
    start = read_start(lines)
    if start is None:
        return {}
    seconds = (start.restored_at - start.assigned_at).total_seconds()
    there = await one.outstanding()
    return {
        "cold_restore_s": seconds,
        "cold_restore_records": start.rows,
        "cold_restore_per_s": there / max(seconds, 0.001),
        "cold_resident_bytes": resident_bytes(one.worker.pid),
    }


def _figures(of_step: Values) -> Figures:
    known = {
        "taken_in_per_s": ("taken in", "{:,.0f} per second"),
        "first_overdue_s": ("killed and started: assignment to the first overdue command", "{:.2f} s"),
        "all_overdue_s": ("the same, to all overdue commands", "{:.2f} s"),
        "changelog_records": ("changelog records read", "{:,.0f}"),
        "idle_percent": ("CPU of the worker at rest", "{:.2f} % of a core"),
        "cold_restore_s": ("started without its state: assignment to state restored", "{:.2f} s"),
        "cold_restore_records": ("changelog records read", "{:,.0f}"),
        "cold_restore_per_s": ("callbacks restored", "{:,.0f} per second"),
    }
    figures = [("callbacks outstanding, not due", f"{of_step['outstanding']:,.0f}")]
    figures += [(name, text.format(of_step[key])) for key, (name, text) in known.items() if key in of_step]
    return [*figures, ("memory of the worker at rest", f"{of_step['resident_bytes'] / MIB:,.0f} MiB")]
