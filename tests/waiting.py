"""Waiting for what a test needs, in its own loop; the limit only guards against waiting for ever."""

import asyncio
from collections.abc import Callable

GUARD_S = 90.0


async def until(done: Callable[[], object], timeout_s: float = GUARD_S, poll_s: float = 0.001) -> None:
    """Return when `done()`. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not done():
            await asyncio.sleep(poll_s)
