"""A worker on a secured Kafka: it works with exactly the rights that are published, however it shows who it is."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from streams.base.errors import OperatorError
from streams.base.settings import make
from streams.kafka import topic_admin
from streams.kafka.clients import Clients, client_options
from tests.kafka.cluster import Cluster
from tests.secured.certificates import HOST
from tests.secured.kafka import PASSWORD, USER, Acls, SecuredKafka, unsigned_token
from tests.secured.test_tokens import token_endpoint
from tests.secured.work import do_everything
from topics.rights import of_worker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

TIMEOUT_S = 60.0
GUARD_S = 25.0
"""Less than the 30 s that uvloop waits for a good-bye."""


def password_file(secured: SecuredKafka, folder: Path) -> dict[str, Any]:
    (folder / "password").write_text(f"{PASSWORD}\n")
    return secured.scram(sasl_password=None, sasl_password_file=folder / "password")


def certificate(secured: SecuredKafka, folder: Path) -> dict[str, Any]:
    (folder / "key-password").write_text("of the key\n")
    own = secured.authority.issue(USER, password=b"of the key")
    return {
        "broker": secured.at("MUTUAL"), "security_protocol": "SSL", "tls_ca_file": secured.authority.file,
        "tls_cert_file": own.cert, "tls_key_file": own.key, "tls_key_password_file": folder / "key-password",
    }  # fmt: skip


def token_file(secured: SecuredKafka, folder: Path) -> dict[str, Any]:
    (folder / "token").write_text(unsigned_token(USER))
    oauth = {"sasl_mechanism": "OAUTHBEARER", "oauth_token_file": folder / "token"}
    return secured.scram(**oauth, sasl_username=None, sasl_password=None)


@pytest.mark.parametrize("shown", [password_file, certificate, token_file])
async def test_a_worker_with_exactly_the_published_rights_does_all_its_work(
    secured: SecuredKafka, cluster: Cluster, admin: Any, tmp_path: Path, shown: Any
) -> None:
    settings = cluster.settings()
    await Acls(admin).allow(of_worker(settings.prefix, settings.app))
    worker = cluster.worker(**shown(secured, tmp_path))
    worker.wait_ready(TIMEOUT_S)
    assert await do_everything(cluster, TIMEOUT_S) == set()
    assert worker.exit_code is None
    assert PASSWORD not in worker.log.read_text()
    worker.stop()
    assert worker.exit_code == 0


async def test_a_worker_is_refused_without_the_right_to_see_the_settings_of_a_topic_and_says_so(
    secured: SecuredKafka, cluster: Cluster, admin: Any
) -> None:
    settings = cluster.settings()
    rights = of_worker(settings.prefix, settings.app)
    state = next(right for right in rights if right.name == settings.topic("contact-state"))
    await Acls(admin).allow([right for right in rights if right is not state])
    await Acls(admin).allow([state._replace(operations=("Read", "Write"))])
    worker = cluster.worker(**secured.scram())
    assert worker.wait_ended(TIMEOUT_S) == 1
    assert f"no right to DescribeConfigs of topic {state.name}" in worker.last_words(1)


async def test_a_right_that_is_taken_away_while_it_runs_ends_a_worker_over_tls_and_is_named(
    secured: SecuredKafka, cluster: Cluster, admin: Any
) -> None:
    """It was ready for as long as its reader of the configuration took to be closed."""
    settings = cluster.settings()
    rights = of_worker(settings.prefix, settings.app)
    await Acls(admin).allow(rights)
    worker = cluster.worker(**secured.scram())
    worker.wait_ready(TIMEOUT_S)
    campaigns = next(right for right in rights if right.name == settings.topic("campaigns"))
    await Acls(admin).take(campaigns._replace(operations=("Read",)))
    # What it asks for is kept back from it, however little there is to read.
    assert worker.wait_ended(TIMEOUT_S) == 70
    assert f"the worker ends: TopicAuthorizationFailedError('{campaigns.name}')" in worker.log.read_text()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"sasl_password": "wrong"}, "does not accept this user"), ({"tls_ca_file": None}, "Name it with tls_ca_file")],
)
def test_a_worker_that_is_not_let_in_ends_with_the_same_line_as_a_check(
    secured: SecuredKafka, cluster: Cluster, wrong: dict[str, Any], said: str
) -> None:
    settings = secured.scram(**wrong)
    with pytest.raises(OperatorError) as error:
        topic_admin.check(Clients(make(**settings)))
    worker = cluster.worker(**settings)
    assert worker.wait_ended(TIMEOUT_S) == 1
    assert worker.last_message() == str(error.value) and said in str(error.value)


def test_a_client_that_asks_and_is_closed_at_once_is_closed_whether_or_not_it_is_answered(
    secured: SecuredKafka,
) -> None:
    """A broker that reads a question and the good-bye at once looks at neither again: uvloop then waits for 30 s."""
    at = secured.at("TLS")
    settings = make(broker=at, security_protocol="SSL", tls_ca_file=secured.authority.file)
    context = client_options(settings)["ssl_context"]

    async def one() -> None:
        connection = await create_conn(
            HOST, int(at.rpartition(":")[2]), security_protocol="SSL", ssl_context=context
        )  # fmt: skip
        asked = asyncio.ensure_future(connection.send(MetadataRequest([])))
        await asyncio.sleep(0)
        async with asyncio.timeout(GUARD_S):
            await connection.close()
        await asyncio.gather(asked, return_exceptions=True)

    async def all_at_once() -> None:
        await asyncio.gather(*(one() for _ in range(16)))

    uvloop.run(all_at_once())


async def test_a_password_that_changes_in_its_file_is_shown_with_the_next_connection(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    options = client_options(make(**password_file(secured, tmp_path)))
    client = AIOKafkaAdminClient(**options)
    await client.start()
    for password, accepted in (("changed", False), (PASSWORD, True), ("", True)):
        (tmp_path / "password").write_text(password)  # An empty one is in the middle of being written.
        another = AIOKafkaAdminClient(**options)
        with nullcontext() if accepted else pytest.raises(KafkaConnectionError):
            await another.start()
        await another.close()
    await client.close()


async def test_clients_of_one_process_share_a_token_that_is_asked_for_once(secured: SecuredKafka) -> None:
    with token_endpoint() as endpoint:
        endpoint.answers = [(200, {"access_token": unsigned_token(USER), "expires_in": 3600})]
        oauth = {"oauth_token_url": endpoint.url, "oauth_client_id": USER, "oauth_client_secret": "Hunter2"}
        given = secured.scram(sasl_mechanism="OAUTHBEARER", **oauth, sasl_username=None, sasl_password=None)
        for _ in range(2):
            client = AIOKafkaAdminClient(**client_options(make(**given)))
            await client.start()
            await client.list_topics()
            await client.close()
        assert len(endpoint.asked) == 1
