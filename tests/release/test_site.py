"""The site of the docs is built without a warning, and no link in it is dead."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tests.docs.test_docs import sentences

ROOT = Path(__file__).parents[2]
MKDOCS = str(Path(sys.executable).with_name("mkdocs"))
FOREIGN = ("http://", "https://", "mailto:", "javascript:", "data:")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    ended = subprocess.run(
        [MKDOCS, "build", "--strict", "--site-dir", folder], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "WARNING" not in ended.stderr and "ERROR" not in ended.stderr
    return folder


class Links(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors.update(one for one in (found.get("id"), found.get("name")) if one)
        self.links.update(one for one in (found.get("href"), found.get("src")) if one)


def read(page: Path) -> Links:
    parser = Links()
    parser.feed(page.read_text("utf-8"))
    return parser


def test_every_link_of_every_page_leads_to_a_file_and_a_section_that_are_there(site: Path) -> None:
    pages = {page: read(page) for page in site.rglob("*.html") if page.name != "404.html"}
    assert len(pages) > 100
    dead = []
    for page, found in pages.items():
        for link in found.links:
            if link.startswith(FOREIGN):
                continue
            parts = urlsplit(link)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or not target.is_relative_to(site):
                dead.append(f"{page.relative_to(site)}: {link}")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                dead.append(f"{page.relative_to(site)}: {link} (no such section)")
    assert dead == []


def test_no_page_asks_another_server_for_anything(site: Path) -> None:
    loaded = re.compile(r"""<(?:script|img|iframe|link)\b[^>]+(?:src|href)=["']?https?:[^>]+>""")
    asked = {page.name: loaded.findall(page.read_text("utf-8")) for page in site.rglob("*.html")}
    assert {name: found for name, found in asked.items() if found} == {}


def test_the_contract_is_there_as_files(site: Path) -> None:
    assert (site / "contract" / "asyncapi.yaml").exists() and (site / "contract" / "schemas" / "wrap-up.json").exists()


def test_the_menu_has_every_page_of_the_index_in_its_order() -> None:
    class Plain(yaml.SafeLoader):
        """Passes over what is Python's."""

    Plain.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)
    nav = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Plain)["nav"]
    shown = [page for one in nav for page in (next(iter(one.values())) if isinstance(one, dict) else [one])]
    listed = [path.relative_to(ROOT / "docs").as_posix() for path in sentences(ROOT / "docs" / "index.md")
              if path.is_relative_to(ROOT / "docs")]  # fmt: skip
    assert [page for page in shown if page in listed] == listed
