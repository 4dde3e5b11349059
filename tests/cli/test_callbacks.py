"""What `ringback callbacks`, `dead-letters` and `tail` take and print, apart from what stands on topics."""

import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from streams.cli import callback_actions, exits, tables, tail
from streams.cli.acting import exit_code
from streams.cli.filters import filter_of, filter_options, keys_of, named
from streams.cli.group import COMMANDS, ringback
from streams.cli.instants import INSTANT, LENGTH
from streams.console.actions.model import Action, Run, RunState
from streams.console.view.model import CallbackKey, CallbackRow, Filter, Standing, Told
from tests.builders import instant
from topics.audit import ActedVia, ActionKind
from topics.commands import Origin
from topics.names import TopicName

DOCS = Path(__file__).parents[2] / "docs"
NOW = instant("2026-11-23T15:00:00Z")


def row(contact_id="c1", callback_id="k1", **changes):
    given = {"campaign_id": "P", "standing": Standing.SCHEDULED, "due_at": NOW, "changed_at": NOW, **changes}
    return CallbackRow(callback_id=callback_id, contact_list_id="L", contact_id=contact_id, **given)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T15:00:00Z", NOW),
        ("2026-11-23T10:00:00-05:00", NOW),
        ("2026-11-23 16:00+01:00", NOW),
    ],
)
def test_an_instant_has_a_zone_and_is_taken_in_utc(text, at):
    assert INSTANT.convert(text, None, None) == at and INSTANT.convert(text, None, None).tzinfo is UTC


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-11-23T15:00:00", "15:00", "+2", "+2w", "2h", "+999999999d"])
def test_what_is_no_instant_is_an_error_of_usage(text):
    with pytest.raises(click.BadParameter):
        INSTANT.convert(text, None, None)


def test_an_instant_may_be_from_now_on():
    before = datetime.now(UTC)
    at = INSTANT.convert("+2h", None, None)
    assert timedelta(hours=2, seconds=-1) <= at - before <= timedelta(hours=2, minutes=5)


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("-2h", -7200), ("+1d", 86400), ("5s", 5)])
def test_a_length_has_a_unit_and_may_be_negative(text, seconds):
    assert LENGTH.convert(text, None, None) == timedelta(seconds=seconds)
    with pytest.raises(click.BadParameter):
        LENGTH.convert(text[:-1], None, None)


def filtered(*words: str) -> Filter:
    """The filter that options make."""
    found: list[Filter] = []

    @click.command()
    @filter_options
    def command(**given):
        found.append(filter_of(given))

    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return found[0]


def test_options_make_a_filter_and_none_an_empty_one():
    assert filtered().is_empty
    made = filtered(
        *("--agent", "a7", "--standing", "due", "--standing", "waiting", "--origin", "rule", "--reason-is", "dnc"),
        *("--due-from", "2026-11-23T15:00:00Z", "--overdue", "--text", "x", "--list", "L", "--contact", "c"),
    )
    assert made == Filter(
        text="x", contact_list_id="L", contact_id="c", agent_id="a7", standings=(Standing.DUE, Standing.WAITING),
        origins=(Origin.RULE,), reasons=("dnc",), due_from=NOW, overdue=True,
    )  # fmt: skip


def test_every_condition_of_a_filter_has_an_option():
    @click.command()
    @filter_options
    def command(**_):
        """Take options."""

    assert {param.name for param in command.params} == set(Filter.__struct_fields__)


def test_a_callback_is_named_by_its_id_or_whole_where_that_may_be_several():
    rows = [row(), row("c2"), row("c1", "k2"), row("a|b", "k3")]

    def callbacks(text):
        return tuple(one for one in rows if one.callback_id == text)

    assert keys_of(("k2", "k2"), callbacks) == [CallbackKey("L", "c1", "k2")]
    assert keys_of(("L|c2|k1", "L|a|b|k3"), callbacks) == [CallbackKey("L", "c2", "k1"), CallbackKey("L", "a|b", "k3")]
    with pytest.raises(
        click.UsageError, match=re.escape("there are 2 callbacks k1. Name one as LIST|CONTACT|ID: L|c1|k1")
    ):
        keys_of(("k1",), callbacks)
    for unknown in ("k9", "L|c1|k9", "|", "L|c1"):
        with pytest.raises(click.UsageError, match="there is no callback"):
            keys_of((unknown,), callbacks)
    assert named(rows[3]) == "L|a|b|k3"


def test_a_table_in_a_pipe_is_whole_and_numbers_are_masked(capsys):
    tables.callbacks([row(callback_id="k" * 200, last_four="0142", reasons=("dnc",))], numbers=False)
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["due", "standing", "callback", "contact", "campaign", "agent", "number", "reasons"]
    assert line.split() == ["2026-11-23T15:00:00Z", "scheduled", "k" * 200, "L|c1", "P", "•••", "42", "dnc"]
    assert tables.row_json(row(last_four="0142"), numbers=False)["last_four"] == "••• 42"
    assert tables.row_json(row(last_four="0142"), numbers=True)["last_four"] == "0142"


