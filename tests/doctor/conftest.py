"""The cluster of one test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka.cluster import Cluster
from tests.shared_kafka import SharedKafka


@pytest.fixture
def cluster(kafka: SharedKafka, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of its own on the session's Kafka."""
    with Cluster(kafka.bootstrap, prefix, tmp_path) as made:
        yield made
