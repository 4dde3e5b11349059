"""The commands of docs/operate.md that stop everything and let go say what they are to say. Without a Kafka.

tests/kafka/test_emergency_stop.py types them against a worker.
"""

import json
import re
import subprocess
from pathlib import Path

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived
from tests.builders import instant

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
SECTION = PAGE.partition("## The emergency stop\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
NOW = instant("2026-11-23T14:30:00Z")
KCAT = """#!/bin/sh
printf '%s\\n' "$*" >&2
cat
"""


def records(tmp_path: Path, block: str) -> list[tuple[bytes, bytes | None]]:
    """Keys and values that kcat would send: the tab ends a key, and with -Z an empty value is a tombstone."""
    stand_in = tmp_path / "kcat"
    stand_in.write_text(KCAT)
    stand_in.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-euc", block], capture_output=True, env=environment, check=True)
    words = done.stderr.decode().split()
    assert words[:8] == ["-P", "-b", "127.0.0.1:9092", "-t", "ringback.holds", "-K", "\\t", *words[7:8]]
    lines = (line.split(b"\t", 1) for line in done.stdout.splitlines())
    return [(key, value or (None if "-Z" in words else b"")) for key, value in lines]


def test_the_commands_of_the_page_stop_everything_then_a_campaign_and_let_go(tmp_path: Path) -> None:
    configuration, offset = Configuration(), 0
    stopped = []
    for block in BLOCKS[:3]:
        for key, value in records(tmp_path, block):
            if value is not None:
                assert json.loads(value)["hold_id"].encode() == key
            configuration.apply(Arrived("holds", 0, offset, key, value, 0), NOW)
            offset += 1
        stopped.append([hold.hold_id for hold in configuration.holds.on("spring")])
    assert stopped == [["stop"], ["stop", "stop-spring"], []]
    assert list(configuration.reports) == [] and offset == 4
