"""aiokafka's clients as in a worker that has just started: nothing is known of any address."""

import aiokafka.conn
import pytest
from aiokafka.client import AIOKafkaClient

from streams.kafka import reconnecting


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients connect as those of a worker do, until the test is over."""
    for where, name in (
        (aiokafka.conn, "AIOKafkaConnection"), (AIOKafkaClient, "_get_conn"), (AIOKafkaClient, "_metadata_update"),
        (AIOKafkaClient, "coordinator_lookup"),
    ):  # fmt: skip
        monkeypatch.setattr(where, name, getattr(where, name))
    monkeypatch.setattr(reconnecting, "_PROCESS", reconnecting._Process())
    reconnecting.install(6.0, 20.0, 60.0)
