"""The licences of what is installed with Ringback: `python -m tests.release.licences` writes docs/licences.md.

Names and versions are those of uv.lock, licences those that the installed packages state, in the words of SPDX.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "licences.md"

STATED = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD-derived (Repoze)": "BSD-derived (Repoze)",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only WITH Classpath-exception-2.0 (see below)",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Repoze Public License": "BSD-derived (Repoze)",
}
"""What packages state, where it is no expression of SPDX."""

EXPRESSION = re.compile(
    r"(Apache-2\.0|BSD-[23]-Clause|0BSD|MIT|MPL-2\.0|PSF-2\.0|Zlib|CC0-1\.0|Unlicense|AND|OR|[() ])+"
)

HEAD = Path(__file__).with_name("licences-head.md").read_text("utf-8")


class Stated(Protocol):
    """What a package says of itself, by the names of core metadata."""

    def get_all(self, name: str, failobj: None = None) -> list[Any] | None:
        """All values of a name."""


def extras() -> dict[str, list[str]]:
    """What is always there, then the extras as pyproject.toml has them, each with its packages, as NAME==VERSION."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {"": _locked()} | {name: _locked(f"--extra={name}") for name in project["optional-dependencies"]}


def _locked(*options: str) -> list[str]:
    plain = ("--no-dev", "--no-emit-project", "--no-hashes", "--no-annotate", "--no-header")
    command = [str(Path(sys.executable).with_name("uv")), "export", "--locked", "--quiet", *plain, *options]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line.split(";")[0].strip() for line in said.splitlines() if line.strip()]


def licence_of(stated: Stated) -> str:
    """The licence of a package. Raises KeyError for one that states it in words that are not known here."""
    (expression,) = stated.get_all("License-Expression") or [None]
    if expression:
        return str(expression)
    text = (stated.get_all("License") or [""])[0].strip()
    if EXPRESSION.fullmatch(text):
        return str(text)
    classified = [one.split(" :: ")[-1] for one in stated.get_all("Classifier") or () if one.startswith("License")]
    return " OR ".join(sorted({STATED[one] for one in classified or [text]}))


def page(found: Mapping[str, Iterable[str]]) -> str:
    """The page. found: the packages of each extra, in their order."""
    rows: dict[str, str] = {}
    for extra, packages in found.items():
        for package in packages:
            name, version = package.split("==")
            words = f"`{extra}`" if extra else "always"
            rows.setdefault(name, f"| {name} | {version} | {licence_of(metadata(name))} | {words} |")
    lines = [
        HEAD,
        "| package | version | licence | for |",
        "| --- | --- | --- | --- |",
        *(rows[one] for one in sorted(rows)),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(extras()), encoding="utf-8")


if __name__ == "__main__":
    main()
