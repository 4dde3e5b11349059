"""The producers and dialers of `examples/clients` on a Kafka that asks who they are, and gives them few rights."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.clients.languages import PAGE, Programs, told
from tests.clients.story import callbacks, in_s, story
from tests.kafka.cluster import Cluster
from tests.secured.kafka import USER, Acls, SecuredKafka
from topics.right import Resource, Right
from topics.rights import of_dialer

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


def connections(secured: SecuredKafka) -> dict[str, dict[str, Any]]:
    """Settings by which a client shows who it is, for the same user: a password, or a certificate."""
    pair, place = secured.authority.issue(USER), {"broker": secured.at("MUTUAL"), "security_protocol": "SSL"}
    files = {"tls_ca_file": secured.authority.file, "tls_cert_file": pair.cert, "tls_key_file": pair.key}
    return {"password": secured.scram(), "certificate": place | files}


@pytest.mark.parametrize("shown", ["password", "certificate"])
@pytest.mark.parametrize("language", told())
async def test_a_callback_is_sent_and_dialed_with_tls_and_the_rights_of_a_dialer(
    language: str, shown: str, secured: SecuredKafka, cluster: Cluster, admin: AIOKafkaAdminClient, tmp_path: Path
) -> None:
    """The dialer prints the number, since nobody says where calls are placed."""
    rights = of_dialer(cluster.prefix)
    if language == "node" and (name := re.search(r"groups that begin with `([\w-]+)`", PAGE)):
        rights.append(Right(Resource.GROUP, f"{cluster.prefix}{name[1]}", ("Read",), prefixed=True))
    await Acls(admin).allow(rights)
    client = await asyncio.to_thread(Programs, language, tmp_path, prefix=cluster.prefix, **connections(secured)[shown])
    async with story(cluster, ["ann"]) as here:
        dialer = client.dialer("only")
        try:
            assert await asyncio.to_thread(client.produce, callbacks(["ann"], 101, in_s(0.1))) == ["k-ann"]
            await here.until(lambda: here.ended() or dialer.ended)
            assert here.ended() == {"k-ann": ["completed"]}, dialer.said
            assert dialer.dialed == ["+12125550101"] and here.allowed() == {"k-ann": True}
        finally:
            dialer.kill()
