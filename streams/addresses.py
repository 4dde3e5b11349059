"""Addresses as people write them: HOST:PORT, and those of IPv6 in brackets."""

import re
from ipaddress import IPv6Address

HOST_NAME = re.compile(r"[\w.-]+")
PORTS = range(1, 65536)


def brokers(value: str) -> str:
    """The value as it is, if it is HOST:PORT or several of them separated by commas. Raises ValueError if not."""
    for address in value.split(","):
        host, _, port = address.strip().rpartition(":")
        if not (port.isascii() and port.isdigit() and int(port) in PORTS):
            raise ValueError("should be HOST:PORT, several of them separated by commas")
        if ":" in host and not (host.startswith("[") and host.endswith("]") and _is_ipv6(host[1:-1])):
            raise ValueError("should be HOST:PORT, without a scheme, and an IPv6 address in brackets: [::1]:9092")
        if ":" not in host and not HOST_NAME.fullmatch(host):
            raise ValueError("should be HOST:PORT, HOST being a name or an address")
    return value


def bare(host: str) -> str:
    """A host without the brackets that an IPv6 address may have."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def in_url(host: str) -> str:
    """A host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{bare(host)}]" if ":" in host else host


def _is_ipv6(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False
