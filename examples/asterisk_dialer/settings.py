"""What one dialer is told, by a file in TOML; `dialer.toml` beside this module has every setting."""

import ipaddress
import os
import ssl
from pathlib import Path
from typing import Any

import msgspec


class SettingsError(Exception):
    """The file cannot be used; the message says why."""


class Asterisk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where Asterisk is, and how a number is dialed there.

    url: of its HTTP server, without `/ari`. endpoint: what ARI dials, with `{number}` in it. ring_s: how long it rings.
    lines: how many calls with call analysis there may be at once.
    """

    url: str
    user: str
    password: str = ""
    endpoint: str = "PJSIP/{number}@trunk"
    context: str = "ringback"
    caller_id: str = ""
    ring_s: int = 30
    lines: int = 20


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them. kafka: arguments of aiokafka's clients, and `cafile`, `certfile`, `keyfile` of TLS.

    name: of the consumer group, and after the prefix of the topic that is this dialer's journal.
    agents_port: of the interface for agents, on the loopback; 0 is any free one.
    preview_s: how long a preview is shown. drain_s: how long calls may go on when the process is to stop.
    session_timeout_s: after how long without a sign of life others get its partitions.
    """

    asterisk: Asterisk
    kafka: dict[str, Any]
    prefix: str = "ringback."
    name: str = "asterisk-dialer"
    agents_host: str = "127.0.0.1"
    agents_port: int = 8090
    preview_s: float = 3600.0
    drain_s: float = 60.0
    session_timeout_s: float = 10.0

    @property
    def group(self) -> str:
        """The consumer group, the journal's topic, and how transactional ids begin."""
        return self.prefix + self.name

    def clients(self) -> dict[str, Any]:
        """The arguments of every client of Kafka. Raises OSError for files of TLS that cannot be read."""
        given = dict(self.kafka)
        cafile, certfile, keyfile = (given.pop(name, None) for name in ("cafile", "certfile", "keyfile"))
        if str(given.get("security_protocol", "")).endswith("SSL"):
            given["ssl_context"] = ssl.create_default_context(cafile=cafile)
            if certfile:
                given["ssl_context"].load_cert_chain(certfile, keyfile)
        return given


def load(path: Path) -> Settings:
    """The settings of a file; the password of ARI may come from the environment, as ARI_PASSWORD instead.

    Raises SettingsError.
    """
    try:
        settings = msgspec.toml.decode(path.read_bytes(), type=Settings)
        host = ipaddress.ip_address(settings.agents_host)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if not host.is_loopback:
        raise SettingsError(f"{path}: agents_host is not on the loopback, and the interface knows no passwords")
    password = os.environ.get("ARI_PASSWORD", settings.asterisk.password)
    return msgspec.structs.replace(settings, asterisk=msgspec.structs.replace(settings.asterisk, password=password))
