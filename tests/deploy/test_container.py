"""What runs beside a worker in its container: the health check asks the right page, the hook leaves when it should."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from streams.base.settings import Settings
from streams.worker.container import health, leave
from tests.deploy.kubernetes_api import kubernetes, wanted

WORKER = ["/opt/ringback/bin/python", "/opt/ringback/bin/ringback", "worker"]
CONSOLE = [*WORKER[:-1], "console"]
LIGHT = ("aiohttp", "aiokafka", "asyncio", "faust", "pydantic", "prometheus_client", "rocksdict")


# The health check


@pytest.mark.parametrize(
    ("arguments", "environ", "url"),
    [
        (WORKER, {}, "http://127.0.0.1:9464/livez"),
        (["/sbin/docker-init", "--", *WORKER], {}, "http://127.0.0.1:9464/livez"),
        (WORKER, {"RINGBACK_METRICS_PORT": "9500"}, "http://127.0.0.1:9500/livez"),
        ([*WORKER, "--metrics-port", "9501"], {"RINGBACK_METRICS_PORT": "9500"}, "http://127.0.0.1:9501/livez"),
        ([*WORKER, "--metrics-port=9502"], {}, "http://127.0.0.1:9502/livez"),
        (CONSOLE, {"RINGBACK_METRICS_PORT": "9500"}, "http://127.0.0.1:9480/livez"),
        ([*CONSOLE, "--console-port", "9503"], {}, "http://127.0.0.1:9503/livez"),
        ([*WORKER[:-1], "demo"], {}, None),
    ],
)
def test_the_health_check_asks_process_1_on_the_port_that_it_was_given(
    arguments: list[str], environ: Mapping[str, str], url: str | None
) -> None:
    assert health.address(arguments, environ) == url


def test_the_port_may_stand_in_the_settings_file_and_a_variable_overrides_it(tmp_path: Path) -> None:
    file = tmp_path / "ringback.toml"
    file.write_text("metrics_port = 9600\nconsole_port = 9601\n")
    assert health.address([*WORKER, "--config", str(file)], {}) == "http://127.0.0.1:9600/livez"
    given = {"RINGBACK_CONFIG": str(file)}
    assert health.address(CONSOLE, given) == "http://127.0.0.1:9601/livez"
    assert health.address(WORKER, {**given, "RINGBACK_METRICS_PORT": "9"}) == "http://127.0.0.1:9/livez"


def test_a_worker_can_be_asked_for_another_page_and_a_console_has_one() -> None:
    assert health.address(WORKER, {}, "/readyz") == "http://127.0.0.1:9464/readyz"
    assert health.address(CONSOLE, {}, "/readyz") == "http://127.0.0.1:9480/livez"


def test_its_defaults_are_those_of_the_settings() -> None:
    assert {name: Settings.model_fields[name].default for name, _ in health.PORTS.values()} == dict(
        health.PORTS.values()
    )


@pytest.mark.parametrize("module", ["health", "leave"])
def test_a_program_that_runs_every_few_seconds_loads_none_of_the_packages(module: str) -> None:
    code = f"import sys, streams.worker.container.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in LIGHT if name in loaded] == []


# The hook before an end


@pytest.mark.parametrize(
    ("pod", "stateful_set", "removed"),
    [
        ("ringback-worker-2", wanted(3), False),
        ("ringback-worker-2", wanted(2), True),
        ("ringback-worker-0", wanted(0), True),
        ("ringback-worker-11", wanted(12), False),
        ("ringback-worker-3", wanted(2, first=2), False),
        ("ringback-worker-4", wanted(2, first=2), True),
        ("ringback-worker-0", {"metadata": {}, "spec": {}}, False),
        ("ringback-worker-0", None, True),
        ("ringback-worker-0", wanted(3, deletionTimestamp="2026-11-27T12:00:00Z"), True),
    ],
)
def test_a_pod_is_removed_if_nobody_wants_its_number_any_more(
    pod: str, stateful_set: dict[str, Any] | None, removed: bool
) -> None:
    assert leave.is_removed(pod, stateful_set) is removed


def test_a_pod_of_something_else_is_not_guessed_about() -> None:
    with pytest.raises(ValueError, match="no pod of a StatefulSet"):
        leave.is_removed("ringback-worker-7d9f", wanted(3))


def test_kubernetes_is_asked_for_the_stateful_set_with_the_token_of_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kubernetes(tmp_path, wanted(2)) as (api, environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        assert leave.stateful_set("ringback-worker", tmp_path) == wanted(2)
    assert (api.asked, api.token) == ("/apis/apps/v1/namespaces/calls/statefulsets/ringback-worker", "Bearer who-i-am")


def test_a_stateful_set_that_is_gone_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kubernetes(tmp_path, None) as (_, environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        assert leave.stateful_set("ringback-worker", tmp_path) is None


def test_an_authority_that_the_account_does_not_trust_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kubernetes(tmp_path, wanted(0)) as (api, environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.crt"))
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            leave.stateful_set("ringback-worker", tmp_path)
    assert api.token is None


@pytest.mark.parametrize("environ", [{}, {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}])
def test_without_an_answer_the_hook_says_so_changes_nothing_and_ends_with_0(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "streams.worker.container.leave", "ringback-worker"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "so it stays in its group" in done.stderr