def run_of(**counts):
    return Run(
        name="r", action=Action(kind=ActionKind.MOVE, actor="a"), selected={}, via=ActedVia.COMMAND_LINE,
        state=RunState.SENT, planned_at=NOW, meant=3, sent=3, **counts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "wait_s", "code"),
    [
        ({"applied": 3}, 60, 0),
        ({"applied": 2, "refused": 1}, 60, exits.REFUSED),
        ({"applied": 2}, 60, exits.UNANSWERED),
        ({"applied": 0}, 0, 0),
        ({"refused": 1}, 0, exits.REFUSED),
    ],
)
def test_the_exit_code_says_whether_all_was_applied(counts, wait_s, code):
    assert exit_code(run_of(**counts), wait_s) == code


def test_the_page_has_every_exit_code():
    page = (DOCS / "actions.md").read_text("utf-8").partition("### Exit codes")[2].partition("###")[0]
    said = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    own = {value for name, value in vars(exits).items() if name.isupper()}
    assert said == own | {0, 1, 2, 130}


def test_who_acts_is_the_user_of_the_terminal_unless_it_is_said():
    found = next(param for param in callback_actions.move.params if param.name == "actor")
    assert isinstance(found, click.Option) and found.get_default(click.Context(callback_actions.move))


def told(transition, **changes):
    value = {
        "callback_id": "k1", "transition": transition, "occurred_at": "2026-11-23T15:00:00Z", "reasons": [],
        "facts": {},
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "cause": {}, "due_at": "2026-11-23T16:00:00Z",
        **changes,
    }  # fmt: skip
    return Told(
        topic=TopicName.CALLBACK_LIFECYCLE, partition=1, offset=7, at=NOW, written_at=NOW, value=value,
        contact_list_id="L", contact_id="c1", callback_id="k1",
    )  # fmt: skip


ALL = {"transitions": (), "reasons": (), "dead": True}
DEAD = Told(
    topic=TopicName.DEAD_LETTER, partition=0, offset=1, at=NOW, written_at=NOW, value={},
    headers={
        "__connect.errors.topic": "p.wrap-up", "__connect.errors.partition": "3", "__connect.errors.offset": "17",
        "__connect.errors.exception.message": "too_old: More than 35 days ago (at $.occurred_at)",
    },
)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        ({}, True),
        ({"campaign_id": "P", "callback_id": "k1"}, True),
        ({"campaign_id": "Q"}, False),
        ({"transitions": ("blocked", "expired")}, True),
        ({"transitions": ("expired",)}, False),
        ({"reasons": ("dnc",)}, True),
        ({"reasons": ("too_soon",)}, False),
    ],
)
def test_tail_shows_what_meets_every_condition(wanted, is_wanted):
    assert tail.is_wanted(told("blocked", reasons=["dnc"]), ALL | wanted) is is_wanted


def test_tail_shows_dead_letters_unless_a_condition_is_said():
    assert tail.is_wanted(DEAD, ALL)
    assert not tail.is_wanted(DEAD, ALL | {"dead": False})
    assert not tail.is_wanted(DEAD, ALL | {"campaign_id": "P"})


def test_tail_says_what_happened_in_words_by_the_clock_of_the_viewer():
    line = tail.in_words(
        told("cancelled", facts={"actor": "sup", "reason": "wrong offer"}), ZoneInfo("Europe/Berlin"), False
    )
    assert "16:00" in line and "k1  L|c1  P" in line and "sup" in line
    refused = tail.in_words(DEAD, ZoneInfo("UTC"), False)
    assert refused.endswith("refused: too_old: More than 35 days ago (at $.occurred_at)  [p.wrap-up/3/17]")


def test_tail_reads_any_record_that_a_topic_may_have():
    for value in (None, b"", b"[1]", b"\xff", b'{"occurred_at": 7}', b'{"occurred_at": "x"}'):
        record = SimpleNamespace(
            topic="p.callback-lifecycle",
            partition=0,
            offset=3,
            timestamp=-1,
            key=b"L|c1",
            value=value,
            headers=(("h", None),),
        )
        found = tail.told_of(record, "p.")
        assert found.headers == {"h": ""} and tail.in_words(found, ZoneInfo("UTC"), False)


def complete(*words: str) -> list[str]:
    """What the shell is told for a line whose last word is being typed."""
    asked = {"_RINGBACK_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    command = [sys.executable, "-m", "streams"]
    done = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, timeout=120, check=False)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_the_shell_completes_commands_and_options_and_their_words():
    assert complete("ringback", "dead") == ["dead-letters"]
    assert complete("ringback", "") == list(COMMANDS)
    assert complete("ringback", "callbacks", "re") == ["reassign", "resume"]
    assert "--to-agent" in complete("ringback", "callbacks", "reassign", "--to")
    assert complete("ringback", "callbacks", "list", "--standing", "bl") == ["blocked"]


def parsed(words: list[str]) -> click.Context:
    """A line as the command line understands it; nothing is run. Raises click.UsageError."""
    context, name = click.Context(ringback, info_name="ringback"), ""
    command: click.Command = ringback
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name, parent=context)
    return command.make_context(name, words, parent=context)


def lines() -> list[str]:
    page = (DOCS / "actions.md").read_text("utf-8") + (DOCS / "commands.md").read_text("utf-8")
    found = re.findall(r"^ *(ringback (?:callbacks|dead-letters|tail|topics) .*)$", page, re.MULTILINE)
    return sorted(set(found))


@pytest.mark.parametrize("line", lines())
def test_every_line_of_the_pages_is_one_that_the_command_line_takes(line):
    assert len(lines()) > 15
    assert parsed(shlex.split(line)[1:]).params
