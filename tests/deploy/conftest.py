"""What the tests of manifests need of the machine, or why they skip themselves."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec

import pytest

from tests.deploy.custom_resources import Judge, judge


@pytest.fixture
def helm() -> None:
    """Skips without the packages of the group `deploy`."""
    if find_spec("helm_python") is None:
        pytest.skip("the group `deploy` of pyproject.toml is not installed: make deployment-tools")


@pytest.fixture(scope="module")
def crds() -> Iterator[Judge]:
    """Skips without npm, or where npm cannot fetch the packages."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed, which have the schemas of custom resources")
    with ExitStack() as stack:
        try:
            found = stack.enter_context(judge())
        except subprocess.CalledProcessError as error:
            pytest.skip(f"npm cannot fetch the schemas of custom resources: {error.stderr[-500:]}")
        yield found
