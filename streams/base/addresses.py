"""Addresses as people write them: HOST:PORT, and those of IPv6 in brackets."""

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

HOST_NAME = re.compile(r"[\w.-]+")
PORTS = range(1, 65536)


def brokers(value: str) -> str:
    """The value as it is, if it is HOST:PORT or several of them separated by commas. Raises ValueError if not."""
    for address in value.split(","):
        name, _, port = address.strip().rpartition(":")
        if not (port.isascii() and port.isdigit() and int(port) in PORTS):
            raise ValueError("should be HOST:PORT, several of them separated by commas")
        if ":" in name and (bare(name) == name or not _is_ipv6(bare(name))):
            raise ValueError("should be HOST:PORT, without a scheme, and an IPv6 address in brackets: [::1]:9092")
        if ":" not in name and not HOST_NAME.fullmatch(name):
            raise ValueError("should be HOST:PORT, HOST being a name or an address")
    return value


def host(value: str) -> str:
    """The value as it is, if it is a name or an address. Raises ValueError if not."""
    if not HOST_NAME.fullmatch(value) and not _is_ipv6(bare(value)):
        raise ValueError("should be a name or an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::")
    return value


def http_url(value: str) -> str:
    """The value as it is, if it is the URL of a server, without a password. Raises ValueError if not."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("should be http:// or https:// with a host, such as http://127.0.0.1:4318, without a user")
    return value


def bare(value: str) -> str:
    """A host without the brackets that an IPv6 address may have."""
    return value[1:-1] if value.startswith("[") and value.endswith("]") else value


def in_url(value: str) -> str:
    """A host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{bare(value)}]" if ":" in value else value


def _is_ipv6(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False
