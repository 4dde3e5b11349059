"""docs/own-kafka.md is true: its ten commands are typed in their order, on a Kafka that denies what is not granted."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jgo
import pytest

from streams.dev.broker.java import KAFKA_VERSION, java_command
from streams.dev.children import stop
from tests.secured.kafka import ADMIN, PASSWORD, SecuredKafka

ROOT = Path(__file__).parents[2]
COMMAND = re.compile(r"^    ```(sh|sh background)\n(.*?)^    ```$", re.MULTILINE | re.DOTALL)
TOOLS = {"kafka-configs.sh": "kafka.admin.ConfigCommand", "kafka-acls.sh": "org.apache.kafka.tools.AclCommand"}
ADMIN_PROPERTIES = """\
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
username="{user}" password="{password}";
ssl.truststore.type=PEM
ssl.truststore.location={ca}
"""
SAYS_WHEN_DONE = {"ringback worker": "caught up", "ringback tail": "Shown to an agent"}
"""Of a command in the background, what it says when the next may be typed."""
COMMAND_TIMEOUT_S = 300


def commands() -> list[tuple[str, str]]:
    """Kind and text of each command of the page."""
    page = (ROOT / "docs" / "own-kafka.md").read_text("utf-8")
    return [(kind, re.sub("^    ", "", text, flags=re.MULTILINE)) for kind, text in COMMAND.findall(page)]


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_ten_commands_lead_from_a_clone_to_a_callback_that_goes_out(secured: SecuredKafka, tmp_path: Path) -> None:
    typed = commands()
    assert len(typed) == 10
    clone = cloned(tmp_path / "clone")
    environment = as_operator(secured, tmp_path)
    said = []
    with contextlib.ExitStack() as stack:
        for kind, command in typed:
            if kind == "sh background":
                log = stack.enter_context(in_background(command, clone, environment))
                said.append(until(log, next(end for name, end in SAYS_WHEN_DONE.items() if name in command)))
            else:
                said.append(run(command, clone, environment))
    last = said[-1].splitlines()[-1]
    assert "  cb-1  renewals-2027|m-20418  spring-renewals  Shown to an agent" in last


def test_the_page_is_the_ten_commands_and_its_steps_are_numbered_so() -> None:
    page = (ROOT / "docs" / "own-kafka.md").read_text("utf-8")
    assert re.findall(r"^(\d+)\. ", page, re.MULTILINE) == [str(number) for number in range(1, 11)]


def cloned(folder: Path) -> Path:
    """What a clone of this repository would have, with the changes that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def as_operator(kafka: SecuredKafka, folder: Path) -> dict[str, str]:
    """The environment of somebody who runs this Kafka and has its tools on the PATH."""
    properties = folder / "admin.properties"
    properties.write_text(ADMIN_PROPERTIES.format(user=ADMIN, password=PASSWORD, ca=kafka.authority.file))
    programs = folder / "bin"
    programs.mkdir()
    jars = jgo.build(
        f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.apache.kafka:kafka-tools:{KAFKA_VERSION}"
    ).all_jars
    java = java_command(print)
    for name, of_java in TOOLS.items():
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {" ".join(java[:-1])} {":".join(map(str, jars))} {of_java} "$@"\n')
        script.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RINGBACK_", "VIRTUAL_ENV"))}
    return inherited | {
        "PATH": f"{programs}:{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}",
        "BOOTSTRAP": kafka.at("SCRAM"),
        "ADMIN": str(properties),
        "CA": str(kafka.authority.file),
        "RINGBACK_METRICS_PORT": "0",
        "MAKEFLAGS": "",
    }


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def in_background(command: str, folder: Path, environment: dict[str, str]) -> Iterator[Path]:
    path = folder / f"{abs(hash(command))}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            yield path
        finally:
            stop(process)


def until(log: Path, said: str) -> str:
    """What a command in the background has said, once that is in it."""
    deadline = time.monotonic() + COMMAND_TIMEOUT_S
    while said not in (text := log.read_text(errors="replace")):
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    return text
