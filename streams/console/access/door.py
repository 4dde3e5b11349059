"""The door: who a request is from. Somebody it does not know is nobody.

Open mode, without a way to sign in, is for the loopback alone. A request that came through a proxy, or whose Host is
not this machine's, is refused there: the first would let in whoever reaches the proxy, the second a page of somebody
else's whose name leads here (DNS rebinding).
Source: docs/console.md, "Who may do what".
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from starlette.requests import HTTPConnection

from streams.base.console_settings import Role
from streams.base.settings import Settings
from streams.console.access.seals import Seals
from streams.console.access.tokens import Holder, TokenFile
from streams.console.access.who import Refused, Way, Who

SESSION_COOKIE = "ringback_session"
SESSION = timedelta(hours=12)
PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
HASH_BEGINS = 16
"""Digits of a token's hash that a session names, so that it ends when the token does."""


class Door:
    """Says who asks, by the settings."""

    def __init__(self, settings: Settings, seals: Seals) -> None:
        self._settings, self._seals = settings, seals
        self._tokens = TokenFile(settings.console_token_file) if settings.console_token_file else None
        self._proxies = tuple(ip_network(one) for one in settings.console_proxies)
        self.has_tokens = self._tokens is not None

    def who(self, request: HTTPConnection, now: datetime) -> Who | None:
        """Who asks; None if nobody has signed in. Raises Refused for what is never let in."""
        if not self._settings.console_signs_in:
            return self._anybody(request)
        return self._by_bearer(request) or self._by_proxy(request) or self._by_session(request, now)

    def signed_in(self, token: str, now: datetime) -> str | None:
        """The session of whoever holds the token, for the cookie; None if nobody does."""
        holder = self._tokens.holder(token) if self._tokens else None
        if holder is None:
            return None
        return self._seals.seal("session", f"{holder.token_hash[:HASH_BEGINS]}|{holder.name}", now + SESSION)

    def _anybody(self, request: HTTPConnection) -> Who:
        if any(name in request.headers for name in PROXIED):
            raise Refused(
                403,
                "This console has no way to sign in, so it answers no proxy. Set console_token_file, or "
                "console_proxy_header and console_proxies.",
            )
        return Who("somebody-on-this-machine", self._settings.console_open_role, Way.OPEN)

    def _by_bearer(self, request: HTTPConnection) -> Who | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self._tokens is None or scheme.lower() != "bearer":
            return None
        holder = self._tokens.holder(token.strip())
        if holder is None:
            raise Refused(401, "Nobody has that token.")
        return _who(holder, Way.BEARER)

    def _by_session(self, request: HTTPConnection, now: datetime) -> Who | None:
        text = self._seals.opened("session", request.cookies.get(SESSION_COOKIE, ""), now)
        if text is None or self._tokens is None:
            return None
        begins, _, name = text.partition("|")
        holder = self._tokens.named(name, begins)
        return _who(holder, Way.SESSION) if holder else None

    def _by_proxy(self, request: HTTPConnection) -> Who | None:
        settings = self._settings
        if settings.console_proxy_header is None or not self._is_proxy(request):
            return None
        names = request.headers.getlist(settings.console_proxy_header)
        groups = request.headers.getlist(settings.console_proxy_groups_header or "")
        if not names or not names[0].strip():
            return None
        if len(names) > 1 or len(groups) > 1:
            raise Refused(400, "The proxy's header is there twice.")
        name = names[0].strip()
        known = {name, *(one.strip() for one in ",".join(groups).split(","))} - {""}
        return Who(name[:100], self._role(known), Way.PROXY)

    def _role(self, known: set[str]) -> Role:
        if known & set(self._settings.console_admins):
            return Role.ADMIN
        return Role.OPERATOR if known & set(self._settings.console_operators) else Role.VIEWER

    def _is_proxy(self, request: HTTPConnection) -> bool:
        try:
            peer = ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        return any(peer in network for network in self._proxies)


def _who(holder: Holder, way: Way) -> Who:
    return Who(holder.name, holder.role, way)
