"""The page and the text: every check and every way to choose a partition stands on the page, and lines fit."""

import re
from pathlib import Path

import click
import pytest

from streams.cli.doctor import as_json
from streams.cli.doctor_text import lines
from streams.doctor.findings import Check, Finding, Report, Result, in_order
from streams.doctor.judgement.partitioners import KNOWN
from tests.doctor.seen import NOW

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")
FINDINGS = (
    Finding(Check.KEYS, Result.OK, "80 records have the key of their value"),
    Finding(
        Check.KEYS, Result.PROBLEM, "3 of 80 records: there is no key", "send one", "x.wrap-up", ("x.wrap-up-0@7",)
    ),
    Finding(Check.VERSIONS, Result.WARNING, f"{'old ' * 60}", "upgrade " * 40),
    Finding(Check.CLOCK, Result.COULD_NOT_LOOK, "no right"),
)


def report(*findings: Finding) -> Report:
    return Report(NOW, "127.0.0.1:9092", "x.", 80, in_order(findings))


@pytest.mark.parametrize("check", Check)
def test_every_check_has_a_section_and_a_row(check: Check) -> None:
    assert f"| [`{check}`](#{check}) |" in PAGE and f"\n### {check.capitalize()}\n" in PAGE


@pytest.mark.parametrize("result", Result)
def test_every_result_stands_on_the_page_as_programs_get_it(result: Result) -> None:
    assert re.search(rf"^\| .+ \| `{result}` \| .+ \|$", PAGE, re.MULTILINE)


def test_every_hash_stands_on_the_page() -> None:
    named = [word for one in KNOWN for word in re.findall(r"CRC32|FNV-1a|KafkaJS 1|absolute value|sign bit", one.name)]
    assert len(named) >= 6 and [word for word in named if word not in PAGE] == []


def test_the_worst_of_a_check_comes_first_and_what_to_change_stands_below_it() -> None:
    text = [click.unstyle(line) for line in lines(report(*FINDINGS))]
    assert text[0] == "Kafka at 127.0.0.1:9092, topics x.*, 80 records looked at, 2026-11-27T12:00:00Z"
    heads = [line[:22] for line in text if re.match(r"(ok|warning|PROBLEM|not seen) ", line)]
    assert heads == [
        "warning  versions     ",
        "not seen clock        ",
        "PROBLEM  keys         ",
        "ok       keys         ",
    ]
    at = text.index("PROBLEM  keys         x.wrap-up")
    assert [line.strip() for line in text[at + 1 : at + 4]] == [
        "3 of 80 records: there is no key.", "Such as x.wrap-up-0@7.", "> Send one.",
    ]  # fmt: skip
    assert text[-1] == "1 problem, 1 warning, 1 thing not seen. docs/doctor.md says what each check looks at."
    assert max(map(len, text)) <= 110


def test_without_a_fault_nothing_has_to_be_changed() -> None:
    assert list(lines(report(FINDINGS[0])))[-1] == "Nothing has to be changed."
    assert list(lines(report(FINDINGS[0], FINDINGS[3])))[-1] == "Nothing has to be changed; 1 thing not seen."


def test_programs_get_counts_by_result() -> None:
    assert '"results": {\n    "ok": 1,\n    "warning": 1,\n    "problem": 1,\n    "could_not_look": 1\n  }' in as_json(
        report(*FINDINGS)
    )
