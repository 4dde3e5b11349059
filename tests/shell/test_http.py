"""The page for machines answers health, readiness, status and metrics while the worker is busy."""

import json
import socket
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from streams import http, metrics
from streams.errors import OperatorError


class Worker:
    """What the page asks: a reason not to be ready, and a status."""

    def __init__(self):
        self.reason: str | None = "partition 3 is restored"
        self.known: dict[str, object] = {"next_due_at": datetime(2026, 11, 23, 15, 0, tzinfo=UTC), "outstanding": 4}


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def port(worker):
    with http.serve("127.0.0.1", 0, lambda: worker.reason, lambda: worker.known) as server:
        yield server.port


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_worker_that_is_not_ready_is_alive_and_says_why(port, worker):
    assert get(port, "/healthz") == (200, "ok\n")
    assert get(port, "/readyz") == (503, "partition 3 is restored\n")
    worker.reason = None
    assert get(port, "/readyz") == (200, "ready\n")


def test_the_status_is_json_with_instants_as_text(port):
    code, body = get(port, "/status")
    assert code == 200
    assert json.loads(body) == {"next_due_at": "2026-11-23T15:00:00Z", "outstanding": 4}


def test_metrics_are_served_from_the_registry_of_ringback(port):
    metrics.UNITS.inc()
    code, body = get(port, "/metrics")
    assert code == 200
    assert "ringback_units_total " in body
    assert "process_resident_memory_bytes" in body
    assert "_created" not in body


def test_every_counter_that_can_be_known_begins_at_zero(port):
    _, body = get(port, "/metrics")
    assert 'ringback_commands_total{topic="dial-analysis"}' in body
    assert 'ringback_events_total{result="dead_letter",topic="wrap-up"}' in body
    assert 'ringback_dead_letters_total{error="wrong_key"}' in body


def test_a_partition_that_is_given_away_leaves_the_page(port):
    metrics.OUTSTANDING.labels(41).set(3)
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
        assert get(port, "/healthz") == (200, "ok\n")


def test_a_port_that_is_taken_is_an_error_with_a_cure(port):
    with pytest.raises(OperatorError, match=rf"127\.0\.0\.1:{port} .*Address already in use.*--metrics-port"):
        http.serve("127.0.0.1", port, lambda: None, dict)


def test_a_closed_server_frees_its_port_and_ends_its_thread():
    server = http.serve("127.0.0.1", 0, lambda: None, dict)
    server.close()
    again = http.serve("127.0.0.1", server.port, lambda: None, dict)
    again.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "ringback-http"]
