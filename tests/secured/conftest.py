"""One secured Kafka for the tests of this folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.kafka.cluster import Cluster
from tests.secured.kafka import SecuredKafka


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """Stopped when the session ends."""
    with SecuredKafka(tmp_path_factory.mktemp("secured")) as kafka:
        yield kafka


@pytest.fixture
def cluster(secured: SecuredKafka, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of its own; who feeds and reads them, does so inside."""
    with Cluster(secured.inside, prefix, tmp_path) as made:
        yield made


@pytest.fixture
async def admin(secured: SecuredKafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administrator."""
    client = AIOKafkaAdminClient(bootstrap_servers=secured.inside)
    await client.start()
    yield client
    await client.close()
