"""docs/clients.md shows what the programs are, the same steps in each language, and the versions are written down."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from streams.dev.broker.java import KAFKA_VERSION
from tests.clients.languages import EXAMPLES, PAGE, ROOT, TOOLS, told
from tests.docs.test_docs import section

SOURCES = {
    "java": ("Producer.java", "Dialer.java", "Ringback.java"),
    "node": ("producer.js", "dialer.js", "ringback.js"),
    "go": ("producer/main.go", "dialer/main.go", "ringback/ringback.go"),
    "python": ("producer.py", "dialer.py", "ringback.py"),
}
SHOWN = re.compile(r"^From `(examples/clients/[^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEPS = (
    "begun(record)", "'dialerinterrupted'", "'expired'", "maydial(command)", "'failed'", "commit(record,record.offset",
    "dial(command)", "commit(record,record.offset",
)  # fmt: skip
CORE_LINES_MAX = 22


def plain(source: str) -> str:
    """A program without what differs from language to language: case, underscores, blanks, kinds of quotes."""
    return re.sub(r"[\s_-]", "", source).lower().replace('"', "'")


def core(language: str) -> str:
    """What a dialer does with a command, from its head to its end."""
    lines = (EXAMPLES / language / SOURCES[language][1]).read_text("utf-8").splitlines()
    first = next(at for at, line in enumerate(lines) if re.search(r"\btake *\(", line))
    margin = len(lines[first]) - len(lines[first].lstrip())
    rest = lines[first + 1 :]
    count = next(at for at, line in enumerate(rest) if line.strip(" })") and indent(line) <= margin)
    return "\n".join([lines[first], *rest[:count]]).rstrip()


def indent(line: str) -> int:
    """How many blanks or tabs a line begins with."""
    return len(line) - len(line.lstrip())


def test_each_language_has_a_folder_a_row_and_its_tools() -> None:
    assert set(told()) == set(SOURCES) == set(TOOLS) == {path.name for path in EXAMPLES.iterdir() if path.is_dir()}


@pytest.mark.parametrize("language", SOURCES)
def test_the_page_shows_what_the_programs_are(language: str) -> None:
    shown = [(path, text) for path, text in SHOWN.findall(PAGE) if f"/clients/{language}/" in path]
    assert len(shown) == 2, "the producer and what a dialer does with a command"
    for path, text in shown:
        assert text in (ROOT / path).read_text("utf-8"), path
    assert any(core(language) in text for _, text in shown)


def test_nothing_of_a_program_is_shown_without_its_place() -> None:
    fences = re.findall(r"^```(java|js|go|python)$", PAGE, re.MULTILINE)
    assert len(fences) == len(SHOWN.findall(PAGE)) == 2 * len(SOURCES)


@pytest.mark.parametrize("language", SOURCES)
def test_a_dialer_takes_the_same_steps_in_each_language_in_some_twenty_lines(language: str) -> None:
    text, at = plain(core(language)), 0
    for step in STEPS:
        assert step in text[at:], step
        at = text.index(step, at) + len(step)
    assert len(core(language).splitlines()) <= CORE_LINES_MAX


@pytest.mark.parametrize("language", SOURCES)
def test_the_connection_has_the_settings_of_a_worker(language: str) -> None:
    known = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"RINGBACK_([A-Z_]+[A-Z])", (EXAMPLES / language / SOURCES[language][2]).read_text("utf-8")))
    listed = set(re.findall(r"`RINGBACK_([A-Z_]+)`", section(PAGE, "Settings")))
    assert named == listed and {name.lower() for name in named} <= known


def test_every_version_is_written_down() -> None:
    requirements = (EXAMPLES / "python" / "requirements.txt").read_text("utf-8")
    assert re.findall(r"^([a-z-]+)==[\d.]+ \\\n    --hash=sha256:", requirements, re.MULTILINE) == ["confluent-kafka"]
    lock = json.loads((EXAMPLES / "node" / "package-lock.json").read_bytes())["packages"]
    wanted = json.loads((EXAMPLES / "node" / "package.json").read_bytes())["dependencies"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in package and "resolved" not in package for name, package in lock.items() if name)
    modules = re.findall(r"^\t(\S+) (v\S+)", (EXAMPLES / "go" / "go.mod").read_text("utf-8"), re.MULTILINE)
    sums = (EXAMPLES / "go" / "go.sum").read_text("utf-8")
    assert modules and [one for one in modules if f"{' '.join(one)} h1:" not in sums] == []
    space = {"maven": "http://maven.apache.org/POM/4.0.0"}
    pom = ElementTree.parse(EXAMPLES / "java" / "pom.xml").getroot()
    versions = [one.findtext("maven:version", "", space) for one in pom.findall(".//maven:dependency", space)]
    plugins = [one.findtext("maven:version", "", space) for one in pom.findall(".//maven:plugin", space)]
    assert len(versions) == 3 and all(re.fullmatch(r"\d+(\.\d+)+", version) for version in versions + plugins)


def test_javas_client_is_that_of_the_kafka_of_the_tests() -> None:

    assert f"<version>{KAFKA_VERSION}</version>" in (EXAMPLES / "java" / "pom.xml").read_text("utf-8")
