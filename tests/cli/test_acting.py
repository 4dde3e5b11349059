"""How a command acts: what it shows, asks, sends and tells, and with what it ends; on a core, without Kafka."""

import json
from types import SimpleNamespace
from typing import Any

import click
import pytest

from streams.base.errors import OperatorError
from streams.cli import exits
from streams.cli.acting import Chosen, carry_out, send
from streams.cli.dead_letters import _edit
from streams.console.actions.model import Action, RunState
from streams.console.view.model import Filter
from tests.builders import cancelled, instant
from tests.console.actions.test_runs import LATER, many
from tests.console.actions.world import CLIENTS, At, Box, World, runs
from topics.audit import ActedVia, ActionKind

NOW_ENOUGH = Chosen(yes=True, wait_s=5, rate=1000)


def looking(world: World, folder: Any, outbox: Any = None, as_json: bool = False) -> Any:
    """What a command has: here nothing has to be read first."""

    async def catch_up() -> None:
        """The view is always up to date."""

    made = runs(world, folder, At(), outbox)
    return SimpleNamespace(runs=made, clients=CLIENTS, as_json=as_json, numbers=False, catch_up=catch_up)


def plan(world: World, looking: Any) -> Any:
    action = Action(kind=ActionKind.MOVE, actor="sup", due_at=instant(LATER))
    return looking.runs.plan(world, Filter(agent_id="a7"), action, ActedVia.COMMAND_LINE, "leavers")


def act(world: World, given: Any, chosen: Chosen = NOW_ENOUGH) -> int:
    return carry_out(given, world, plan(world, given), chosen, "Move 7 callbacks")  # type: ignore[arg-type]


def test_what_is_done_is_shown_first_and_told_afterwards(tmp_path, capsys):
    world = many()
    assert act(world, looking(world, tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Move 7 callbacks (run leavers)"
    assert lines[1].split() == ["callback", "contact", "campaign", "due", "agent"]
    assert lines[2].split() == ["k", "L|c0", "P", "2026-11-23T16:00:00Z", "a7"]
    assert lines[7] == "  ... and 2 more"
    assert lines[-1] == "run leavers sent: 7 applied, 0 refused, 0 asked for and not answered yet"


def test_a_dry_run_sends_nothing_and_leaves_no_run(tmp_path, capsys):
    world = many()
    given = looking(world, tmp_path)
    assert act(world, given, Chosen(yes=False, wait_s=5, rate=1000, dry_run=True)) == 0
    assert "Dry run: nothing was sent" in capsys.readouterr().out
    assert world.sent == [] and given.runs.all() == ()


@pytest.mark.parametrize("as_json", [True, False])
def test_where_nobody_can_be_asked_nothing_is_done_without_yes(tmp_path, monkeypatch, as_json):
    world = many()
    given = looking(world, tmp_path, as_json=as_json)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises((click.UsageError, AttributeError)):
        act(world, given, Chosen(yes=False, wait_s=5, rate=1000))
    assert world.sent == []


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 9), ("n\n", 0), ("", 0)])
def test_a_terminal_is_asked_and_no_is_no(tmp_path, monkeypatch, answer, sent):
    world = many()
    given = looking(world, tmp_path)
    monkeypatch.setattr(click, "get_text_stream", lambda _: SimpleNamespace(isatty=lambda: True))

    def confirm(text, abort):
        assert text == "Move 7 callbacks?" and abort
        if not answer.startswith("y"):
            raise click.Abort

    monkeypatch.setattr(click, "confirm", confirm)
    if sent:
        assert act(world, given, Chosen(yes=False, wait_s=5, rate=1000)) == 0
    else:
        with pytest.raises(click.Abort):
            act(world, given, Chosen(yes=False, wait_s=5, rate=1000))
        assert given.runs.all() == ()
    assert len(world.sent) == sent


def test_it_says_what_was_refused_and_why_and_ends_with_that_code(tmp_path, capsys):
    world = many()
    given = looking(world, tmp_path)
    run = plan(world, given)
    world.schedule(cancelled("k", contact_id="c3"), cancelled("k", contact_id="c4"))
    assert carry_out(given, world, run, NOW_ENOUGH, "Move 7 callbacks") == exits.REFUSED
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "run leavers sent: 5 applied, 2 refused, 0 asked for and not answered yet",
        "  refused: callback_ended (2)",
    ]


def test_a_worker_that_does_not_answer_in_time_is_told_by_the_code_unless_nobody_waits(tmp_path):
    world = many()
    world.is_deaf = True
    assert act(world, looking(world, tmp_path / "one"), Chosen(yes=True, wait_s=0.01, rate=1000)) == exits.UNANSWERED
    assert act(world, looking(world, tmp_path / "two"), Chosen(yes=True, wait_s=0, rate=1000)) == 0


def test_for_programs_it_is_one_object(tmp_path, capsys):
    world = many()
    assert act(world, looking(world, tmp_path, as_json=True)) == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["name"], said["meant"], said["applied"], said["refused"], said["asked"]) == ("leavers", 7, 7, 0, 0)
    assert said["action"] == {"kind": "move", "actor": "sup", "reason": None, "due_at": LATER}
    assert said["selected"] == {"agent_id": "a7"} and said["refused_by_why"] == {} and len(said["sample"]) == 5


def test_a_run_that_breaks_says_how_to_go_on_and_one_that_never_began_does_not(tmp_path):
    world = many()
    given = looking(world, tmp_path / "one", lambda _: Box(world, breaks_after=3))
    with pytest.raises(OperatorError, match=r"no broker\n`ringback callbacks resume leavers` sends what is left"):
        act(world, given)
    assert send(looking(world, tmp_path / "one"), world, "leavers", NOW_ENOUGH, "boss") == 0
    never = looking(world, tmp_path / "two", lambda _: Box(world, has_audit=False))
    with pytest.raises(OperatorError) as error:
        act(world, never)
    assert "resume" not in str(error.value)


def test_a_run_that_is_aborted_from_elsewhere_ends_with_a_code_of_its_own(tmp_path, capsys):
    world = many()
    given = looking(world, tmp_path)
    run = plan(world, given)

    class Aborting(Box):
        async def send(self, records):
            await super().send(records)
            given.runs.ask_abort("leavers", "boss")

    given.runs = runs(world, tmp_path, At(), lambda _: Aborting(world))
    assert carry_out(given, world, run, Chosen(yes=True, wait_s=5, rate=2), "Move") == exits.ABORTED
    assert given.runs.run("leavers").state is RunState.ABORTED
    assert "`ringback callbacks resume leavers` sends what is left" in capsys.readouterr().out


def test_fields_are_set_to_json_and_a_value_goes_with_one_letter(tmp_path):
    edit = _edit(('campaign_id="P"', "n=1", 'a={"b": null}'), True, None, 0)
    assert edit.fields == {"campaign_id": "P", "n": 1, "a": {"b": None}} and edit.key_of_value
    assert edit.words() == {"changed": "key,a,campaign_id,n"}
    file = tmp_path / "value"
    file.write_bytes(b" {} ")
    assert _edit((), False, file, 1).value == b" {} "
    for bad in ("campaign_id=P", "=1", "campaign_id"):
        with pytest.raises(click.UsageError):
            _edit((bad,), False, None, 0)
    with pytest.raises(click.UsageError, match="one letter"):
        _edit((), False, file, 2)
