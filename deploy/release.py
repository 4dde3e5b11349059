"""Makes everything of a release, in one folder: `make release`, or `python deploy/release.py [--trial FOLDER]`.

Source: docs/releasing.md.
"""

import argparse
import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = str(Path(sys.executable).with_name("uv"))
MADE_AT = 315532800
"""The time of every file in an archive, so that the same content is the same bytes."""


class NotReady(Exception):
    """What does not fit together."""


def version() -> str:
    """The version in pyproject.toml."""
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return found


def problems(root: Path, version: str) -> Iterator[str]:
    """Why this version cannot be released from this tree, one line each."""
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    sections = re.findall(r"^## \[([^\]]+)\](.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    unreleased = dict(sections).get("Unreleased", "").strip()
    if unreleased:
        yield "CHANGELOG.md has something under [Unreleased]"
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        yield f"CHANGELOG.md has no section [{version}] with a date"
    if f"\nversion: {version}\n" not in (root / "CITATION.cff").read_text("utf-8"):
        yield f"CITATION.cff is not of {version}"
    yield from _contract_problems(root / "docs" / "contract", version)
    if _said("git", "status", "--porcelain"):
        yield "there are files that are not committed"


def _contract_problems(folder: Path, version: str) -> Iterator[str]:
    kept = folder / "released" / version
    if not kept.is_dir():
        yield f"the contract of {version} is not kept: see docs/releasing.md, step 2"
        return
    files = {one.name: one.read_bytes() for one in _contract(folder)}
    were = {one.name: one.read_bytes() for one in kept.iterdir()}
    if set(files) != set(were):
        yield f"the contract has other messages than the one that is kept of {version}"
    elif files != were:
        yield f"the contract is another than the one that is kept of {version}"


def _contract(folder: Path) -> list[Path]:
    return [*sorted((folder / "schemas").glob("*.json")), folder / "channels.json"]


def make(folder: Path, name: str) -> None:
    """Make all of it in a folder, which is emptied first. name: `ringback-VERSION`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run(UV, "build", "--quiet", "--out-dir", str(folder))
    (folder / ".gitignore").unlink(missing_ok=True)
    locked = (UV, "export", "--locked", "--quiet", "--no-dev", "--all-extras", "--no-emit-project")
    _write_bill(
        folder / f"{name}.cdx.json", _said(*locked, "--format", "cyclonedx1.5", "--preview-features", "sbom-export")
    )
    requirements = _said(*locked, "--no-annotate", "--no-header")
    (folder / f"{name}-requirements.txt").write_text(requirements + "\n", "utf-8")
    _pack(folder / f"{name}-contract.tar.gz", ROOT / "docs" / "contract", "contract")
    _run(
        str(Path(sys.executable).with_name("mkdocs")),
        "build",
        "--quiet",
        "--strict",
        "--site-dir",
        str(folder / "site"),
    )
    _pack(folder / f"{name}-docs.tar.gz", folder / "site", "docs")
    shutil.rmtree(folder / "site")
    shutil.copy(ROOT / "docs" / "licences.md", folder)
    sums = [f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in sorted(folder.iterdir())]
    (folder / "SHA256SUMS").write_text("".join(sums), "utf-8")


def _write_bill(path: Path, text: str) -> None:
    """The bill of materials as uv writes it, indented."""
    path.write_text(json.dumps(json.loads(text), indent=2) + "\n", "utf-8")


def _pack(path: Path, folder: Path, name: str) -> None:
    """An archive of a folder that is the same for the same content."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                entry = tarfile.TarInfo(f"{name}/{one.relative_to(folder).as_posix()}")
                entry.size, entry.mtime, entry.mode = one.stat().st_size, MADE_AT, 0o644
                with one.open("rb") as content:
                    archive.addfile(entry, content)
    path.write_bytes(gzip.compress(plain.getvalue(), mtime=0))


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Make the release. arguments: those of the command line when None."""
    parser = argparse.ArgumentParser(description="Make everything of a release, in one folder.")
    parser.add_argument("--trial", metavar="FOLDER", type=Path, help="make it of whatever is there, in this folder")
    given = parser.parse_args(arguments)
    of = version()
    wrong = [] if given.trial else list(problems(ROOT, of))
    if wrong:
        print(f"{of} cannot be released:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    folder: Path = (given.trial or ROOT / "dist" / of).absolute()
    make(folder, f"ringback-{of}")
    print(folder, *sorted(one.name for one in folder.iterdir()), sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
