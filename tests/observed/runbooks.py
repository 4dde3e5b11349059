"""Follows a runbook while its alert fires: what it has somebody ask, and what the answers are."""

import re
import shlex
import subprocess

from tests.observed.drill import Row
from tests.observed.rig import ROOT, Rig

BLOCK = re.compile(r"^```(promql|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGE = "http://127.0.0.1:9464"
BROKER, PREFIX = "127.0.0.1:9092", "ringback."
ANSWER_S = 10
SHOWN = 400


def followed(rig: Rig, row: Row) -> list[tuple[str, str]]:
    """Each query and command of a runbook, and the beginning of its answer; empty if there is none."""
    text = (ROOT / "docs" / "runbooks" / f"{row.alert}.md").read_text("utf-8")
    api = rig.hours if row.fault.hours else rig.api
    found = []
    for kind, asked in BLOCK.findall(text):
        if kind == "promql":
            series = [f"{value:g} {_labels(labels)}" for labels, value in api.query(asked)]
            found.append((asked.strip(), "; ".join(series)))
        else:
            found += [(line, _run(rig, row, line)) for line in asked.strip().splitlines()]
    return [(asked, answer[:SHOWN]) for asked, answer in found]


def _run(rig: Rig, row: Row, line: str) -> str:
    number = (row.fault.blind or (1,))[0]
    line = line.replace(PAGE, f"http://{rig.instances[number]}").replace(BROKER, rig.brokers.direct)
    line = line.replace(PREFIX, rig.cluster.prefix)
    try:
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"({type(error).__name__})"
    return f"(exit {done.returncode}) {' '.join(done.stdout.split())}"


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in labels.items() if name not in ("__name__", "job"))
