"""A network that can be cut: TCP on the loopback address, passed on or held back."""

import asyncio
import threading
from contextlib import suppress

HOST = "127.0.0.1"
CHUNK = 64 * 1024


class Proxies:
    """Ports that pass everything on to other ports, in a thread with a loop of its own; each is of a numbered network.

    While that is cut, nothing passes either way, and connections stay open, as on a network that loses every packet.
    """

    def __init__(self, networks: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._passes = [asyncio.Event() for _ in range(networks)]
        for passes in self._passes:
            passes.set()
        self._servers: list[asyncio.Server] = []

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

    async def _open(self, passes: asyncio.Event, port: int, target: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await passes.wait()
                there, back = await asyncio.open_connection(HOST, target)
            except OSError:
                writer.close()
                return
            await asyncio.gather(self._pipe(passes, reader, back), self._pipe(passes, there, writer))

        self._servers.append(await asyncio.start_server(serve, HOST, port))

    async def _pipe(
        self, passes: asyncio.Event, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:  # fmt: skip
        with suppress(OSError):
            while data := await source.read(CHUNK):
                await passes.wait()
                target.write(data)
                await target.drain()
        target.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
