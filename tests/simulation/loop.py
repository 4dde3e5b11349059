"""An event loop on virtual time, shared by several simulated processes that can be killed, stopped and woken.

Nothing in it depends on the machine: no clock, no thread, no order of hashes or addresses. When nothing is ready, time
log_gaps to the next timer.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any, NoReturn

STEPS_MAX = 400_000
"""Callbacks of one simulation. More of them, and something spins without getting anywhere."""
THREAD_S = 0.002
"""How long what runs in a thread seems to take."""

PROCESS: ContextVar["Process | None"] = ContextVar("process", default=None)
"""Whose callback it is; tasks and timers inherit it from whoever made them."""
OUTSIDE = Context()
"""That of the broker and the scenario, which nobody kills."""


class Stuck(AssertionError):
    """The simulation gets nowhere: nothing is ready and no timer is set, or it spins."""


class Ended(BaseException):
    """The process ends here. Not an Exception, or the code under test would handle it."""


class Process:
    """What is killed or stopped as a whole. A dead one runs no further line of code, not even a `finally`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.is_stopped = False
        self.held: list[asyncio.Handle] = []

    def kill(self) -> None:
        """As `kill -9` does it."""
        self.alive = False
        self.held.clear()

    def run(self, function: Callable[..., object], *args: object) -> None:
        """Call a function as this process."""
        context = Context()
        context.run(PROCESS.set, self)
        context.run(function, *args)


def this_process() -> Process:
    """The process whose code is running."""
    process = PROCESS.get()
    assert process is not None, "this is code of a process and runs outside of one"
    return process


class NumberedTask(asyncio.Task[Any]):
    """A task that sets of tasks keep in an order that is always the same."""

    numbers = itertools.count()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.number = next(self.numbers)
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready, first in first out, and lets time pass when nothing is."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.steps = 0
        self._ready: deque[asyncio.Handle]
        self.tasks: list[asyncio.Task[Any]] = []
        self.failed: BaseException | None = None
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        NumberedTask.numbers = itertools.count()
        self.set_task_factory(self._new_task)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self.now

    def outside(self, delay_s: float, function: Callable[..., object], *args: object) -> asyncio.TimerHandle:
        """Call a function later that belongs to no process."""
        return self.call_later(delay_s, function, *args, context=OUTSIDE)

    def stop_process(self, process: Process, seconds: float) -> None:
        """Stop a process, as SIGSTOP does it, and let it go on later, with everything that has become due meanwhile."""
        if process.alive and not process.is_stopped:
            process.is_stopped = True
            self.outside(seconds, self.wake, process)

    def wake(self, process: Process) -> None:
        """Have a stopped process go on now."""
        process.is_stopped = False
        self._ready.extend(process.held)
        process.held.clear()

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """A thread is modelled as a call that is made at once and whose answer comes later."""
        future: asyncio.Future[Any] = self.create_future()
        self.call_later(THREAD_S, _answer, future, func(*args))
        return future

    def clear(self) -> None:
        """Forget everything that was to come."""
        for left in (self.tasks, self._ready, self._timers):
            left.clear()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """An error in the simulation itself ends it; one that a dead process did not fetch does not matter."""
        if "handle" in context and not isinstance(context.get("exception"), Ended):
            self.failed = self.failed or context.get("exception")

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Of timers for the same instant, those that were set first come first."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is dropped when it would be due."""

    def _new_task(self, loop: asyncio.AbstractEventLoop, coro: Any, **kwargs: Any) -> "asyncio.Task[Any]":
        # All are kept: a task that is destroyed while it waits would run the `finally` of a dead process.
        task = NumberedTask(coro, loop=loop, **kwargs)
        self.tasks.append(task)
        return task

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers
        if not ready:
            if not timers:
                self._fail("nothing is ready and no timer is set")
            self.now = max(self.now, timers[0][0])
        while timers and timers[0][0] <= self.now:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            self._run(ready.popleft())
        self.steps += 1
        if self.steps > STEPS_MAX:
            self._fail("it spins")
        if self.failed is not None:
            raise self.failed

    def _run(self, handle: asyncio.Handle) -> None:
        if handle._cancelled:
            return
        process = handle._context.get(PROCESS)  # type: ignore[attr-defined]
        if process is None or (process.alive and not process.is_stopped):
            handle._run()
        elif process.alive:
            process.held.append(handle)

    def _fail(self, why: str) -> NoReturn:
        raise Stuck(f"at {self.now:.3f} s: {why}")


def _answer(future: "asyncio.Future[Any]", result: Any) -> None:
    if not future.done():
        future.set_result(result)
