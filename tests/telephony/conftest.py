"""One whole telephony for each test that asks for it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.kafka.cluster import Cluster
from tests.telephony.asterisk import Asterisk, need
from tests.telephony.callee import Callee
from tests.telephony.stack import Telephony, servers, telephony


@pytest.fixture
def machinery(request, prefix: str, tmp_path: Path) -> Iterator[tuple[Cluster, Asterisk, Callee]]:
    """The servers. The test skips itself, before a Kafka is started, where there is no Asterisk."""
    need()
    with servers(request.getfixturevalue("kafka"), prefix, tmp_path) as made:
        yield made


@pytest.fixture
async def phones(machinery: tuple[Cluster, Asterisk, Callee]) -> AsyncIterator[Telephony]:
    """Topics, Asterisk and who is called, and what feeds and reads."""
    async with telephony(*machinery) as made:
        yield made
