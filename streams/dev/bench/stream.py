"""A steady stream of wrap-ups beside what is measured: how it is started, and what it has found when it is over."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

from streams.base.errors import OperatorError
from streams.dev.children import STOP_TIMEOUT_S, die_with_parent

SENDER = "streams.dev.bench.stream_sender"
BEGINS_TIMEOUT_S = 120.0
OVER_TIMEOUT_S = 300.0
LINE_BYTES_MAX = 64 * 1024 * 1024


@dataclass
class Stream:
    """What was sent, once it is over.

    seconds: for how long. answers: of each wrap-up that was followed, when it was sent, in seconds since 1970, and how
    many seconds later a committed reader had its callback. unanswered: those that had none at the end.
    """

    sent: int = 0
    seconds: float = 0.0
    answers: list[tuple[float, float]] = field(default_factory=list)
    unanswered: int = 0

    def per_s(self) -> float:
        """The rate that was reached."""
        return self.sent / max(self.seconds, 0.001)


@asynccontextmanager
async def wrap_ups(broker: str, name: str, per_s: float, every: int, *, follow: bool) -> AsyncIterator[Stream]:
    """Send wrap-ups while the context lasts, from a process of its own, so that it does not slow the one that measures.

    name: of the contact ids. every: one of so many has a rule schedule a callback that is due in weeks; a contact has
    as many. follow: whether these callbacks are waited for. Raises OperatorError.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", SENDER, broker, name, str(per_s), str(every), "follow" if follow else "send"),
        stdin=PIPE,
        stdout=PIPE,
        limit=LINE_BYTES_MAX,
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    assert process.stdin is not None, "it is a pipe"
    found = Stream()
    try:
        await _line(process, BEGINS_TIMEOUT_S)
        yield found
        process.stdin.close()
        told = orjson.loads(await _line(process, OVER_TIMEOUT_S))
        found.sent, found.seconds, found.unanswered = told["sent"], told["seconds"], told["unanswered"]
        found.answers = [(at, took_s) for at, took_s in told["answers"]]
    finally:
        await _stop(process)


async def _line(process: Process, timeout_s: float) -> bytes:
    assert process.stdout is not None, "it is a pipe"
    line = await asyncio.wait_for(process.stdout.readline(), timeout_s)
    if not line:
        raise OperatorError("the process that sends wrap-ups has ended")
    return line


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
