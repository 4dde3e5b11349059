"""A network that can be cut, and that forgets connections: TCP on the loopback address, passed on or held back."""

import asyncio
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"
CHUNK = 64 * 1024

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(eq=False, slots=True)
class _Link:
    """One connection through a proxy: when something last passed, and whether anything still does."""

    at: float = field(default_factory=time.monotonic)
    forgotten: bool = False


class Proxies:
    """Ports that pass everything on to other ports, in a thread with a loop of its own; each is of a numbered network.

    While that is cut, nothing passes either way, and connections stay open, as on a network that loses every packet.
    opened: when each connection came, by the monotonic clock, whether there was anything behind it or not.
    """

    def __init__(self, networks: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._passes = [asyncio.Event() for _ in range(networks)]
        for passes in self._passes:
            passes.set()
        self._servers: list[asyncio.Server] = []
        self._links: set[_Link] = set()
        self.opened: list[float] = []

    def __enter__(self) -> "Proxies":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self, network: int, port: int, target: int) -> None:
        """Pass what comes to `port` of a network on to `target`."""
        asyncio.run_coroutine_threadsafe(self._open(self._passes[network], port, target), self._loop).result(10)

    def cut(self, *networks: int) -> None:
        """Hold everything back, on these or on all."""
        for network in networks or range(len(self._passes)):
            self._loop.call_soon_threadsafe(self._passes[network].clear)

    def restore(self) -> None:
        """Pass everything on again."""
        for passes in self._passes:
            self._loop.call_soon_threadsafe(passes.set)

    def forget(self, idle_s: float = 0.0) -> int:
        """Have connections over which nothing passed for so long pass nothing any more, as a NAT does; nobody is told.

        Returns how many they are.
        """
        return asyncio.run_coroutine_threadsafe(self._forget(idle_s), self._loop).result(10)

    async def _forget(self, idle_s: float) -> int:
        idle = [link for link in self._links if link.at <= time.monotonic() - idle_s and not link.forgotten]
        for link in idle:
            link.forgotten = True
        return len(idle)

    async def _open(self, passes: asyncio.Event, port: int, target: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.opened.append(time.monotonic())
            try:
                await passes.wait()
                there, back = await asyncio.open_connection(HOST, target)
            except OSError:
                writer.close()
                return
            await self._pass_on(passes, target, (reader, writer), (there, back))

        self._servers.append(await asyncio.start_server(serve, HOST, port))

    async def _pass_on(self, passes: asyncio.Event, target: int, near: Ends, far: Ends) -> None:
        """One connection: from a client, and on to `target`."""
        link = _Link()
        self._links.add(link)
        await asyncio.gather(self._pipe(passes, link, near[0], far[1]), self._pipe(passes, link, far[0], near[1]))
        self._links.discard(link)

    async def _pipe(
        self, passes: asyncio.Event, link: _Link, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                await passes.wait()
                if not link.forgotten:
                    link.at = time.monotonic()
                    target.write(data)
                    await target.drain()
        if not link.forgotten:
            target.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
