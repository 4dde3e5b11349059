"""Whether the worker or the console that is process 1 of this container lives: exit code 0, or 1 with a line why not.

    python -m streams.worker.container.health [/readyz]

It asks on the loopback, on the port that process 1 was given: by option, variable or settings file, in this order.
Another command than these two has no page, and lives as long as its process.
"""

import os
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMAND_LINE = Path("/proc/1/cmdline")
PORTS = {"worker": ("metrics_port", 9464), "console": ("console_port", 9480)}
"""By command, the setting of its port and the default."""
PATH = "/livez"
TIMEOUT_S = 4.0


def address(arguments: Sequence[str], environ: Mapping[str, str], path: str = PATH) -> str | None:
    """Where to ask about the program with this command line and environment; None where there is nothing to ask.

    Raises OSError or ValueError when its settings file cannot be read.
    """
    command = next((one for one in arguments if one in PORTS), None)
    if command is None:
        return None
    setting, port = PORTS[command]
    options = _options(arguments)
    file = options.get("config") or environ.get("RINGBACK_CONFIG")
    in_file = tomllib.loads(Path(file).read_text("utf-8")).get(setting) if file else None
    given = options.get(setting) or environ.get(f"RINGBACK_{setting.upper()}") or in_file or port
    # The console has one page of this kind.
    return f"http://127.0.0.1:{given}{path if command == 'worker' else PATH}"


def _options(arguments: Sequence[str]) -> dict[str, str]:
    found = {}
    for number, argument in enumerate(arguments):
        if argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            found[name.replace("-", "_")] = value if equals else next(iter(arguments[number + 1 :]), "")
    return found


def main() -> None:
    """Ask, and end with 0 or 1."""
    arguments = COMMAND_LINE.read_bytes().decode(errors="replace").split("\0")
    url = address(arguments, os.environ, *sys.argv[1:2])
    if url is None:
        return
    # A proxy that the environment names is for other machines.
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    try:
        with ask(url, timeout=TIMEOUT_S):
            return
    except urllib.error.HTTPError as error:
        sys.exit(f"{url} answers {error.code}: {error.read(4000).decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"{url} does not answer: {error}")


if __name__ == "__main__":
    main()
