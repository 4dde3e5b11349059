"""The view of a morning, read once, and consoles over it."""

import pytest

from tests.console.web.rig import filled, rig


@pytest.fixture(scope="session")
def view(tmp_path_factory):
    """The folder of a view that has read the morning."""
    return filled(tmp_path_factory.mktemp("view"))


@pytest.fixture
def consoles(view, tmp_path):
    """Makes consoles over the morning, each with these settings."""
    return lambda **settings: rig(view, tmp_path / "console", **settings)
