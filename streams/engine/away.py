"""Retries while a broker is away, for as long as a transaction may last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiokafka.errors import KafkaError, KafkaTimeoutError

from streams.base import metrics
from streams.engine.pace import PACE, Pace

log = logging.getLogger(__name__)


def is_away(error: BaseException) -> bool:
    """Whether an error says that a broker cannot be reached, or that a partition has no leader, for now.

    aiokafka raises `KafkaError` itself for what it met while it looked for a coordinator.
    """
    if isinstance(error, KafkaError):
        return bool(error.retriable) or isinstance(error, KafkaTimeoutError) or type(error) is KafkaError
    return isinstance(error, TimeoutError)


async def retried(work: Callable[[], Awaitable[None]], retry_s: float, cannot: str, pace: Pace = PACE) -> None:
    """Do `work`, again if a broker is away. cannot: what cannot be done, for the log.

    Raises the last error when the time is over, and any other error at once.
    """
    loop = asyncio.get_running_loop()
    until, told_at = loop.time() + retry_s, float("-inf")
    while True:
        try:
            return await work()
        except (KafkaError, TimeoutError) as error:
            now = loop.time()
            if now > until or not is_away(error):
                raise
            if now >= told_at + pace.told_every_s:
                told_at = now
                log.warning("%s: %r", cannot, error)
        metrics.engine.BROKER_RETRIES.inc()
        await asyncio.sleep(pace.again_s)
