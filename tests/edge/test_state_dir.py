"""One worker at a time has a folder of state."""

from pathlib import Path

import pytest

from streams.errors import OperatorError
from streams.state_dir import held


def test_a_second_worker_on_one_folder_is_refused_and_gets_it_when_the_first_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    refused = pytest.raises(OperatorError, match=r"another worker has its state in .*state\. Give each")
    with held(folder), refused, held(folder):
        pass
    with held(folder):
        pass


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = pytest.raises(OperatorError, match=r"nothing can be written to .*Not a directory.*RINGBACK_STORE=memory")
    with refused, held(tmp_path / "file" / "state"):
        pass


def test_state_in_memory_needs_no_folder() -> None:
    with held(None):
        pass
