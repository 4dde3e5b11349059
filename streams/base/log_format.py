"""How a worker says what it has to before its settings are known: that they are wrong, or that a package is missing.

Whoever reads the log of a worker as JSON can read these lines, too. Other commands speak to people, in plain text. It
needs nothing but the standard library, and it alone reads the environment beside `settings`, of which it asks for one.
Source: docs/operate.md, "Reading the log".
"""

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from streams.base import log as logs
from streams.base.log import Style

NAME = "log_format"
OPTION = "--log-format"
VARIABLE = "RINGBACK_LOG_FORMAT"
STYLES = ("auto", "console", "json")


def speak_as_worker(arguments: Sequence[str]) -> bool:
    """Have errors be lines of the log if these arguments of `ringback` start a worker, and its log is JSON.

    Returns whether they are.
    """
    command = next((one for one in arguments if not one.startswith("-")), None)
    if command != "worker" or not logs.as_json(_style(arguments)):
        return False
    logs.configure("info", "json")
    return True


def _style(arguments: Sequence[str]) -> Style:
    """The first that says one which there is: the option, the variable, the file of settings; else auto."""
    said = (_option(arguments, OPTION), os.environ.get(VARIABLE), _from_file(arguments))
    known = (one.lower() for one in said if isinstance(one, str) and one.lower() in STYLES)
    return cast(Style, next(known, "auto"))


def _option(arguments: Sequence[str], option: str) -> str | None:
    """The value of an option, the last if it is given twice."""
    found = None
    for one, following in zip(arguments, [*arguments[1:], None], strict=True):
        if one == option:
            found = following
        elif one.startswith(f"{option}="):
            found = one.partition("=")[2]
    return found


def _from_file(arguments: Sequence[str]) -> object:
    path = _option(arguments, "--config") or os.environ.get("RINGBACK_CONFIG")
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8")).get(NAME) if path else None
    except (OSError, ValueError):
        return None
