"""A trial reads what the topics hold, finds what the simulator finds, and leaves no lines behind."""

import msgspec
import pytest

from streams.base.errors import OperatorError
from streams.base.settings import make
from streams.console.trial import work
from streams.console.trial.exported import Exported
from streams.console.trial.files import Asked, Files
from streams.console.trial.trials import Trials
from streams.console.why.what_if import what_if
from tests.builders import instant
from tests.console.web import morning, tried

NOW = instant("2026-11-23T15:00:00Z")


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path, "trial-1")


@pytest.fixture
def topics(monkeypatch):
    """What a Kafka would hold."""

    async def read(settings, lines, begin, until, progress):
        for offset, one in enumerate(morning.lines()):
            lines.put([Exported(one.topic, 0, offset, int(one.at.timestamp() * 1000), one.key, one.value)])
            progress("read", offset)

    monkeypatch.setattr(work, "read", read)
    monkeypatch.setattr(work, "_own_process", lambda _: None)


def run(files, change=tried.CHANGE, campaigns=()):
    asked = Asked(name=files.name, actor="kim", asked_at=NOW, change=change, until=tried.UNTIL, campaigns=campaigns)
    work.run(make(), files, asked)


def test_it_finds_what_the_simulator_finds_and_leaves_no_lines(files, topics):
    run(files)
    found = files.found()
    assert found == tried.found()
    assert found.changed == what_if(list(morning.lines()), tried.CHANGE.changes(), tried.UNTIL).changed
    assert sorted(path.name for path in files.folder.iterdir()) == ["trial-1.found", "trial-1.progress"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files.folder.iterdir())


def test_with_a_campaign_only_contacts_of_it_are_run(files, topics):
    run(files, campaigns=("autumn",))
    assert files.found().lines < tried.found().lines
    assert {one.campaign_id for one in files.found().by_campaign} == {"autumn"}


@pytest.mark.parametrize(
    ("error", "said"),
    [(OperatorError("there is no topic x"), "There is no topic x."), (KeyError("x"), "a mistake of ours")],
)
def test_a_failure_is_said_and_leaves_no_lines(files, topics, monkeypatch, error, said):
    async def fail(*_):
        raise error

    monkeypatch.setattr(work, "read", fail)
    run(files)
    assert said in files.failed()
    assert files.found() is None
    assert sorted(path.name for path in files.folder.iterdir()) == ["trial-1.failed"]


def test_a_trial_whose_process_is_gone_is_not_running(tmp_path):
    trials = Trials(make(console_dir=tmp_path))
    folder = tmp_path / "trials"
    folder.mkdir()
    asked = Asked(name="trial-1", actor="kim", asked_at=NOW, change=tried.CHANGE)
    Files(folder, "trial-1").keep_asked(msgspec.json.encode(asked))
    (trial,) = trials.all()
    assert trial.asked == asked and not trial.is_running and "ended before it was done" in trial.failed
    assert trials.trial("trial-2") is trials.trial("../trials/trial-1") is None
    trials.abort("trial-1")
    trials.close()
