"""The HTTP endpoints answer health, readiness, status and metrics while the worker is busy."""

import contextlib
import io
import json
import logging
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from streams.base import log as logs
from streams.base import metrics
from streams.base.addresses import in_url
from streams.base.errors import OperatorError
from streams.engine.waits import Obstacle
from streams.worker import http
from streams.worker.health import Health

SINCE = datetime(2026, 11, 23, 14, 59, tzinfo=UTC)
WELL = Health(list, [])


class Worker:
    """What the page asks: a reason not to be ready, and a status."""

    def __init__(self):
        self.obstacles = [Obstacle("partition 3", "its state", SINCE)]
        self.health = Health(list, [lambda: self.obstacles])
        self.known: dict[str, object] = {"next_due_at": datetime(2026, 11, 23, 15, 0, tzinfo=UTC), "outstanding": 4}


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def port(worker):
    with http.serve("127.0.0.1", 0, worker.health, lambda: worker.known) as server:
        yield server.port


@contextlib.contextmanager
def noise():
    """Everything on standard error, as a worker that logs JSON writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        logs.configure("info", "json")
        try:
            yield printed
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)


def has_ipv6():
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def get(port, path, host="127.0.0.1"):
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def asked(port, path):
    code, body = get(port, path)
    return code, json.loads(body)


def test_a_worker_that_is_not_ready_is_alive_and_says_why(port, worker):
    waits = {"partition 3": {"for": "its state", "since": "2026-11-23T14:59:00Z"}}
    reasons = ["partition 3 waits for its state (since 2026-11-23T14:59:00Z)"]
    assert asked(port, "/livez") == (200, {"status": "live", "reasons": [], "waits_for": {}})
    assert asked(port, "/readyz") == (503, {"status": "not_ready", "reasons": reasons, "waits_for": waits})
    assert asked(port, "/startupz") == (503, {"status": "starting", "reasons": reasons, "waits_for": waits})
    worker.obstacles = []
    assert asked(port, "/readyz") == (200, {"status": "ready", "reasons": [], "waits_for": {}})


def test_the_former_name_of_the_liveness_probe_has_its_answer(port):
    assert asked(port, "/healthz") == asked(port, "/livez")


def test_the_status_is_json_with_instants_as_text(port):
    code, body = get(port, "/status")
    assert code == 200
    assert json.loads(body) == {"next_due_at": "2026-11-23T15:00:00Z", "outstanding": 4}


def test_metrics_are_served_from_the_registry_of_ringback(port):
    metrics.engine.TRANSACTIONS.inc()
    code, body = get(port, "/metrics")
    assert code == 200
    assert "ringback_transactions_total " in body
    assert "process_resident_memory_bytes" in body
    assert "_created" not in body


def test_every_counter_that_can_be_known_begins_at_zero(port):
    _, body = get(port, "/metrics")
    assert 'ringback_commands_total{topic="dial-analysis"}' in body
    assert 'ringback_events_total{result="dead_letter",topic="wrap-up",type="wrap_up"}' in body
    assert 'ringback_dead_letters_total{code="wrong_key"}' in body


def test_a_partition_that_is_given_away_leaves_the_page(port):
    metrics.callbacks.OUTSTANDING.labels(41, "due").set(3)
    assert 'partition="41"' in get(port, "/metrics")[1]
    metrics.forget_partition(41)
    metrics.forget_partition(41)  # Once more does no harm.
    assert 'partition="41"' not in get(port, "/metrics")[1]


def test_other_paths_are_not_found_and_name_those_that_are(port):
    code, body = get(port, "/metric")
    assert code == 404
    assert "/metrics" in body
    assert get(port, "/")[0] == 200


def test_a_reader_that_hangs_holds_up_nobody(port):
    with socket.create_connection(("127.0.0.1", port)):
        assert get(port, "/livez")[0] == 200


def test_a_port_that_is_taken_is_an_error_that_says_what_to_give_a_second_worker(port):
    with pytest.raises(
        OperatorError, match=rf"127\.0\.0\.1:{port} .*Address already in use\..*--metrics-port \(0 takes"
    ):
        http.serve("127.0.0.1", port, WELL, dict)


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "no-such-host.invalid", "2001:db8::7", "fe80::1%nothing", "a b", "x" * 64, "\udcff", "\0"]
)
def test_an_address_that_this_machine_does_not_have_is_not_said_to_be_a_port_that_is_taken(host):
    with pytest.raises(
        OperatorError, match=r"cannot listen on .*Name an address that this machine has with --metrics-host"
    ):
        http.serve(host, 0, WELL, dict)


@pytest.mark.parametrize("host", ["::", "[::]", "::1", "[::1]"])
def test_the_page_is_reached_by_ipv6_where_the_machine_has_it(host):
    """Elsewhere the line says that it has not."""
    if not has_ipv6():
        with pytest.raises(OperatorError, match=r"cannot listen on \[::1?\]:0 .*--metrics-host"):
            http.serve(host, 0, WELL, dict)
        return
    with http.serve(host, 0, WELL, dict) as server:
        assert get(server.port, "/livez", "[::1]")[0] == 200
        if "1" not in host:  # Every address of the machine, those of IPv4 too.
            assert get(server.port, "/livez")[0] == 200


def test_a_name_with_an_address_of_each_family_means_the_ipv4_address():
    with http.serve("localhost", 0, WELL, dict) as server:
        assert get(server.port, "/livez")[0] == 200


@pytest.mark.parametrize(
    ("host", "part"),
    [("127.0.0.1", "127.0.0.1"), ("::", "[::]"), ("[::1]", "[::1]"), ("worker-1", "worker-1")],
)
def test_an_ipv6_address_stands_in_brackets_in_a_url(host, part):
    assert in_url(host) == part


def closed(connection):
    """Wait until the other side has hung up."""
    connection.settimeout(30)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass


def reset(connection):
    """Hang up without a goodbye, as a load balancer's health check does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /metrics HTTP/1.1\r\n",
        b"GET /metrics HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n",
        b"GET\r\n",
    ],
    ids=["nothing", "half a request", "a request", "a TLS hello", "a blank line", "no request"],
)
@pytest.mark.parametrize("ending", [reset, socket.socket.close, closed], ids=["reset", "closed", "silent"])
def test_readers_that_go_or_say_nothing_are_no_line_in_the_log(port, monkeypatch, sent, ending):
    monkeypatch.setattr(http._Handler, "timeout", 0.2)
    with noise() as printed:
        for _ in range(3):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(sent)
            ending(connection)
            connection.close()
        assert get(port, "/livez")[0] == 200
        settle()
    assert printed.getvalue() == ""


