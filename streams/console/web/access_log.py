"""One line for each answer: the page, not its address, which may name a contact; its status and how long it took."""

import logging
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.base.log import about

log = logging.getLogger(__name__)


class AccessLog:
    """Logs each answer at DEBUG, those to posts and refusals at INFO."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and log it when the answer has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, monotonic()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            told = scope["method"] != "GET" or status in (401, 403, 429)
            page = getattr(scope.get("route"), "path", "-")
            level = logging.INFO if told else logging.DEBUG
            took = (monotonic() - begun) * 1000
            extra = about("page_answered", page=page, method=scope["method"], status=status, took_ms=round(took))
            log.log(level, "%s %s: %d in %.0f ms", scope["method"], page, status, took, extra=extra)
