"""A container of the image, made by runc: a root that cannot be written, no rights, the network of the machine."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any, Self

from streams.dev.children import die_with_parent
from tests.image.built import Image

NOBODY = 65534
STOP_S = 30.0
"""What supervisors are told to allow a worker."""


@dataclass(frozen=True)
class Mount:
    """A folder or file of this machine at a place of the container; writable: for its user."""

    source: Path
    target: str
    writable: bool = False


class Container:
    """One container, while its context lasts. arguments: behind the image's entry point; user: uid and gid.

    tmp: with a temporary folder in memory. It knows no cgroup: limits are not what is tried here.
    """

    def __init__(
        self,
        image: Image,
        folder: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        mounts: Sequence[Mount] = (),
        *,
        user: int = NOBODY,
        tmp: bool = False,
    ) -> None:
        self.name = f"ringback-{os.getpid()}-{folder.name}"
        self.log = folder / "log"
        self._bundle = folder
        self._runc = ("runc", "--root", str(folder / "runc"))
        spec = _spec(image, [*image.config["Entrypoint"], *arguments], dict(environment or {}), mounts, user, tmp)
        (folder / "config.json").write_text(json.dumps(spec))

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._runc, "run", "--bundle", str(self._bundle), self.name],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent(),
            )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._runc, "delete", "--force", self.name], capture_output=True, check=False)
        self._process.wait(STOP_S)

    def wait(self, timeout_s: float) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout_s)

    def is_running(self) -> bool:
        """Whether its program has not ended."""
        return self._process.poll() is None

    def said(self) -> str:
        """All that it has said so far."""
        return self.log.read_text("utf-8", "replace")

    def signal(self, number: Signals) -> None:
        """Send a signal to process 1."""
        subprocess.run([*self._runc, "kill", self.name, str(int(number))], check=True, capture_output=True)

    def execute(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command beside process 1, as its user."""
        return subprocess.run(
            [*self._runc, "exec", self.name, *command], capture_output=True, text=True, timeout=60, check=False
        )


def _spec(
    image: Image, arguments: list[str], environment: dict[str, str], mounts: Sequence[Mount], user: int, tmp: bool
) -> dict[str, Any]:
    """What the runtime is told. Source: OCI runtime specification 1.0."""
    own = dict(line.split("=", 1) for line in image.config["Env"])
    none: dict[str, list[str]] = {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")}
    bound = [
        {
            "destination": mount.target,
            "type": "bind",
            "source": str(mount.source),
            "options": ["rbind", "nosuid", "nodev", "rw" if mount.writable else "ro"],
        }
        for mount in mounts
    ]
    memory = [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}]
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(image.root), "readonly": True},
        "hostname": "ringback-worker-0",
        "process": {
            "terminal": False,
            "user": {"uid": user, "gid": user},
            "args": arguments,
            "env": [f"{name}={value}" for name, value in (own | environment).items()],
            "cwd": image.config["WorkingDir"],
            "capabilities": none,
            "noNewPrivileges": True,
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            *bound,
            *(memory if tmp else []),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
    }