def test_a_reader_that_takes_nothing_is_no_line_in_the_log(monkeypatch):
    monkeypatch.setattr(http._Handler, "timeout", 0.2)
    with (
        noise() as printed,
        http.serve("127.0.0.1", 0, WELL, lambda: {"much": "x" * 50_000_000}) as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        connection.sendall(b"GET /status HTTP/1.0\r\n\r\n")
        assert get(server.port, "/livez")[0] == 200  # The other one has been accepted before.
        settle()
    assert printed.getvalue() == ""


def broken():
    raise RuntimeError("dictionary changed size during iteration")


def test_an_answer_that_fails_by_a_bug_is_500_and_one_line_of_json():
    with noise() as printed, http.serve("127.0.0.1", 0, WELL, broken) as server:
        assert get(server.port, "/status")[0] == 500
        settle()
    (line,) = printed.getvalue().splitlines()
    assert json.loads(line)["level"] == "error" and "changed size" in json.loads(line)["traceback"]


def test_metrics_that_cannot_be_told_are_one_line_of_json(port, monkeypatch):
    monkeypatch.setattr(metrics.REGISTRY, "collect", lambda: 1 / 0)
    with noise() as printed:
        assert get(port, "/metrics")[0] == 500
        settle()
    (line,) = printed.getvalue().splitlines()
    assert "ZeroDivisionError" in json.loads(line)["message"]


def test_a_reader_for_whom_no_thread_can_be_started_is_one_line_of_json(port, monkeypatch):
    def refused(_):
        raise RuntimeError("can't start new thread")

    with noise() as printed:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refused)
            with socket.create_connection(("127.0.0.1", port)) as connection:
                closed(connection)
        assert get(port, "/livez")[0] == 200
    (line,) = printed.getvalue().splitlines()
    assert "can't start new thread" in json.loads(line)["traceback"]


def test_readers_that_hang_take_no_more_descriptors_than_they_are_given(port, monkeypatch):
    """Those beyond are hung up on, and when the others have been given up there is room again."""
    monkeypatch.setattr(http._Handler, "timeout", 2)
    with contextlib.ExitStack() as stack:
        for _ in range(http.CONNECTIONS_MAX):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        with socket.create_connection(("127.0.0.1", port)) as one_more:
            closed(one_more)
    while True:
        with contextlib.suppress(OSError):
            assert get(port, "/livez")[0] == 200
            break


def settle():
    """Return when no reader is being answered."""
    while [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]:
        time.sleep(0.01)


def test_a_closed_server_frees_its_port_and_ends_its_thread():
    server = http.serve("127.0.0.1", 0, WELL, dict)
    server.close()
    again = http.serve("127.0.0.1", server.port, WELL, dict)
    again.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "ringback-http"]


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_ages_are_a_histogram_of_what_is_there_in_both_formats(port, accept):
    counts = range(len(metrics.AGE_BOUNDS_S) + 1)
    metrics.callbacks.OVERDUE_AGES.set((42, "worker"), counts)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        lines = [line for line in answer.read().decode().splitlines() if 'partition="42"' in line]
    metrics.forget_partition(42)
    assert [float(line.rsplit(" ", 1)[1]) for line in lines] == list(counts)
    assert 'le="10.0"' in lines[0] and 'le="+Inf"' in lines[-1]
    with pytest.raises(ValueError, match="counts, not 1"):
        metrics.callbacks.OVERDUE_AGES.set((42, "worker"), [0])
