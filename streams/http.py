"""The page for machines: metrics, health and status over HTTP, from threads of their own.

It is up before the first partition is restored, so that a long recovery can be watched. It has no password and changes
nothing: bind it to an address that only the monitoring can reach.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import msgspec
import prometheus_client

from streams import metrics
from streams.errors import OperatorError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Ready = Callable[[], str | None]
Status = Callable[[], Mapping[str, object]]

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


class Server:
    """The running server: `port` is the one it listens on; `close()` ends it."""

    def __init__(self, listener: WSGIServer) -> None:
        self.port = int(listener.server_address[1])
        self._listener = listener
        self._thread = threading.Thread(target=listener.serve_forever, args=(0.1,), name="ringback-http", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and wait until the port is free again."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(host: str, port: int, ready: Ready, status: Status) -> Server:
    """Listen on `host`:`port` (0: any free port) and answer until `close()`.

    `/metrics` the registry of `streams.metrics`; `/healthz` 200 while the process lives; `/readyz` 200 when `ready()`
    returns None, else 503 with the reason it returns; `/status` what `status()` returns, as JSON. Both are called from
    other threads than the worker's, so they must only read values that change in one step.
    Raises OperatorError when the address cannot be bound.
    """
    try:
        listener = _Listener((host, port), _Handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OperatorError(
            f"cannot listen on {host}:{port} for metrics and health: {reason}. "
            "Free that port, or choose another with --metrics-port (0 takes any)"
        ) from None
    listener.set_app(_application(ready, status))
    return Server(listener)


def _application(ready: Ready, status: Status) -> "WSGIApplication":
    exposition: WSGIApplication = prometheus_client.make_wsgi_app(metrics.REGISTRY)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return exposition(environ, start_response)
        code, kind, body = _answer(path, ready, status)
        start_response(code, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return application


def _answer(path: str, ready: Ready, status: Status) -> tuple[str, str, bytes]:
    match path:
        case "/healthz":
            return "200 OK", TEXT, b"ok\n"
        case "/readyz":
            reason = ready()
            if reason is None:
                return "200 OK", TEXT, b"ready\n"
            return "503 Service Unavailable", TEXT, f"{reason}\n".encode()
        case "/status":
            return "200 OK", JSON, msgspec.json.format(msgspec.json.encode(status(), enc_hook=str), indent=1) + b"\n"
        case "/":
            return "200 OK", TEXT, b"Ringback worker: /metrics /healthz /readyz /status\n"
        case _:
            return "404 Not Found", TEXT, b"not found: there are /metrics /healthz /readyz /status\n"


class _Listener(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # A reader that hangs must not keep the worker from ending.
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the base class, which can take seconds where there is no DNS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, *_: object) -> None:
        """Keep scrapes, one every few seconds, out of the log."""
