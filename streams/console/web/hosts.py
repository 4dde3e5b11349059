"""By which names browsers may reach the console.

A page elsewhere whose name is made to lead to this machine (DNS rebinding) asks with that name, and is turned away.
Source: docs/console.md, "Who may do what".
"""

from urllib.parse import urlsplit

from streams.base import addresses
from streams.base.console_settings import is_loopback
from streams.base.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def known_hosts(settings: Settings) -> list[str]:
    """Those of the loopback, its own, and that of `console_url`; all, if it is bound to all addresses and has no url.

    There is a way to sign in then, and no cookie of ours is sent to another name.
    """
    host = addresses.in_url(settings.console_host)
    public = urlsplit(settings.console_url).hostname if settings.console_url else None
    if public is None and not is_loopback(host):
        return ["*"]
    return [*LOOPBACK, host, *([addresses.in_url(public)] if public else [])]
