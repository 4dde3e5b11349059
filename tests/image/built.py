"""Builds the image as deploy/image/Dockerfile says.

Where the public base cannot be had, its place is taken by a Debian of the same release with that release's Python,
which mmdebstrap unpacks. Everything is in a folder of its own, and gone with it.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "image" / "Dockerfile"
PROGRAMS = ("buildah", "runc", "mmdebstrap")
TAG = "localhost/ringback:tested"
STAND_IN = "localhost/stand-in:trixie"
LABELS = {"VERSION": "0.0.0+tested", "REVISION": "0123abc", "CREATED": "2026-11-27T12:00:00Z"}
LEFT_OUT = ("man", "doc", "locale")
"""Folders of /usr/share that the public base has not, either."""


class NoBase(Exception):
    """Why there is no base to build on."""


@dataclass(frozen=True)
class Image:
    """The image: its configuration, its root directory, and the name of the base it stands on."""

    config: dict[str, Any]
    root: Path
    base: str

    def bytes(self) -> int:
        """What its files take, each counted once however many names it has."""
        seen = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                stat = (Path(folder) / name).lstat()
                seen[stat.st_ino] = stat.st_size
        return sum(seen.values())


def public_base() -> str:
    """The base that the Dockerfile names."""
    found = re.search(r"^ARG BASE=(\S+)$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert found
    return found[1]


@contextmanager
def built() -> Iterator[Image]:
    """The image while it is needed. Raises NoBase, and AssertionError, with all that was said, if it does not build.

    It asks for the public base first, and for no longer than a minute.
    """
    with TemporaryDirectory(prefix="ringback-image-") as name:
        builder = _Builder(Path(name))
        base = builder.base()
        builder.build(base)
        container = builder.said("from", "--pull-never", TAG)
        try:
            config = json.loads(builder.said("inspect", "--type", "image", TAG))["Docker"]["config"]
            yield Image(config, Path(builder.said("mount", container)), base)
        finally:
            builder.said("rm", container)


class _Builder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = ("--root", f"{folder}/store", "--runroot", f"{folder}/run", "--storage-driver", "vfs")

    def said(self, *command: str, timeout_s: float = 400) -> str:
        done = subprocess.run(
            ["buildah", *self._store, *command],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 0, f"buildah {command[0]}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout.strip()

    def base(self) -> str:
        with suppress(AssertionError, subprocess.TimeoutExpired):
            self.said("pull", "--quiet", public_base(), timeout_s=60)
            return public_base()
        tar = self._folder / "base.tar"
        excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
        include = "--include=python3,python3-venv,ca-certificates"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", include, *excluded, "trixie", str(tar)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise NoBase(f"neither {public_base()} nor Debian's trixie can be had: {done.stderr[-500:]}")
        container = self.said("from", "scratch")
        self.said("add", container, str(tar), "/")
        tar.unlink()
        self.said("commit", "--quiet", container, STAND_IN)
        self.said("rm", container)
        return STAND_IN

    def build(self, base: str) -> None:
        given = [f"--build-arg={name}={value}" for name, value in {"BASE": base, **LABELS}.items()]
        # A machine whose proxy signs with an authority of its own says so by this variable.
        authorities = os.environ.get("SSL_CERT_FILE")
        secret = [f"--secret=id=ca,src={authorities}"] if authorities and Path(authorities).is_file() else []
        how = ("--isolation=chroot", "--format=docker", "--pull-never", "--layers=false", "--quiet")
        self.said("build", *how, *secret, *given, f"--file={DOCKERFILE}", f"--tag={TAG}", ".")


def missing() -> str | None:
    """Why the image cannot be built here, or None."""
    if os.geteuid() != 0:
        return "only root can build an image here: buildah and mmdebstrap unpack as root"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)} (Debian: apt install {' '.join(PROGRAMS)})" if absent else None
