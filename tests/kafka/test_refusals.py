"""A group that does not take a worker, and a right that it loses: it ends, and its last line says why."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    InvalidSessionTimeoutError,
    KafkaError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.admin import CreateAclsRequest
from kafka.admin import KafkaAdminClient, UpdateFeatureType

from streams.base.errors import OperatorError
from streams.base.settings import make
from streams.dev.broker import EmbeddedKafka
from streams.dev.local import LocalWorker
from streams.kafka.clients import client_options
from streams.kafka.membership import GroupMaxSizeReachedError, refusal
from streams.worker.ending import EXIT_BROKEN
from streams.worker.watches import EXIT_REFUSED
from tests.kafka.cluster import Cluster, configure, feeder
from tests.kafka.test_worker import scheduled

pytestmark = pytest.mark.kafka

SOON_S = 90.0
STRICT = {
    "group.min.session.timeout.ms": "6000",
    "group.max.size": "1",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
TOPIC, GROUP = 2, 3
READ, WRITE = 3, 4
LITERAL, DENY = 3, 2
"""Kafka's numbers of resources, operations, patterns and permissions."""


@pytest.fixture(scope="module")
def strict() -> Iterator[EmbeddedKafka]:
    """A broker that has its own mind about sessions, groups and rights."""
    with EmbeddedKafka(more=STRICT) as broker:
        yield broker


@pytest.fixture
def narrow(strict: EmbeddedKafka, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of its own on it."""
    with Cluster(strict.bootstrap, prefix, tmp_path) as made:
        yield made


async def deny(cluster: Cluster, resource: int, name: str, operation: int) -> None:
    """Take a right away from everybody who has no name."""
    admin = AIOKafkaAdminClient(**client_options(cluster.settings()))
    await admin.start()
    try:
        request = CreateAclsRequest(resource, name, LITERAL, "User:ANONYMOUS", "*", operation, DENY)
        response = await admin._send_to_controller(request)
        assert [code for code, _ in response.creation_responses] == [0]
    finally:
        await admin.close()


def last_message(worker: LocalWorker) -> str:
    """Of its log."""
    return str(json.loads(worker.last_words(1))["message"])


async def test_a_worker_whose_session_is_shorter_than_the_broker_allows_ends_and_names_the_setting(
    narrow: Cluster,
) -> None:
    worker = narrow.worker(session_timeout_s=3)
    assert worker.wait_ended(SOON_S) == EXIT_REFUSED
    assert "session_timeout_s 3 is not within what the broker allows" in last_message(worker)


async def test_a_worker_for_whom_the_group_has_no_room_ends_and_says_so(narrow: Cluster) -> None:
    narrow.worker(session_timeout_s=6).wait_ready()
    worker = narrow.worker(session_timeout_s=6)
    assert worker.wait_ended(SOON_S) == EXIT_REFUSED
    assert "as many members as the broker allows" in last_message(worker)
    assert narrow.workers[0].exit_code is None


async def test_a_worker_without_a_right_to_its_group_ends_and_says_so(narrow: Cluster) -> None:
    await deny(narrow, GROUP, narrow.settings().app, READ)
    worker = narrow.worker(session_timeout_s=6)
    assert worker.wait_ended(SOON_S) == EXIT_REFUSED
    assert "may not Read and Describe the group" in last_message(worker)


async def test_a_worker_with_transactions_v2_on_a_cluster_without_them_ends_and_names_the_setting(
    narrow: Cluster,
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=narrow.broker)
    try:
        admin.update_features({"transaction.version": (UpdateFeatureType.SAFE_DOWNGRADE, 1)})
        worker = narrow.worker(session_timeout_s=6, transaction_protocol=2)
        assert worker.wait_ended(SOON_S) == OperatorError.exit_code
        assert "transaction_protocol is 2, and the brokers at" in worker.last_words()
        assert "have transaction.version 1" in worker.last_words()
        admin.update_features({"transaction.version": 2})
        narrow.worker(session_timeout_s=6, transaction_protocol=2).wait_ready()
    finally:
        admin.close()


async def test_a_worker_in_whose_group_there_is_a_program_of_another_kind_ends_and_says_so(cluster: Cluster) -> None:
    """Somebody had a look at a topic with --group ringback."""
    options = client_options(cluster.settings())
    other = AIOKafkaConsumer(f"{cluster.prefix}dial-preview", **options, group_id=cluster.settings().app)
    await other.start()
    try:
        worker = cluster.worker()
        assert worker.wait_ended(SOON_S) == EXIT_REFUSED
        assert "a program that is not Ringback is a member" in last_message(worker)
    finally:
        await other.stop()


async def test_a_worker_that_loses_the_right_to_write_a_topic_ends_and_names_the_topic(narrow: Cluster) -> None:
    async with feeder(narrow) as feed:
        await configure(feed)
        worker = narrow.worker(session_timeout_s=6)
        worker.wait_ready()
        await deny(narrow, TOPIC, f"{narrow.prefix}dial-preview", WRITE)
        await feed.send("callback-scheduled", scheduled("k1", "c1", datetime.now(UTC) + timedelta(seconds=1)))
        await feed.flush()
        assert worker.wait_ended(SOON_S) == EXIT_BROKEN
        said = last_message(worker)
        assert "TopicAuthorizationFailed" in said and f"{narrow.prefix}dial-preview" in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InvalidSessionTimeoutError(), "RINGBACK_SESSION_TIMEOUT_S"),
        (InconsistentGroupProtocolError(), "--app"),
        (GroupAuthorizationFailedError("ringback"), "Read and Describe"),
        (KafkaError(repr(for_code(GroupMaxSizeReachedError.errno)())), "group.max.size"),
    ],
)
def test_a_refusal_says_what_to_change(error: Exception, words: str) -> None:
    assert words in (refusal(error, make()) or "")


def test_what_passes_by_itself_is_no_refusal() -> None:
    assert refusal(NotCoordinatorForGroupError(), make()) is None
    assert refusal(KafkaError("Unexpected error during coordination"), make()) is None
