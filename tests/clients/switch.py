"""What places the calls of the dialers: it counts what rings, and how long a call takes is for the test to say."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"


class Switch:
    """rang: how often each command rang. numbers: what was called, in order. A call takes `takes_s`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}/calls"
        self.rang: Counter[str] = Counter()
        self.numbers: list[str] = []
        self.takes_s = 0.0
        self.held: str | None = None
        """The number of the call that is up until the switch closes."""
        self._holds_next = False
        self._lock, self._closed = threading.Lock(), threading.Event()

    def hold_next(self) -> None:
        """The next call has no end."""
        with self._lock:
            self._holds_next, self.held = True, None

    def call(self, command_id: str, number: str) -> None:
        """Returns when the call has ended."""
        with self._lock:
            self.rang[command_id] += 1
            self.numbers.append(number)
            holds, self._holds_next = self._holds_next, False
            if holds:
                self.held = number
        if holds:
            self._closed.wait()
        else:
            time.sleep(self.takes_s)

    def close(self) -> None:
        """End all calls."""
        self._closed.set()


@contextmanager
def switch() -> Iterator[Switch]:
    """One on a free port."""
    made: list[Switch] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            command = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made[0].call(command["command_id"], command["phone_number"])
            code = b"ANSWERED"
            with suppress(OSError):  # Whoever asked may have been killed.
                self.send_response(200)
                self.send_header("Content-Length", str(len(code)))
                self.end_headers()
                self.wfile.write(code)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        made.append(Switch(server.server_address[1]))
        serving = threading.Thread(target=server.serve_forever, name="switch")
        serving.start()
        try:
            yield made[0]
        finally:
            made[0].close()
            server.shutdown()
            serving.join()
