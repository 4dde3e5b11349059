"""What the site needs besides docs/: files of the repository that a page links to come along, and links lead to them.

A page of Markdown becomes a page, a folder a list of its files, and any other file is a download. So no link leads
out of the site, and none is dead.
"""

import os.path
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BESIDE = "repository"
"""The folder of the site for what is not in docs."""

LINK = re.compile(r"(?P<before>\]\()(?P<target>[^)\s]+)(?P<after>\))")
FENCED = re.compile(r"(^ *```.*?^ *```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add what pages link to, and what those link to, and so on."""
    pages = [Path(file.abs_src_path) for file in files if file.src_uri.endswith(".md")]
    known: set[Path] = set()
    while pages:
        for target in _linked(pages.pop()):
            if target in known or not target.exists() or _is_doc(target):
                continue
            known.add(target)
            files.append(_file(target, config))
            if target.suffix == ".md":
                pages.append(target)
            elif target.is_dir():
                for one in _downloads(target):
                    if one not in known:
                        known.add(one)
                        files.append(_file(one, config))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Have links lead to where the site has their files."""
    source = _source(page.file.src_uri)
    if source.is_dir():
        return markdown
    here = Path(page.file.src_uri).parent

    def led(found: re.Match[str]) -> str:
        target, hash_, anchor = found["target"].partition("#")
        if not target or "://" in target or target.startswith("mailto:"):
            return found[0]
        place = os.path.relpath(_place((source.parent / target).resolve()), here)
        return f"{found['before']}{place}{hash_}{anchor}{found['after']}"

    parts = FENCED.split(markdown)
    return "".join(part if FENCED.fullmatch(part) else LINK.sub(led, part) for part in parts)


def _linked(page: Path) -> Iterator[Path]:
    """The files and folders that a page links to."""
    for found in LINK.finditer(FENCED.sub("", page.read_text("utf-8"))):
        target = found["target"].partition("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            yield (page.parent / target).resolve()


def _is_doc(path: Path) -> bool:
    return path.is_relative_to(DOCS)


def _place(target: Path) -> str:
    """Where the site has a file of the repository, or the list of a folder."""
    if _is_doc(target):
        return target.relative_to(DOCS).as_posix()
    place = f"{BESIDE}/{target.relative_to(ROOT).as_posix()}"
    return f"{place}/index.md" if target.is_dir() else place


def _source(place: str) -> Path:
    """The other way round."""
    if not place.startswith(f"{BESIDE}/"):
        return DOCS / place
    target = ROOT / place.removeprefix(f"{BESIDE}/")
    return target.parent if target.name == "index.md" and not target.exists() else target


def _file(target: Path, config: Any) -> File:
    place = _place(target)
    if target.is_dir():
        names = "\n".join(f"- [{one.name}]({one.name})" for one in _downloads(target))
        return File.generated(config, place, content=f"# {target.relative_to(ROOT).as_posix()}\n\n{names}\n")
    return File.generated(config, place, abs_src_path=str(target))


def _downloads(folder: Path) -> list[Path]:
    """The files of a folder, but for those that are hidden or made by Python."""
    return sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith((".", "__")))
