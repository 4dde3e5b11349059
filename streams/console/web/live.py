"""What changes by itself: the page *Now* as a stream of server-sent events, and the progress of the view.

Before each event it is asked again who looks: a session that is over ends its streams.
"""

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streams.console.access.who import Refused
from streams.console.web.asking import admitted
from streams.console.web.now import now_part
from streams.console.web.site import Site

EVERY_S = 2.0
FOR_S = 300.0
STREAMS_MAX = 100


class Live:
    """The streams of one console. At most so many, since each asks the view every two seconds."""

    def __init__(self) -> None:
        self._open = 0

    async def stream(self, request: Request) -> Response:
        """The part of *Now* that changes: at once, and then whenever it is another."""
        if self._open >= STREAMS_MAX:
            raise Refused(503, "Too many pages are live already; this one stays as it was when it was loaded.")
        asking, _ = await admitted(request)
        if asking is None:
            raise Refused(401, "Nobody has signed in.")
        return StreamingResponse(self._events(request), media_type="text/event-stream")

    async def _events(self, request: Request) -> AsyncIterator[bytes]:
        site: Site = request.app.state.site
        self._open += 1
        try:
            last = b""
            for _ in range(int(FOR_S / EVERY_S)):
                asking, _ = await admitted(request)
                if asking is None or site.stopping.is_set():
                    return
                part = bytes((await run_in_threadpool(now_part, asking)).body)
                yield b": still here\n\n" if part == last else event(part)
                last = part
                await _wait(site.stopping)
        except Refused:
            return
        finally:
            self._open -= 1


async def _wait(stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), EVERY_S)
    except TimeoutError:
        return


def event(text: bytes) -> bytes:
    """One event whose data are these lines."""
    return b"".join(b"data: %s\n" % line for line in text.splitlines()) + b"\n"
