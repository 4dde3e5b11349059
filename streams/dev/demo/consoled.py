"""The demo's console: a process beside the worker, on the same Kafka, in which whoever looks may act, too."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.base.errors import OperatorError
from streams.base.extras import cure
from streams.base.settings import CONFIG_VARIABLE, ENV_PREFIX
from streams.dev.children import die_with_parent, stop

PATIENCE_S = 60.0
COMMAND = ("-m", "streams", "console", "--console-port", "0", "--console-open-role", "operator", "--log-format", "json")


class DemoConsole:
    """`ringback console` within its context, with `settings` for its Kafka. url: where it is.

    Raises OperatorError when it cannot be started.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._log = folder / "console.log"
        self._settings = {**settings, "console_dir": str(folder / "console")}
        self.url = ""

    def __enter__(self) -> Self:
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(ENV_PREFIX) and n != CONFIG_VARIABLE}
        given = {ENV_PREFIX + name.upper(): value for name, value in self._settings.items()}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *COMMAND],
                env=inherited | given, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=die_with_parent(),
            )  # fmt: skip
        until = time.monotonic() + PATIENCE_S
        while not self.url:
            if self._process.poll() is not None or time.monotonic() > until:
                stop(self._process)
                raise OperatorError(f"the console did not start: {self._last_words()}. {cure('console')}")
            time.sleep(0.05)
            self.url = self._said()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        stop(self._process)

    def _said(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        found = (json.loads(line) for line in lines if '"console_listens"' in line and line.endswith("}"))
        return next((str(one["url"]) for one in found), "")

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return lines[-1] if lines else "it said nothing"
