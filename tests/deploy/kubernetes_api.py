"""A server that answers as the API of Kubernetes does about one StatefulSet, over TLS."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import trustme


def wanted(replicas: int, first: int | None = None, **metadata: str) -> dict[str, Any]:
    """A StatefulSet with so many replicas, the first of which has a number."""
    ordinals = {} if first is None else {"ordinals": {"start": first}}
    return {"metadata": {"name": "ringback-worker", **metadata}, "spec": {"replicas": replicas, **ordinals}}


class Api(BaseHTTPRequestHandler):
    """What Kubernetes answers, and what it was asked."""

    found: dict[str, Any] | None = None
    asked: str = ""
    token: str | None = None

    def do_GET(self) -> None:
        """Answer."""
        kind = type(self)
        kind.asked, kind.token = self.path, self.headers["Authorization"]
        self.send_response(404 if kind.found is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(kind.found or {}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def kubernetes(account: Path, found: dict[str, Any] | None) -> Iterator[tuple[type[Api], dict[str, str]]]:
    """A server that answers as the API of Kubernetes does, with the files of a service account that it trusts."""
    kind = type("Answering", (Api,), {"found": found})
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(account / "ca.crt"))
    (account / "namespace").write_text("calls\n")
    (account / "token").write_text("who-i-am\n")
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            host, port = server.server_address[:2]
            yield kind, {"KUBERNETES_SERVICE_HOST": str(host), "KUBERNETES_SERVICE_PORT": str(port)}
        finally:
            server.shutdown()
            thread.join()
