"""Ports for servers that are started later: by then nobody else has taken them, though many tests run side by side."""

import socket
import sys

from streams.dev.broker.java import free_ports

LINUX = sys.platform == "linux"


def reserved_ports(host: str, count: int) -> list[int]:
    """Ports that nothing listens on, each different; on Linux they are nobody else's until this process ends.

    There a port to which a socket is bound that does not listen is given to no connection and to nobody who asks for
    a free one, but a server that asks for this very port, and for reuse, has it; and every server asks for reuse.
    """
    if not LINUX:
        return free_ports(host, count)
    return [_reserved(host) for _ in range(count)]


def _reserved(host: str) -> int:
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((host, 0))
    port = int(holder.getsockname()[1])
    holder.detach()  # It stays open.
    return port
