"""Runs outlive the process that plans them; one process sends a run, and a file of another version is left alone."""

import sqlite3

import pytest

from streams.base.errors import OperatorError
from streams.console.actions.model import Action, NotAllowed, Run, RunState
from streams.console.actions.store import FILE, RunStore
from streams.console.actions.windows import window_end_at
from streams.console.view.model import CallbackRow, Standing, Story, Told
from tests.builders import instant
from topics.audit import ActedVia, ActionKind
from topics.names import TopicName

NOW = instant("2026-11-23T15:00:00Z")


def run_of(name="r"):
    return Run(
        name=name, action=Action(kind=ActionKind.MOVE, actor="sup", by_s=60), selected={"agent_id": "a7"},
        via=ActedVia.CONSOLE, state=RunState.PLANNED, planned_at=NOW, meant=0,
    )  # fmt: skip


def test_a_run_is_there_for_whoever_opens_the_folder_and_is_for_its_user_alone(tmp_path):
    RunStore(tmp_path / "f").add(run_of(), [])
    assert RunStore(tmp_path / "f").run("r") == run_of()
    assert (tmp_path / "f" / FILE).stat().st_mode & 0o777 == 0o600


def test_while_one_sends_a_run_nobody_else_does_and_another_run_may_be_sent(tmp_path):
    one, two = RunStore(tmp_path), RunStore(tmp_path)
    with one.sole("r"):
        assert two.is_being_sent("r") and not two.is_being_sent("other")
        with pytest.raises(NotAllowed, match="run r is being sent already"), two.sole("r"):
            pass
    assert not two.is_being_sent("r")


def test_a_file_of_another_version_is_refused_and_not_touched(tmp_path):
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("pragma user_version = 7")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(OperatorError, match="another version"):
        RunStore(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def story(*told: tuple[str, dict[str, str], str]) -> Story:
    """Transitions with their facts and the event behind each."""
    row = CallbackRow(
        callback_id="k", contact_list_id="L", contact_id="c", campaign_id="P", standing=Standing.SCHEDULED, due_at=NOW,
        changed_at=NOW,
    )  # fmt: skip
    return Story(
        row=row,
        told=tuple(
            Told(
                topic=TopicName.CALLBACK_LIFECYCLE, partition=0, offset=number, at=NOW, written_at=NOW,
                value={"transition": transition, "facts": facts, "cause": {"event_id": event}},
            )
            for number, (transition, facts, event) in enumerate(told)
        ),
    )  # fmt: skip


END, LATER = "2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ([], None),
        ([("scheduled", {}, "s")], None),
        ([("scheduled", {"window_end_at": END}, "s")], END),
        ([("scheduled", {"window_end_at": END}, "s"), ("rescheduled", {"actor": "x"}, "m")], None),
        ([("scheduled", {}, "s"), ("rescheduled", {"window_end_at": END}, "m")], END),
        ([("scheduled", {"window_end_at": END}, "s"), ("rescheduled", {"first_due_at": END}, "s")], END),
        ([("scheduled", {"window_end_at": END}, "s"), ("rescheduled", {"returned": "skipped"}, "u")], END),
        (
            [("scheduled", {"window_end_at": END}, "s"), ("rescheduled", {"missed": "1", "window_end_at": LATER}, "s")],
            LATER,
        ),
        ([("scheduled", {"window_end_at": END}, "s"), ("rescheduled", {}, "mine"), ("due", {}, "mine")], END),
    ],
)
def test_the_window_is_that_of_the_latest_time_that_somebody_set_before_the_run(told, end):
    expected = None if end is None else instant(end)
    assert window_end_at(story(*told), before="mine") == expected
