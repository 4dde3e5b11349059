"""The image, built once for all tests of this folder."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.image.built import Image, NoBase, built, missing


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """Skips with the reason where it cannot be built."""
    why = missing()
    if why is not None:
        pytest.skip(why)
    with ExitStack() as stack:
        try:
            found = stack.enter_context(built())
        except NoBase as error:
            pytest.skip(str(error))
        yield found


class Folders(Protocol):
    """Makes a folder by its name, which belongs to a user."""

    def __call__(self, name: str, owner: int | None = None) -> Path: ...


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Folders of one test, for bundles and for volumes."""

    def made(name: str, owner: int | None = None) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        if owner is not None:
            os.chown(folder, owner, owner)
            folder.chmod(0o700)
        return folder

    return made
