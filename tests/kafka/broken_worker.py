"""A worker with one safeguard taken out, to show that the tests would notice: broken_worker.py SAFEGUARD."""

import sys
from collections.abc import Callable

from faust.transport.drivers import aiokafka as driver

from streams.engine.engines import Begin
from streams.engine.transport import Consumer
from streams.settings import load
from streams.worker import run


def hold_back() -> None:
    """Source partitions are resumed and sought when Faust does it, whether their engine has been acquired or not."""

    async def release(consumer: Consumer, partition: int, begin: Begin) -> None:
        begin(dict.fromkeys(consumer.engines.topics, 0))

    Consumer.resume_partitions = driver.Consumer.resume_partitions  # type: ignore[method-assign]
    Consumer.perform_seek = driver.Consumer.perform_seek  # type: ignore[method-assign]
    Consumer.release = release  # type: ignore[method-assign,assignment]


SAFEGUARDS: dict[str, Callable[[], None]] = {"hold_back": hold_back}

if __name__ == "__main__":
    SAFEGUARDS[sys.argv[1]]()
    sys.exit(run(load()))
