"""The docs name all that there is to name, nothing that is not there, and lead to each other."""

import inspect
import re
import subprocess
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from grafana.ringback_rules import ALERTS, RECORDINGS
from streams.base import metrics
from streams.base.settings import Settings
from streams.cli.group import COMMANDS
from streams.logic.contact.exchange import BugKind, LatenessCause
from streams.logic.contact.upgrades import ROW_VERSION
from tests.docs.reference import commands, pages
from topics import commands as command_types
from topics import configuration, events, records, rules
from topics.catalog import CATALOG, STATE_TOPIC
from topics.codec import ErrorCode
from topics.records import PLACEMENT_REASONS, Reason, Transition

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
CONTRACT = (DOCS / "contract.md").read_text("utf-8")
OPERATE = (DOCS / "operate.md").read_text("utf-8")
METRICS = (DOCS / "metrics.md").read_text("utf-8")

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", page, re.MULTILINE)
    assert found, heading
    rest = page[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def table(text: str, *columns: str) -> list[list[str]]:
    """The rows of the table with this head, without it."""
    head = f"| {' | '.join(columns)} |"
    assert text.count(head) == 1, head
    lines = text[text.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def words(rows: list[list[str]], column: int = 0) -> list[str]:
    """What stands in backquotes in a column."""
    return [word for row in rows for word in CODE.findall(row[column])]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Made from the program


@pytest.mark.parametrize("path", pages(), ids=relative)
def test_a_page_that_is_made_from_the_program_is_what_the_program_says(path: Path) -> None:
    """So every setting and every command with its options is documented."""
    assert path.read_text("utf-8") == pages()[path], "`make docs` writes it"


def test_every_setting_is_on_the_page_of_settings() -> None:
    rows = [row for text in (DOCS / "settings.md").read_text("utf-8").splitlines() if (row := CODE.findall(text))]
    named = {row[0] for row in rows}
    assert set(Settings.model_fields) <= named
    assert all(field.description for field in Settings.model_fields.values()), "a setting without a word about it"


def test_every_command_is_on_the_page_of_commands_and_says_what_it_does() -> None:
    text = (DOCS / "commands.md").read_text("utf-8")
    paths = [context.command_path for context in commands()]
    assert {path.split()[1] for path in paths} == set(COMMANDS)
    assert [heading for heading in HEADING.findall(text) if heading.startswith("ringback")] == paths
    assert [context.command_path for context in commands() if not context.command.help] == []


# Metrics and alerts


def exposed() -> dict[str, set[str]]:
    """Every metric of ours as it is written in a query, without the suffixes of a histogram, with its labels."""
    modules = (metrics.adapters, metrics.callbacks, metrics.engine, metrics.events, metrics.processes)
    found = (one for module in modules for one in vars(module).values() if hasattr(one, "_labelnames"))
    suffixes = {"Counter": "_total", "Ages": "_bucket"}
    return {one._name + suffixes.get(type(one).__name__, ""): set(one._labelnames) for one in found}


def test_every_metric_stands_on_its_page_with_its_labels_and_no_other_does() -> None:
    named = {}
    rows = chain.from_iterable(
        table(section(METRICS, part), "metric", "look at it when")
        for part in ("Callbacks", "Events", "Engine", "Adapters")
    )
    for word in words(list(rows)):
        name, _, labels = word.removesuffix("}").partition("{")
        named[name] = set(labels.split(",")) - {""}
    assert len(named) > 15 and named == exposed()


@pytest.mark.parametrize("values", [LatenessCause, BugKind], ids=lambda values: values.__name__)
def test_every_value_of_a_label_is_told_with_the_metrics(values: type[StrEnum]) -> None:
    text = METRICS
    assert [one for one in values if not re.search(rf'[`"]{one}[`"]', text)] == []


def test_every_metric_that_a_page_names_exists() -> None:
    suffixes = ("_bucket", "_count", "_sum")
    known = {name + suffix for name in exposed() for suffix in ("", *suffixes)}
    for path in PAGES:
        if path.name == "CHANGELOG.md":  # It names what was there then.
            continue
        named = set(re.findall(r"(?<![./])\bringback_[a-z_]+\b", path.read_text("utf-8")))
        assert named <= known, relative(path)


def test_every_recording_rule_stands_on_the_page_of_metrics_with_its_labels_and_meaning_and_no_other_does() -> None:
    rules = [rule for group in RECORDINGS.values() for rule in group]
    shown = [(rule.name + (f"{{{','.join(rule.labels)}}}" if rule.labels else ""), rule.meaning) for rule in rules]
    assert table(METRICS, "rule", "meaning") == [[f"`{name}`", meaning] for name, meaning in shown]


def test_every_alert_stands_in_operate_with_its_runbook_and_what_to_do_and_no_other_does() -> None:
    rows = table(OPERATE, "alert", "what to do")
    names = dict.fromkeys(alert.name for alert in ALERTS)
    assert [row[0] for row in rows] == [f"[`{name}`](runbooks/{name}.md)" for name in names]
    assert [row for row in rows if len(row[1]) < 20] == []


# The contract


def test_every_reason_of_a_refusal_stands_in_the_contract_with_its_meaning_and_no_other_does() -> None:
    rows = table(CONTRACT, "reason", "the call is refused because")
    assert set(words(rows)) == set(PLACEMENT_REASONS) and all(row[1] for row in rows)


def test_every_other_reason_stands_in_the_contract_with_its_meaning_and_no_other_does() -> None:
    rows = table(CONTRACT, "reason", "an event is rejected, or a callback expires, because")
    others = set(Reason) - set(PLACEMENT_REASONS)
    assert set(words(rows)) == others and all(row[1] for row in rows)


def test_every_reason_belongs_to_a_transition() -> None:
    rows = {row[0]: row[1] for row in table(CONTRACT, "transition", "reasons it can have")}
    named = set(chain.from_iterable(CODE.findall(cell) for cell in rows.values())) & set(Reason)
    assert named | set(PLACEMENT_REASONS) == set(Reason)
    assert set(CODE.findall("".join(rows))) <= set(Transition)


def test_every_error_code_stands_in_the_contract_with_its_meaning_and_no_other_does() -> None:
    rows = table(CONTRACT, "`ringback.error`", "meaning", "what to do")
    assert sorted(words(rows)) == sorted(ErrorCode) and all(row[1] and row[2] for row in rows)


def test_every_transition_stands_in_the_contract_and_in_the_diagram() -> None:
    listed = section(CONTRACT, "callback-lifecycle").partition("\nTransitions: ")[2].partition(". ")[0]
    assert sorted(CODE.findall(listed)) == sorted(Transition)
    life = section((DOCS / "engine.md").read_text("utf-8"), "The life of a callback")
    not_drawn = {Transition.REJECTED, Transition.RESCHEDULED}  # The one changes no callback, the other leads back.
    assert [one for one in Transition if one not in not_drawn and not re.search(rf"\b{one}\b", life)] == []


def test_every_topic_stands_in_the_contract_and_no_other_does() -> None:
    rows = table(section(CONTRACT, "Topics"), "topic", "direction", "key", "value")
    assert sorted(words(rows)) == sorted(set(CATALOG) - {STATE_TOPIC})
    assert f"`{STATE_TOPIC}`" in section(CONTRACT, "Topics")


def fields_of(struct: Any, seen: set[Any] | None = None) -> Iterator[str]:
    """Every field of a struct and of those within it, as JSON names it."""
    seen = set() if seen is None else seen
    for part in _structs(struct):
        if part in seen:
            continue
        seen.add(part)
        if part.__struct_config__.tag_field:
            yield part.__struct_config__.tag_field
        for field in msgspec.structs.fields(part):
            yield field.encode_name
            yield from fields_of(field.type, seen)


def _structs(kind: Any) -> list[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [struct for part in get_args(kind) for struct in _structs(part)]


def heading_of(topic: str) -> str:
    return "dial-preview and dial-analysis" if topic.startswith("dial-") else topic


@pytest.mark.parametrize("topic", [name for name, one in CATALOG.items() if one.values and name != STATE_TOPIC])
def test_every_field_of_a_topic_is_mentioned_in_its_section(topic: str) -> None:
    text = section(CONTRACT, heading_of(topic))
    if topic == "campaigns":  # The conditions of its filter are those of rules, and told there.
        text += section(CONTRACT, "rule-sets")
    names = {name for value in CATALOG[topic].values for name in fields_of(value)}
    assert len(names) > 2
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", text)] == []


VOCABULARY = [
    one
    for module in (command_types, configuration, events, records, rules)
    for one in vars(module).values()
    if inspect.isclass(one) and issubclass(one, StrEnum) and one.__module__ == module.__name__
]


@pytest.mark.parametrize("values", VOCABULARY, ids=lambda values: values.__name__)
def test_every_code_word_stands_in_the_contract(values: type[StrEnum]) -> None:
    named = set(CODE.findall(CONTRACT))
    assert [one for one in values if one not in named] == []


# The index


def sentences(index: Path) -> dict[Path, tuple[str, str]]:
    """What an index lists: each page with the words that it is linked by, and the sentence about it."""
    found = {}
    for line in index.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        links = LINK.findall(cells[-2]) if len(cells) >= 2 else []
        if len(links) == 1:
            target = (index.parent / links[0][1]).resolve()
            assert target not in found, f"{links[0][1]} is listed twice"
            found[target] = (links[0][0], cells[-1])
    return found


@pytest.mark.parametrize(
    ("index", "listed"),
    [
        (DOCS / "index.md", [*DOCS.glob("*.md"), *DOCS.glob("*/index.md"), ROOT / "CONTRIBUTING.md"]),
        (DOCS / "decisions" / "index.md", list((DOCS / "decisions").glob("*.md"))),
        (DOCS / "runbooks" / "index.md", list((DOCS / "runbooks").glob("*.md"))),
    ],
    ids=["docs", "decisions", "runbooks"],
)
def test_an_index_has_every_page_by_its_title_with_a_sentence_and_no_other(index: Path, listed: list[Path]) -> None:
    found = sentences(index)
    assert set(found) == set(listed) - {index}
    for path, (title, sentence) in found.items():
        heading = path.read_text("utf-8").splitlines()[0].removeprefix("# ")
        assert re.sub(r"^\d{4} ", "", heading) == title, relative(path)
        assert sentence.endswith(".") and len(sentence) > 20, relative(path)


def test_decisions_are_numbered_without_a_gap_and_listed_in_order() -> None:
    numbers = [int(path.name[:4]) for path in sentences(DOCS / "decisions" / "index.md")]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", sorted((DOCS / "decisions").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_says_context_choice_what_was_rejected_and_consequences(path: Path) -> None:
    text = path.read_text("utf-8")
    assert HEADING.findall(text)[0][:4] == path.name[:4]
    assert HEADING.findall(text)[1:] == ["Context", "Choice", "Rejected", "Consequences"]


# What the docs point to


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCED.sub("", path.read_text("utf-8"))
    plain = [re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in HEADING.findall(text)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_every_link_to_a_section_leads_to_one(path: Path) -> None:
    missing = []
    for _, target in LINK.findall(FENCED.sub("", path.read_text("utf-8"))):
        page, hash_, anchor = target.partition("#")
        if hash_ and "://" not in target and anchor not in anchors((path.parent / page) if page else path):
            missing.append(target)
    assert missing == []


PLACE = re.compile(r"(?:streams|topics|tests|docs|deploy|grafana|examples)/[\w./-]*[\w/]")
"""A path of the repository, as it stands in a sentence."""


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path.name != "CHANGELOG.md" and path.parent.name != "decisions"], ids=relative
)
def test_every_path_that_a_page_names_is_there(path: Path) -> None:
    """Not in decisions and the changelog, which tell of their day."""
    text = FENCED.sub("", path.read_text("utf-8"))
    named = [word.split("::")[0] for code in CODE.findall(text) for word in PLACE.findall(code)]
    assert [word for word in named if not (ROOT / word).exists()] == []


def test_every_page_that_a_file_cites_is_there() -> None:
    """Also by its bare name, wherever it is."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    texts = [ROOT / name for name in files if name.endswith((".py", ".md", ".yaml", ".toml", ".service", ".conf"))]
    if not texts:
        texts = [*PAGES, *(path for name in ("streams", "topics", "tests") for path in (ROOT / name).rglob("*.py"))]
    known = {path.name for path in [*PAGES, *texts] if path.suffix == ".md"}
    cited = {name for path in texts if path.exists() for name in _cited(path)}
    assert len(cited) > 10 and cited - known == set()


def _cited(path: Path) -> list[str]:
    return [] if path == Path(__file__) else re.findall(r"\b[\w-]+\.md\b", path.read_text("utf-8"))


def test_every_command_that_a_page_or_the_make_file_names_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    paths = {context.command_path for context in commands()} | {"ringback COMMAND"}
    groups = {path.rsplit(" ", 1)[0] for path in paths if path.count(" ") > 1}
    for path in PAGES:
        if path.name == "CHANGELOG.md":
            continue
        codes = CODE.findall(path.read_text("utf-8"))
        made = {found[1] for code in codes if (found := re.match(r"make ([a-z-]+)$", code))}
        called = {
            found[0] for code in codes if (found := re.match(r"ringback [A-Za-z][A-Za-z-]*( [a-z][a-z|-]*)?", code))
        }
        assert made <= targets, relative(path)
        strangers = {one for one in called if not _is_command(one, paths, groups)}
        assert strangers == set(), relative(path)


def _is_command(called: str, paths: set[str], groups: set[str]) -> bool:
    program, name, *rest = called.split()
    if f"{program} {name}" in paths:
        return True
    return f"{program} {name}" in groups and all(
        f"{program} {name} {one}" in paths for sub in rest for one in sub.split("|")
    )


# Upgrades


def test_the_page_on_upgrades_has_every_version_with_the_number_of_its_rows() -> None:
    rows = table((DOCS / "upgrade.md").read_text("utf-8"), "version", "rows", "back to the version before")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert [row[0] for row in rows] == list(reversed(re.findall(r"^## \[([^\]]+)\]", changelog, re.MULTILINE)))
    assert int(rows[-1][1]) == ROW_VERSION


def test_every_version_says_what_it_does_to_state_and_topics() -> None:
    versions = re.split(r"^## \[", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert [version.splitlines()[0] for version in versions if "### State and topics" not in version] == []
