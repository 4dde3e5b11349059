"""An ARI between the dialer and Asterisk, at which a test has the dialer killed at the very moment that it names."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web


class At(StrEnum):
    """Moments of one call, in their order."""

    BEFORE_ASTERISK_HEARS = "before Asterisk hears that it is to call"
    BEFORE_THE_ANSWER = "before the dialer hears that it is placed"
    RINGING = "when it rings"
    ENDED = "before the dialer hears that it has ended"


class Proxy:
    """Passes on everything; `kill` is called once at the moment `at`, and what was to pass then is lost."""

    def __init__(self, to: str) -> None:
        self._to = to
        self.url = ""
        self.at: At | None = None
        self.kill: Callable[[], None] = lambda: None

    def _is(self, at: At) -> bool:
        if self.at is not at:
            return False
        self.at = None
        self.kill()
        return True

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """A request of the dialer."""
        headers = {"Authorization": request.headers["Authorization"]}
        calls = request.method == "POST"
        if calls and self._is(At.BEFORE_ASTERISK_HEARS):
            raise web.HTTPBadGateway
        async with aiohttp.ClientSession(self._to, headers=headers) as session:
            if request.path == "/ari/events":
                return await self._events(request, session)
            body = await request.json() if request.can_read_body else None
            async with session.request(request.method, request.path, params=request.query, json=body) as answer:
                text = await answer.read()
            if calls and self._is(At.BEFORE_THE_ANSWER):
                raise web.HTTPBadGateway
            return web.Response(body=text, status=answer.status, content_type="application/json")

    async def _events(self, request: web.Request, session: aiohttp.ClientSession) -> web.StreamResponse:
        dialer = web.WebSocketResponse()
        await dialer.prepare(request)
        async with session.ws_connect("/ari/events", params=request.query) as asterisk:
            closed = asyncio.create_task(self._closed(dialer, asterisk))
            async for message in asterisk:
                event: dict[str, Any] = message.json()
                state = event.get("channel", {}).get("state")
                if event["type"] == "ChannelStateChange" and state == "Ringing" and self._is(At.RINGING):
                    break
                if event["type"] == "ChannelDestroyed" and self._is(At.ENDED):
                    break
                if not dialer.closed:
                    await dialer.send_str(message.data)
            closed.cancel()
        return dialer

    async def _closed(self, dialer: web.WebSocketResponse, asterisk: Any) -> None:
        async for _ in dialer:
            pass
        await asterisk.close()


@asynccontextmanager
async def proxy(to: str) -> AsyncIterator[Proxy]:
    """One before the Asterisk at this URL."""
    made = Proxy(to)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.pass_on)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
    finally:
        await runner.cleanup()
