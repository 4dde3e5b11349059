"""The dialer for Asterisk on a Kafka that asks who it is: TLS, a password, and the rights of its page and no more."""

import re
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.docs.test_docs import section, table
from tests.kafka.cluster import Cluster
from tests.secured.kafka import PASSWORD, USER, Acls, SecuredKafka
from tests.telephony.asterisk import Asterisk, need
from tests.telephony.callee import Callee, Kind, number
from tests.telephony.stack import telephony
from tests.telephony.story import begin, call_back, called_back, promise
from topics.right import Resource, Right

pytestmark = pytest.mark.kafka

PAGE = (Path(__file__).parents[2] / "docs" / "dialers.md").read_text("utf-8")
KINDS = {"topic": Resource.TOPIC, "group": Resource.GROUP, "transactional": Resource.TRANSACTIONAL_ID}


def of_page(prefix: str) -> list[Right]:
    """Those of the table."""
    rights = []
    for on, operations in table(section(PAGE, "On your Asterisk"), "on", "rights"):
        kind = KINDS[on.split()[0].removesuffix("s")]
        for name in re.findall(r"`([^`]+)`", on):
            rights.append(Right(kind, prefix + name, tuple(operations.split(", ")), prefixed="begin with" in on))
    return rights


async def test_the_dialer_for_asterisk_works_with_tls_a_password_and_the_rights_of_its_page(
    secured: SecuredKafka, cluster: Cluster, admin: AIOKafkaAdminClient, tmp_path: Path
) -> None:
    """A call by the system, and a preview, which has to be asked about."""
    need()
    kafka = {
        "bootstrap_servers": secured.at("SCRAM"), "security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": USER, "sasl_plain_password": PASSWORD, "cafile": str(secured.authority.file),
    }  # fmt: skip
    with Callee(tmp_path) as callee, Asterisk(tmp_path, callee.port) as asterisk:
        async with telephony(cluster, asterisk, callee) as phones:
            await Acls(admin).allow(of_page(cluster.prefix))
            await begin(phones)
            dialer = phones.dialer(kafka=kafka)
            await call_back(phones, "c1", number(Kind.BUSY))
            await promise(phones, "k", "c2", number(Kind.BUSY, 2))
            offered: list[dict[str, str]] = []
            while not offered:
                offered = (await dialer.agent("GET", "/previews?agent_id=a7"))[1]
                await phones.taken.poll()
            path = f"/previews/{offered[0]['command_id']}/accept"
            assert (await dialer.agent("POST", path, {"agent_id": "a7"}))[0] == 204
            await phones.until(lambda: len(phones.ended()) == 2)
            assert phones.wrap_ups() == {called_back("c1"): ("BUSY", "busy"), "k": ("BUSY", "busy")}
            assert callee.rang == {number(Kind.BUSY): 1, number(Kind.BUSY, 2): 1}
