"""Kafka, clock and disk are given to whoever needs them, from one place each: nothing has to be patched."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE_IN = {
    "AIOKafkaConsumer": "streams/kafka/clients.py",
    "AIOKafkaProducer": "streams/kafka/clients.py",
    "AIOKafkaAdminClient": "streams/kafka/clients.py",
    "client_options": "streams/kafka/clients.py",
    "Rdict": "streams/storage/disk_store.py",
    "WriteBatch": "streams/storage/disk_store.py",
}


@cache
def calls(folder: str) -> dict[str, list[str]]:
    """By the name of what is called, the modules that call it, as often as they do."""
    found = defaultdict(list)
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                found[name].append(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("name", MADE_IN)
def test_what_reaches_kafka_or_the_disk_is_made_in_one_place(name: str) -> None:
    assert calls("streams")[name] == [MADE_IN[name]]


def test_the_simulation_replaces_nothing_but_the_safeguards_that_it_takes_out() -> None:
    of_simulation = calls("tests/simulation")
    assert of_simulation["replaced"] == ["tests/simulation/scenario.py"]
    assert set(of_simulation["setattr"]) == {"tests/simulation/stand_ins.py"}, "in `replaced`"
    assert set(of_simulation["Taken"]) == {"tests/simulation/safeguards.py", "tests/simulation/scenario.py"}
