"""A Kafka that asks who you are: TLS, SCRAM, PLAIN, OAUTHBEARER, client certificates, and access rights.

It trusts its own machine on one port (`inside`), where tests do what an administrator does.
"""

import base64
import json
import subprocess
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from streams.dev.broker.java import java_command, last_words, launch
from streams.dev.broker.kafka import SHARED_PROPERTIES
from streams.kafka.authorized import OPERATIONS
from tests.ports import reserved_ports
from tests.secured.certificates import HOST, Authority
from topics.right import Resource, Right

START_TIMEOUT_S = 90.0
NOWHERE = "broker-1.invalid"
USER, PASSWORD = "worker", "secret-word"
ADMIN = "admin"
"""A user with every right, and the same password."""
LISTENERS = {
    "INSIDE": "PLAINTEXT",
    "SCRAM": "SASL_SSL",
    "CLEAR": "SASL_PLAINTEXT",
    "MUTUAL": "SSL",
    "TLS": "SSL",
    "EXPIRED": "SSL",
    "ELSEWHERE": "SSL",
    "LOST": "PLAINTEXT",
    "CONTROLLER": "PLAINTEXT",
}
"""Name and protocol of each: TLS asks for no user, EXPIRED and ELSEWHERE have such certificates, LOST such a name."""

_PROPERTIES = (
    SHARED_PROPERTIES
    + """\
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=INSIDE
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin
ssl.keystore.type=PEM
ssl.truststore.type=PEM
ssl.principal.mapping.rules=RULE:^CN=([^,]+),.*$/$1/,RULE:^.*CN=([^,]+).*$/$1/,DEFAULT
listener.name.mutual.ssl.client.auth=required
"""
)
_OF_SASL = """\
listener.name.{name}.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.{name}.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.{name}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
listener.name.{name}.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
"""

RESOURCES = {Resource.TOPIC: 2, Resource.GROUP: 3, Resource.TRANSACTIONAL_ID: 5}
LITERAL, PREFIXED, ALLOW = 3, 4, 3


class SecuredKafka:
    """One node; `authority` has signed its certificates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority(folder)
        self._ports = dict(zip(LISTENERS, reserved_ports(HOST, len(LISTENERS)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None

    def at(self, listener: str) -> str:
        """HOST:PORT of a listener."""
        return f"{HOST}:{self._ports[listener]}"

    @property
    def inside(self) -> str:
        """Where nobody is asked."""
        return self.at("INSIDE")

    def scram(self, **changes: Any) -> dict[str, Any]:
        """Settings of a client that shows user and password over TLS."""
        given = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": USER, "sasl_password": PASSWORD}
        place = {"broker": self.at("SCRAM"), "security_protocol": "SASL_SSL", "tls_ca_file": self.authority.file}
        return place | given | changes

    def __enter__(self) -> "SecuredKafka":
        java = java_command(print)
        properties = self._write_properties()
        cluster = "R" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)]
        for user in (USER, ADMIN):
            tool += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={PASSWORD}]"]
        subprocess.run([*java, *tool], check=True, capture_output=True)
        self._process = launch(java, properties, self._log)
        try:
            self._await_started()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def _log(self) -> Path:
        return self._folder / "kafka.log"

    def _await_started(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while "Kafka Server started" not in (said := self._log.read_text(errors="replace")):
            assert self._process is not None
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError(f"Kafka did not start: {last_words(said)}")
            time.sleep(0.1)

    def _write_properties(self) -> Path:
        issue = self.authority.issue
        stores = {
            "ssl": issue("broker").both,
            "listener.name.expired.ssl": issue("expired", expired=True).both,
            "listener.name.elsewhere.ssl": issue("elsewhere", "kafka.elsewhere.example").both,
        }
        places = {name: f"{name}://{HOST}:{port}" for name, port in self._ports.items()}
        told = places | {"LOST": f"LOST://{NOWHERE}:{self._ports['LOST']}"}
        lines = [
            f"controller.quorum.voters=1@{HOST}:{self._ports['CONTROLLER']}",
            f"listeners={','.join(places.values())}",
            f"advertised.listeners={','.join(place for name, place in told.items() if name != 'CONTROLLER')}",
            f"listener.security.protocol.map={','.join(f'{name}:{how}' for name, how in LISTENERS.items())}",
            f"log.dirs={self._folder / 'data'}",
            f"ssl.truststore.location={self.authority.file}",
            *(f"{name}.keystore.location={file}" for name, file in stores.items()),
        ]
        of_sasl = "".join(_OF_SASL.format(name=name, user="plain", password=PASSWORD) for name in ("scram", "clear"))
        path = self._folder / "server.properties"
        path.write_text(_PROPERTIES + of_sasl + "\n".join(lines) + "\n")
        return path


class Acls:
    """Gives and takes rights, as an administrator does; `principal` as Kafka names users."""

    def __init__(self, admin: AIOKafkaAdminClient, principal: str = f"User:{USER}") -> None:
        self._admin = admin
        self._principal = principal

    async def allow(self, rights: Iterable[Right]) -> None:
        """Give rights."""
        for values in self._each(rights):
            answer = await self._admin._send_request(CreateAclsRequest(*values))
            assert [one[0] for one in answer.creation_responses] == [0], answer

    async def take(self, *rights: Right) -> None:
        """Take rights away that have been given."""
        for values in self._each(rights):
            answer = await self._admin._send_request(DeleteAclsRequest(*values))
            (one,) = answer.filter_responses
            assert one[0] == 0 and len(one[2]) == 1, answer

    def _each(self, rights: Iterable[Right]) -> Iterable[tuple[Any, ...]]:
        for right in rights:
            pattern = PREFIXED if right.prefixed else LITERAL
            for operation in right.operations:
                code = OPERATIONS[operation]
                yield RESOURCES[right.resource], right.name, pattern, self._principal, "*", code, ALLOW


def unsigned_token(user: str, life_s: int = 3600) -> str:
    """A token of the kind that Kafka's validator for tests believes: JSON Web Token, algorithm none."""
    now = int(time.time())
    parts: tuple[dict[str, object], ...] = ({"alg": "none"}, {"sub": user, "iat": now, "exp": now + life_s})
    return "".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") + "." for part in parts)
