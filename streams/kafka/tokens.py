"""Where a token for SASL/OAUTHBEARER comes from: a file that somebody else renews, or a token endpoint.

A client asks with each connection that it makes, from whatever event loop it is on.
Source: RFC 6749, section 4.4 (client credentials); RFC 7628 (the mechanism).
"""

import asyncio
import base64
import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from streams.kafka.secret_files import SecretFile, without

ANSWER_TIMEOUT_S = 10
RENEWED_AT = 0.8
"""Of its life a token is used so much, so that it does not end on its way to the broker."""
LIFE_S = 60.0
"""Of a token whose lifetime the endpoint does not say."""


class TokenUnavailable(KafkaError):  # type: ignore[misc]  # aiokafka has no types.
    """There is no token to show; the text says why, without any part of it."""

    def __str__(self) -> str:
        return str(self.args[0])


class _Tokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types.
    def __init__(self, extensions: str | None) -> None:
        pairs = (pair.partition("=") for pair in (extensions or "").split(",") if pair)
        self._extensions = {name: value for name, _, value in pairs}

    def extensions(self) -> dict[str, str]:
        """What goes to the broker with the token."""
        return self._extensions


class TokenFile(_Tokens):
    """The token of a file, as it is at the time."""

    def __init__(self, path: Path, extensions: str | None = None) -> None:
        super().__init__(extensions)
        self._file = SecretFile("oauth_token_file", path)

    async def token(self) -> str:
        """The token for one connection."""
        return self._file.text().strip()


class _Stay(urllib.request.HTTPRedirectHandler):
    """A secret goes where the settings say, and nowhere that an answer says."""

    def redirect_request(self, *_: Any) -> None:
        """A redirection is an error."""


class TokenEndpoint(_Tokens):
    """Tokens that are asked for with this client's id and secret, each used for most of its life."""

    def __init__(
        self,
        url: str,
        client_id: str,
        secret: SecretFile | str,
        scope: str | None = None,
        tls: ssl.SSLContext | None = None,
        extensions: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(extensions)
        self._monotonic = monotonic
        self._url = url
        self._told_url = url.partition("?")[0].partition("#")[0]
        self._client_id = client_id
        self._secret = secret
        self._form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        https = [urllib.request.HTTPSHandler(context=tls)] if tls else []
        self._opener = urllib.request.build_opener(_Stay, *https)
        # Of threads: Faust's consumer runs an event loop of its own.
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = self._ends_at = 0.0

    async def token(self) -> str:
        """The token for one connection. Raises TokenUnavailable."""
        return await asyncio.to_thread(self._usable)

    def _usable(self) -> str:
        with self._lock:
            now = self._monotonic()
            if now >= self._renew_at:
                try:
                    self._token, life_s = self._asked_for()
                except TokenUnavailable:
                    if now >= self._ends_at:
                        raise
                else:
                    self._renew_at, self._ends_at = now + RENEWED_AT * life_s, now + life_s
            return self._token

    def _asked_for(self) -> tuple[str, float]:
        secret = self._secret.text() if isinstance(self._secret, SecretFile) else self._secret
        known_as = base64.b64encode(f"{quote(self._client_id, '')}:{quote(secret, '')}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  (the settings allow https, and http on this machine)
            self._url,
            urlencode(self._form).encode(),
            {"Authorization": f"Basic {known_as}", "Accept": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=ANSWER_TIMEOUT_S) as answer:
                return _token_of(json.load(answer))
        except urllib.error.HTTPError as error:
            refusal = without(_refusal(error), self._client_id, secret, self._form.get("scope", ""))
            raise TokenUnavailable(f"{self._told_url} answers {error.code} {refusal}") from None
        except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError) as error:
            reason = getattr(error, "reason", None) or error
            raise TokenUnavailable(f"{self._told_url} gives no token ({type(error).__name__}: {reason})") from None


def _token_of(answer: Any) -> tuple[str, float]:
    """Token and seconds of its life. Raises KeyError, TypeError, ValueError."""
    token, life_s = answer["access_token"], float(answer.get("expires_in") or LIFE_S)
    if not (isinstance(token, str) and token and life_s > 0):
        raise ValueError("an answer without access_token")
    return token, life_s


def _refusal(error: urllib.error.HTTPError) -> str:
    """What the server says of it by RFC 6749, section 5.2, else what HTTP calls it."""
    try:
        said = json.loads(error.read(4096))
        return " ".join(str(said[name]) for name in ("error", "error_description") if name in said)[:200]
    except (OSError, ValueError, TypeError):
        return str(error.reason)
