"""The HTTP endpoints: metrics, health and status, served from threads of their own.

They are up before the first partition is restored, so that a long recovery can be watched. They have no password and
change nothing: bind them to an address that only the monitoring can reach.
"""

import errno
import io
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import msgspec
import prometheus_client
from prometheus_client import CollectorRegistry

from streams.base import metrics
from streams.base.addresses import bare, in_url
from streams.base.errors import OperatorError
from streams.base.log import about
from streams.worker.health import Answer, Probes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

Status = Callable[[], Mapping[str, object]]

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
PATHS = "/metrics /livez /readyz /startupz /status"

CONNECTIONS_MAX = 64
"""Connections at once; a further one is closed. Clients must leave descriptors for the clients of Kafka."""
NO_DESCRIPTOR_S = 0.1


class Server:
    """The running server: `host` and `port` are those it listens on; `close()` ends it."""

    def __init__(self, listener: WSGIServer) -> None:
        self.host, self.port = str(listener.server_address[0]), int(listener.server_address[1])
        self._listener = listener
        self._thread = threading.Thread(target=listener.serve_forever, args=(0.1,), name="ringback-http", daemon=True)
        self._thread.start()

    def log_where(self) -> None:
        """Say in the log at which address it answers."""
        told = about("listening", port=self.port)
        log.info("metrics and health on http://%s:%d/", in_url(self.host), self.port, extra=told)

    def close(self) -> None:
        """Stop listening and wait until the port is free again."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(
    host: str, port: int, probes: Probes, status: Status, registry: CollectorRegistry = metrics.REGISTRY
) -> Server:
    """Listen on `host`:`port` (0: any free port) and answer until `close()`.

    `/metrics` all of `registry`; `/livez`, by its former name `/healthz`, `/readyz` and `/startupz` what
    `probes` answers: 200 or 503, with reasons; `/status` what `status()` returns. The last four are JSON. Both are
    called from other threads than the worker's, so they must only read values that change in one step.
    Raises OperatorError when the address cannot be bound.
    """
    try:
        listener = _Listener(*_address(host, port))
    except (OSError, OverflowError, ValueError) as error:  # A ValueError is of what can be no name.
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise OperatorError(
            f"cannot listen on {in_url(host)}:{port} for metrics and health: {reason}. {_cure(error)}"
        ) from None
    listener.set_app(_application(probes, status, registry))
    return Server(listener)


def _address(host: str, port: int) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """The family and the address to bind. A name that has an IPv4 address means that one. Raises OSError."""
    found = socket.getaddrinfo(bare(host), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address


def _cure(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return "Another worker on this machine? Give this one another port with --metrics-port (0 takes any free one)"
    if number in (errno.EACCES, errno.EPERM):
        return "This user may not have that port: choose one from 1024 on with --metrics-port"
    if isinstance(error, OverflowError):
        return "Choose a port with --metrics-port (0 takes any free one)"
    return "Name an address that this machine has with --metrics-host (RINGBACK_METRICS_HOST)"


def _application(probes: Probes, status: Status, registry: CollectorRegistry) -> "WSGIApplication":
    exposition: WSGIApplication = prometheus_client.make_wsgi_app(registry)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return exposition(environ, start_response)
        try:
            code, kind, body = _answer(path, probes, status)
        except Exception:  # An internal error: the client gets an answer, and the log its one line.
            log.exception("%s could not be answered", path)
            code, kind, body = "500 Internal Server Error", TEXT, b"internal error, see the log\n"
        start_response(code, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return application


def _answer(path: str, probes: Probes, status: Status) -> tuple[str, str, bytes]:
    match path:
        case "/livez" | "/healthz":
            return _probed(probes.live())
        case "/readyz":
            return _probed(probes.ready())
        case "/startupz":
            return _probed(probes.started())
        case "/status":
            return "200 OK", JSON, _json(status())
        case "/":
            return "200 OK", TEXT, f"Ringback worker: {PATHS}\n".encode()
        case _:
            return "404 Not Found", TEXT, f"not found: there are {PATHS}\n".encode()


def _probed(answer: Answer) -> tuple[str, str, bytes]:
    return "200 OK" if answer.ok else "503 Service Unavailable", JSON, _json(answer.body)


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=1) + b"\n"


class _Listener(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # A client that hangs must not keep the worker from ending.
    block_on_close = False
    # Several monitors, and health checks beside them, may come at the same moment.
    request_queue_size = 64

    def __init__(self, family: socket.AddressFamily, address: tuple[Any, ...]) -> None:
        self.address_family = family
        self._free = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(address, _Handler)  # That of IPv6 has four parts.

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the base class, which can take seconds where there is no DNS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.address_family == socket.AF_INET6:
            # `::` stands for every address of this machine, those of IPv4 too, whatever the system's default is.
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def get_request(self) -> Any:
        """Accept a connection; without a descriptor for it, not at once again, which would take a whole processor."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(NO_DESCRIPTOR_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, if there is one left for it."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # No thread could be started.
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one client, in its own thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log in one line what the base class prints as a traceback, unless the client is gone or silent."""
        if not isinstance(sys.exception(), OSError):
            log.warning("an HTTP client got no answer", exc_info=True)


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, *_: object) -> None:
        """Keep scrapes, one every few seconds, out of the log."""

    def get_stderr(self) -> "_Complaint":
        """The file to which wsgiref prints the traceback of an answer that failed."""
        return _Complaint()


class _Complaint(io.StringIO):
    """Makes one line of the log of what is printed, unless the client is gone."""

    def flush(self) -> None:
        """The traceback is complete."""
        if self.getvalue() and not isinstance(sys.exception(), OSError):
            log.warning("an HTTP client got no answer: %s", self.getvalue())
        self.seek(0)
        self.truncate()
