"""The probes that the page on operations shows are those that a worker answers."""

import re
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.base.settings import make
from streams.engine.waits import Obstacle
from streams.worker import http
from streams.worker.ending import Ending
from streams.worker.health import Health
from streams.worker.loop_watch import GRACE_S, NOT_LIVE_S

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
PROBES: dict[str, Any] = yaml.safe_load(f"startupProbe:{PAGE.split('startupProbe:')[1].partition('```')[0]}")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def code(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_each_of_the_three_is_shown_once_with_the_port_of_the_default() -> None:
    paths = {name: probe["httpGet"]["path"] for name, probe in PROBES.items()}
    assert paths == {"startupProbe": "/startupz", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    assert {probe["httpGet"]["port"] for probe in PROBES.values()} == {make().metrics_port}


@pytest.mark.parametrize("name", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_each_is_answered_and_fails_when_it_should(name: str) -> None:
    obstacle, path = Obstacle("loop", "its next turn", NOON), PROBES[name]["httpGet"]["path"]
    for found, expected in (([], 200), ([obstacle], 503)):
        with http.serve("127.0.0.1", 0, Health(lambda f=found: f, [lambda f=found: f]), dict) as server:  # type: ignore[misc]
            assert code(server.port, path) == expected


def test_a_liveness_probe_waits_for_its_answer_longer_than_a_worker_takes_for_it() -> None:
    assert PROBES["livenessProbe"]["timeoutSeconds"] > 4 * GRACE_S
    assert f"it has not run for {NOT_LIVE_S:g} s" in PAGE


def test_every_endpoint_and_every_ending_of_the_last_run_is_on_the_page() -> None:
    section = PAGE.partition("## HTTP endpoints")[2].partition("\n## ")[0]
    assert [path for path in http.PATHS.split() if f"`{path}`" not in section] == []
    table = PAGE.partition("| `reason` | the last run |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| ", table, re.MULTILINE)
    assert sorted(", ".join(rows).replace("`", "").split(", ")) == sorted(Ending)
