"""`make release` makes all of it, and refuses what does not fit together."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

from deploy import release
from tests.release.licences import extras

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
NAME = f"ringback-{VERSION}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "trial"
    command = [sys.executable, "deploy/release.py", "--trial", str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_a_release_has_each_file_that_the_page_names_and_no_other(made: Path) -> None:
    page = (ROOT / "docs" / "releasing.md").read_text("utf-8")
    named = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert {one.name for one in made.iterdir()} == {name.replace("VERSION", VERSION) for name in named}


def test_the_hashes_are_those_of_the_files(made: Path) -> None:
    lines = (made / "SHA256SUMS").read_text("utf-8").splitlines()
    told = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert told == {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in made.iterdir() if one.name != "SHA256SUMS"
    }


def test_the_bill_of_materials_has_every_package_of_every_extra(made: Path) -> None:
    bill = json.loads((made / f"{NAME}.cdx.json").read_bytes())
    assert bill["bomFormat"] == "CycloneDX" and bill["specVersion"] == "1.5"
    listed = {f"{one['name']}=={one['version']}" for one in bill["components"]}
    assert {package for packages in extras().values() for package in packages} <= listed
    assert all(one["purl"].startswith("pkg:pypi/") for one in bill["components"] if "==" in one)
    requirements = (made / f"{NAME}-requirements.txt").read_text("utf-8")
    assert requirements.count("--hash=sha256:") > len(listed)


def test_the_contract_and_the_site_are_in_archives_of_their_own(made: Path) -> None:
    for what, name in (("contract", "contract/asyncapi.yaml"), ("docs", "docs/index.html")):
        with tarfile.open(made / f"{NAME}-{what}.tar.gz") as archive:
            assert name in archive.getnames()


# ---- what is refused


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As much of the tree as is looked at, ready for the release of 9.9.9."""
    shutil.copytree(ROOT / "docs" / "contract", tmp_path / "docs" / "contract")
    kept = tmp_path / "docs" / "contract" / "released" / "9.9.9"
    shutil.copytree(tmp_path / "docs" / "contract" / "schemas", kept)
    shutil.copy(tmp_path / "docs" / "contract" / "channels.json", kept)
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## [9.9.9] - 2027-01-02\n\n- All.\n")
    (tmp_path / "CITATION.cff").write_text("title: Ringback\nversion: 9.9.9\n")
    return tmp_path


def problems(tree: Path, version: str = "9.9.9") -> list[str]:
    """Without what git says of the tree that the tests are in."""
    return [one for one in release.problems(tree, version) if "not committed" not in one]


def test_a_tree_in_which_all_fits_is_released(tree: Path) -> None:
    assert problems(tree) == []


def test_something_that_is_unreleased_is_refused(tree: Path) -> None:
    text = (tree / "CHANGELOG.md").read_text().replace("## [Unreleased]\n", "## [Unreleased]\n\n- More.\n")
    (tree / "CHANGELOG.md").write_text(text)
    assert problems(tree) == ["CHANGELOG.md has something under [Unreleased]"]


def test_another_version_is_refused(tree: Path) -> None:
    assert len(problems(tree, "9.9.8")) == 3


def test_a_contract_that_is_not_kept_or_another_is_refused(tree: Path) -> None:
    kept = tree / "docs" / "contract" / "released" / "9.9.9"
    (kept / "holds.json").write_text("{}")
    assert problems(tree) == ["the contract is another than the one that is kept of 9.9.9"]
    (kept / "holds.json").unlink()
    assert problems(tree) == ["the contract has other messages than the one that is kept of 9.9.9"]
    shutil.rmtree(kept)
    assert problems(tree)[0].startswith("the contract of 9.9.9 is not kept")


def test_a_tree_with_something_unreleased_is_not_released_by_the_command() -> None:
    ended = subprocess.run([sys.executable, "deploy/release.py"], cwd=ROOT, capture_output=True, text=True)
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert (ended.returncode == 1) is bool(changelog.partition("## [Unreleased]")[2].partition("\n## [")[0].strip())


# ---- what says which version it is


def test_the_citation_is_a_good_one_and_of_a_version_of_the_changelog() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors", "version", "date-released", "license"} <= set(citation)
    heading = f"## [{citation['version']}] - {citation['date-released']}"
    assert heading in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert citation["version"] == VERSION


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.name
)
def test_a_form_for_issues_is_one_that_can_be_shown(path: Path) -> None:
    form = yaml.safe_load(path.read_text("utf-8"))
    if path.name == "config.yml":
        assert set(form) <= {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(form)
    ids = [one["id"] for one in form["body"] if one["type"] != "markdown"]
    assert ids and len(ids) == len(set(ids))
    assert {one["type"] for one in form["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert all(one["attributes"].get("label") or one["type"] == "markdown" for one in form["body"])
