"""Asks a cluster by an admin client, and says what is wrong when it does not answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.base.errors import OperatorError
from streams.kafka.clients import Clients
from streams.kafka.diagnosis import listening, why_unusable

AGAIN_S = 0.2

Found = TypeVar("Found")


async def ask_cluster(clients: Clients, work: Callable[[AIOKafkaAdminClient], Coroutine[Any, Any, Found]]) -> Found:
    """Have an admin client do `work`. It asks brokers at random; one that is away is no reason to give up yet.

    Raises OperatorError when the broker does not answer or refuses.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + clients.answer_s
    while True:
        async with _connected(clients) as admin:
            try:
                return await work(admin)
            except KafkaError as error:
                if not error.retriable or loop.time() > deadline:
                    raise
        await asyncio.sleep(AGAIN_S)


@asynccontextmanager
async def _connected(clients: Clients) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = clients.admin(request_timeout_ms=clients.answer_s * 1000)
    with listening(clients) as failures:
        try:
            async with asyncio.timeout(clients.answer_s):
                await admin.start()
            yield admin
        except (KafkaError, OSError) as error:
            raise OperatorError(await why_unusable(clients.settings, error, failures)) from None
        finally:
            await admin.close()
