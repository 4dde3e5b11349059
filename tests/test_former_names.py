"""A script that imports modules under the names of 0.3.0 works for one version more, and is told."""

import importlib
import subprocess
import sys

import pytest

from streams.former_names import FORMER_NAMES

SCRIPT = """
from streams import topic_admin
from streams.broker.java import free_ports, launch
from streams.engine.partition import Arrived, Partition
from streams.local import LocalWorker
from streams.logic.configuration import Configuration
from streams.settings import make
import streams.kafka.topic_admin
assert topic_admin is streams.kafka.topic_admin and topic_admin.__spec__.name == "streams.kafka.topic_admin"
assert make(broker="127.0.0.1:1").broker == "127.0.0.1:1"
"""


@pytest.mark.parametrize(("former", "present"), FORMER_NAMES.items(), ids=list(FORMER_NAMES))
def test_a_former_name_is_the_same_module_with_a_warning(former: str, present: str) -> None:
    sys.modules.pop(former, None)
    with pytest.warns(DeprecationWarning, match=f"{former} is {present} now"):
        found = importlib.import_module(former)
    module = importlib.import_module(present)
    assert found is module
    assert module.__spec__ is not None and module.__spec__.name == module.__name__ == present


def test_a_script_of_before_runs() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_of_ours_uses_a_former_name() -> None:
    command = [sys.executable, "-W", "error::DeprecationWarning:streams", "-c", "import streams.cli.group"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0


def test_a_name_that_nothing_ever_had_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"streams\.nothing"):
        importlib.import_module("streams.nothing")
