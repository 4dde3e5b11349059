"""The extras of the package `ringback`: which command needs which, and how to install one from where this one is from.

It needs nothing but the standard library, since it speaks when all else is missing.
"""

import json
from importlib.metadata import PackageNotFoundError, distribution

EXTRAS = {
    "demo": "broker",
    "simulate": "simulate",
    "broker": "broker",
    "topics": "worker",
    "import": "worker",
    "dnc": "worker",
    "doctor": "worker",
    "worker": "worker",
    "bench": "broker",
    "adapter": "worker",
    "callbacks": "worker",
    "dead-letters": "worker",
    "tail": "worker",
    "export": "worker",
    "evidence": "evidence",
    "replay": "worker",
    "apply": "worker",
    "erase": "worker",
    "console": "console",
}
"""By command, the extra of pyproject.toml that brings what it imports."""

ALL = "broker"
"""The extra that brings the packages of all commands but `console` and `evidence`."""


def missing(command: str | None, package: str) -> str:
    """What to say when a command, or any of them, lacks a package: one line that names the extra and the cure."""
    extra = EXTRAS.get(command or "", ALL)
    who = f"`ringback {command}`" if command in EXTRAS else "the command line"
    return f"{who} needs the extra `{extra}`, since the package {package} is not installed. {cure(extra)}"


def cure(extra: str) -> str:
    """The command that installs an extra, from the folder, repository or index that this installation is from."""
    return f"Install it with: pip install 'ringback[{extra}]{_origin()}'"


def _origin() -> str:
    """Where this installation is from, for pip; empty for one from an index. Source: PEP 610, direct_url.json."""
    try:
        origin = json.loads(distribution("ringback").read_text("direct_url.json") or "{}")
        url, vcs = origin.get("url"), origin.get("vcs_info")
    except (PackageNotFoundError, ValueError):
        return ""
    if not url:
        return ""
    return f" @ {vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else f" @ {url}"
