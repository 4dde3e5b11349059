"""What is wrong with a connection is told in one line with its cause, and is the same for a check and for a worker."""

from pathlib import Path
from typing import Any

import pytest
import uvloop

from streams.base.errors import OperatorError
from streams.base.settings import make
from streams.kafka import topic_admin
from streams.kafka.clients import ANSWER_S, Clients
from tests.secured.certificates import Authority
from tests.secured.kafka import NOWHERE, PASSWORD, USER, SecuredKafka, unsigned_token
from tests.secured.test_tokens import token_endpoint

pytestmark = pytest.mark.kafka

START_ONE = "Start one with `ringback broker`"
SASL = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": USER, "sasl_password": PASSWORD}


def line_of(*, answer_s: Any = ANSWER_S, **given: object) -> str:
    """What `topics check` says with these settings, and a worker, which has another event loop, when it starts."""
    clients = Clients(make(**given), answer_s)
    with pytest.raises(OperatorError) as of_check:
        topic_admin.check(clients)
    with pytest.raises(OperatorError) as of_worker:
        uvloop.run(topic_admin.contact_partitions(clients))
    assert str(of_worker.value) == str(of_check.value)
    (line,) = str(of_check.value).splitlines()
    assert PASSWORD not in line
    return line


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("another"), "another")


CERTIFICATES = {
    "EXPIRED": "has expired. Renew it on the broker",
    "ELSEWHERE": "is for another name (IP address mismatch, certificate is not valid for '127.0.0.1'). Connect",
}


@pytest.mark.parametrize("listener", CERTIFICATES)
def test_what_is_wrong_with_the_brokers_certificate_is_named(secured: SecuredKafka, listener: str) -> None:
    at = secured.at(listener)
    line = line_of(broker=at, security_protocol="SSL", tls_ca_file=secured.authority.file)
    assert f"cannot connect to Kafka: the certificate of {at} {CERTIFICATES[listener]}" in line
    assert START_ONE not in line


def test_an_authority_that_is_not_trusted_is_named_with_its_setting(secured: SecuredKafka, another: Authority) -> None:
    for ca in ({}, {"tls_ca_file": another.file}):
        line = line_of(broker=secured.at("TLS"), security_protocol="SSL", **ca)
        assert "is signed by no authority that is trusted here" in line and line.endswith("Name it with tls_ca_file")


PROTOCOLS = {
    # (what the client speaks, where): what the port speaks
    ("PLAINTEXT", "TLS"): "SSL",
    ("PLAINTEXT", "SCRAM"): "SASL_SSL",
    ("PLAINTEXT", "CLEAR"): "SASL_PLAINTEXT",
    ("SASL_PLAINTEXT", "TLS"): "SSL",
    ("SASL_PLAINTEXT", "SCRAM"): "SASL_SSL",
    ("SASL_PLAINTEXT", "INSIDE"): "PLAINTEXT",
    ("SSL", "INSIDE"): "PLAINTEXT",
    ("SSL", "CLEAR"): "SASL_PLAINTEXT",
    ("SSL", "SCRAM"): "SASL_SSL",
    ("SASL_SSL", "INSIDE"): "PLAINTEXT",
    ("SASL_SSL", "CLEAR"): "SASL_PLAINTEXT",
    ("SASL_SSL", "TLS"): "SSL",
}


@pytest.mark.parametrize(("protocol", "listener"), PROTOCOLS)
def test_a_port_that_speaks_another_protocol_is_named_with_the_protocol_that_it_speaks(
    secured: SecuredKafka, protocol: str, listener: str
) -> None:
    sasl = SASL if protocol.startswith("SASL") else {}
    tls = {"tls_ca_file": secured.authority.file} if protocol.endswith("SSL") else {}
    line = line_of(broker=secured.at(listener), security_protocol=protocol, **sasl, **tls)
    wanted = PROTOCOLS[protocol, listener]
    assert f"speaks {wanted}, not {protocol}. Set security_protocol to {wanted}" in line
    assert START_ONE not in line


def test_a_client_certificate_that_is_missing_or_not_accepted_is_named(
    secured: SecuredKafka, another: Authority
) -> None:
    given = {"broker": secured.at("MUTUAL"), "security_protocol": "SSL", "tls_ca_file": secured.authority.file}
    assert "asks for a client certificate" in line_of(**given)
    assert "tls_cert_file and tls_key_file" in line_of(**given)
    for pair in (another.issue("stranger"), secured.authority.issue("old", expired=True)):
        line = line_of(**given, tls_cert_file=pair.cert, tls_key_file=pair.key)
        assert "does not accept the certificate in tls_cert_file" in line


@pytest.mark.parametrize(
    "wrong", [{"sasl_password": "Hunter2"}, {"sasl_username": "nobody"}, {"sasl_mechanism": "PLAIN"}], ids=str
)
def test_a_user_or_password_that_is_not_accepted_is_named_without_the_password(
    secured: SecuredKafka, wrong: dict[str, str]
) -> None:
    line = line_of(**secured.scram(**wrong))
    assert "does not accept this user" in line
    assert line.endswith("Check sasl_username and sasl_password, or sasl_password_file")
    assert "Hunter2" not in line and START_ONE not in line


def test_a_mechanism_that_the_broker_does_not_offer_is_named(secured: SecuredKafka) -> None:
    line = line_of(**secured.scram(sasl_mechanism="SCRAM-SHA-256"))
    assert "does not offer SCRAM-SHA-256. Set sasl_mechanism to one that it does" in line


def test_a_token_that_is_not_accepted_or_not_to_be_had_is_named(secured: SecuredKafka, tmp_path: Path) -> None:
    token = tmp_path / "token"
    oauth = {"sasl_mechanism": "OAUTHBEARER", "sasl_username": None, "sasl_password": None}
    token.write_text(unsigned_token(USER, life_s=-60))
    line = line_of(**secured.scram(**oauth, oauth_token_file=token))
    assert "does not accept this user" in line and line.endswith("Check the token")
    with token_endpoint() as endpoint:
        endpoint.answers = [(401, {"error": "invalid_client"})]
        asked = {"oauth_token_url": endpoint.url, "oauth_client_id": "me", "oauth_client_secret": "Hunter2"}
        line = line_of(**secured.scram(**oauth, **asked))
    assert f"{endpoint.url} answers 401 invalid_client. Look at the settings that begin with oauth_" in line


def test_a_name_that_is_not_known_and_an_address_where_nothing_listens_are_told_apart(secured: SecuredKafka) -> None:
    line = line_of(**secured.scram(broker="no-such-host.invalid:9093"))
    assert "cannot connect to Kafka: the name no-such-host.invalid is not known" in line
    line = line_of(**secured.scram(broker="127.0.0.1:1"))
    assert "no Kafka broker at 127.0.0.1:1 (127.0.0.1:1 refuses connections" in line and START_ONE not in line
    assert START_ONE in line_of(broker="127.0.0.1:1"), "where it is the cure"


def test_an_address_that_the_broker_gives_as_its_own_is_named_when_it_is_the_one_that_fails(
    secured: SecuredKafka,
) -> None:
    line = line_of(answer_s=2, broker=secured.at("LOST"))
    assert f"the Kafka broker at {secured.at('LOST')} gives {NOWHERE}:" in line
    assert f"the name {NOWHERE} is not known" in line and line.endswith("advertised.listeners")
