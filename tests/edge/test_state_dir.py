"""One worker at a time has a folder of state, and nobody else can read it."""

import os
import stat
from pathlib import Path

import pytest

from streams.base.errors import OperatorError
from streams.storage.state_dir import held


def modes(folder: Path) -> dict[str, str]:
    """The rights to the folder and to everything in it."""
    paths = (folder, *folder.rglob("*"))
    return {path.name: oct(stat.S_IMODE(path.lstat().st_mode)) for path in paths if not path.is_symlink()}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder of state as version 0.2.0 left it."""
    folder = tmp_path / "state"
    (folder / "contacts-0").mkdir(parents=True)
    (folder / "contacts-1.bad").mkdir()
    for name in ("lock", "contacts-0/000004.sst", "contacts-0/CURRENT", "dnc-entries.snapshot", "dnc-entries.bad"):
        (folder / name).write_text("state")
        (folder / name).chmod(0o644)
    for path in (folder, folder / "contacts-0", folder / "contacts-1.bad"):
        path.chmod(0o755)
    return folder


def test_a_second_worker_on_one_folder_is_told_what_to_give_it_and_gets_the_folder_when_the_first_is_gone(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "new" / "state"
    with held(folder), pytest.raises(OperatorError) as refused, held(folder):
        pass
    assert f"another worker has its state in {folder}. Give this one" in str(refused.value)
    assert "--state-dir" in str(refused.value) and "--metrics-port 0" in str(refused.value)
    with held(folder):
        pass


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = pytest.raises(OperatorError, match=r"cannot write to .*Not a directory.*RINGBACK_STORE=memory")
    with refused, held(tmp_path / "file" / "state"):
        pass


def test_a_folder_that_cannot_be_looked_into_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refused)
    with (
        pytest.raises(OperatorError, match=r"cannot read .*\(Permission denied\).*--state-dir"),
        held(tmp_path),
    ):
        pass


def test_state_in_memory_needs_no_folder() -> None:
    with held(None):
        pass


def test_what_a_worker_makes_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    before = os.umask(0)
    try:
        with held(folder):
            (folder / "contacts-0").mkdir()
            (folder / "contacts-0" / "000004.sst").write_text("state")
        assert modes(folder) == {"state": "0o700", "lock": "0o600", "contacts-0": "0o700", "000004.sst": "0o600"}
        (tmp_path / "afterwards").write_text("")
        assert modes(tmp_path / "afterwards") == {"afterwards": "0o666"}
    finally:
        os.umask(before)


def test_an_older_state_that_others_could_read_is_closed_to_them(state: Path) -> None:
    with held(state):
        found = modes(state)
    folders = ("state", "contacts-0", "contacts-1.bad")
    assert len(found) == 8
    assert found == {name: "0o700" if name in folders else "0o600" for name in found}


def test_a_folder_with_other_things_in_it_stays_open_and_so_do_they(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody may name his home, or /srv; only what is ours is ours to close."""
    (state / "of-somebody").mkdir(mode=0o755)
    (state / "of-somebody" / "else").write_text("x")
    (state / "of-somebody" / "else").chmod(0o644)
    with held(state):
        found = modes(state)
    assert (found["state"], found["of-somebody"], found["else"]) == ("0o755", "0o755", "0o644")
    assert (found["contacts-0"], found["000004.sst"], found["lock"]) == ("0o700", "0o600", "0o600")
    (line,) = caplog.messages
    assert f"other users can read the folder {state}" in line and "other things are in it" in line


def test_a_folder_that_everybody_may_write_to_is_not_taken_from_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o1777)
    with held(folder):
        assert modes(folder) == {"state": "0o1777", "lock": "0o600"}
    assert "other users can read the folder" in caplog.text


def test_a_volume_that_belongs_to_somebody_else_is_used_and_what_is_in_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As with a group of Kubernetes' own: the folder is root's, and the group may write to it."""

    def refused(file: int, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o2775)
    monkeypatch.setattr(os, "fchmod", refused)
    with held(folder):
        (folder / "contacts-0").mkdir()
        assert modes(folder)["contacts-0"] in ("0o700", "0o2700")
    (line,) = caplog.messages
    assert f"other users can read the folder {folder}, and this worker cannot change that." in line


@pytest.mark.parametrize("inside", [True, False], ids=["to a file", "to nothing"])
def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_is_as_before(tmp_path: Path, inside: bool) -> None:
    folder, target = tmp_path / "state", tmp_path / "target"
    folder.mkdir()
    if inside:
        target.write_text("precious")
    (folder / "lock").symlink_to(target)
    with pytest.raises(OperatorError, match=r"state/lock should be the lock file.*Remove it"), held(folder):
        pass
    assert target.exists() == inside and (not inside or target.read_text() == "precious")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_lock_that_is_no_file_is_refused(tmp_path: Path, make) -> None:
    make(tmp_path / "lock")
    with pytest.raises(OperatorError, match=r"lock should be the lock file"), held(tmp_path):
        pass


def test_a_lock_keeps_what_it_holds(state: Path) -> None:
    """A hard link cannot be told from the file: nothing is cut off it, and its rights are left alone."""
    (state / "lock").unlink()
    (state.parent / "target").write_text("precious")
    (state.parent / "target").chmod(0o644)
    os.link(state.parent / "target", state / "lock")
    with held(state):
        pass
    assert (state.parent / "target").read_text() == "precious"
    assert modes(state.parent / "target") == {"target": "0o644"}


def test_rights_are_not_taken_through_links(state: Path) -> None:
    other = state.parent / "other"
    other.mkdir()
    (other / "file").write_text("x")
    for path, mode in ((other, 0o755), (other / "file", 0o644)):
        path.chmod(mode)
    (state / "contacts-2").symlink_to(other)
    (state / "contacts-0" / "LOG").symlink_to(other / "file")
    with held(state):
        pass
    assert modes(other) == {"other": "0o755", "file": "0o644"}
