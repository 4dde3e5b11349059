"""Where the HTTP endpoints are bound when no setting says it: where probes come from."""

import socket
import urllib.request
from pathlib import Path

import pytest

from streams.base.addresses import in_url
from streams.base.settings import make
from streams.worker import binding, http
from streams.worker.binding import bound_host, in_container
from streams.worker.health import Health


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plain machine, whatever this one is; the file that a manager of containers would make."""
    for name in binding.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(binding, "MARKS", (tmp_path / ".dockerenv",))
    return tmp_path / ".dockerenv"


def test_on_a_plain_machine_it_is_the_loopback(plain: Path) -> None:
    assert not plain.exists()
    assert bound_host(make().metrics_host) == "127.0.0.1"


@pytest.mark.parametrize("ipv6", [True, False])
@pytest.mark.parametrize("mark", ["file", *binding.VARIABLES])
def test_in_a_container_it_is_every_address_of_each_family_that_there_is(
    plain: Path, monkeypatch: pytest.MonkeyPatch, mark: str, ipv6: bool
) -> None:
    if mark == "file":
        plain.touch()
    else:
        monkeypatch.setenv(mark, "one")
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: ipv6)
    assert bound_host(make().metrics_host) == ("::" if ipv6 else "0.0.0.0")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "worker-1"])
def test_what_the_setting_names_is_bound_wherever_it_runs(plain: Path, host: str) -> None:
    plain.touch()
    assert bound_host(make(metrics_host=host).metrics_host) == host


def test_a_variable_that_is_empty_says_nothing(tmp_path: Path) -> None:
    assert not in_container({"container": ""}, (tmp_path / "none",))


def test_in_a_container_the_loopback_is_answered_too_and_the_address_told_is_the_one_bound(plain: Path) -> None:
    plain.touch()
    with http.serve(bound_host("auto"), 0, Health(list, []), dict) as server:
        assert server.host in ("::", "0.0.0.0")
        for host in ("127.0.0.1", in_url(server.host)):
            with urllib.request.urlopen(f"http://{host}:{server.port}/livez", timeout=30) as answer:
                assert answer.status == 200
