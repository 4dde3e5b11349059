"""Where runs are kept: a SQLite file of their own, since what people did cannot be read from the topics again.

Every call opens a connection, so several threads and processes may use one file; only `sole` keeps two from sending.
"""

import fcntl
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from streams.base.errors import OperatorError
from streams.console.actions.erasing import ErasedAt, forget_contacts
from streams.console.actions.model import Letter, Meant, NotAllowed, Outcome, Refusal, Run, RunState
from streams.console.actions.stored import encoded, instant_of, outcome_of, row_of, run_of, text_of, what_of

FILE = "actions.sqlite"
VERSION = 1
WAIT_S = 30.0
ROWS_AT_ONCE = 5000
LOOKS, LOOK_S = 3, 0.02
"""Whoever only looks whether a run is being sent has its lock for a moment."""
_SCHEMA = """
create table if not exists runs (
  name text primary key, action blob not null, selected blob not null, via text not null, state text not null,
  undoes text, planned_at text not null, asked_at text, ended_at text, meant integer not null default 0,
  sent integer not null default 0, abort_asked_by text
);
create table if not exists items (
  run text not null, number integer not null, kind text not null, body blob not null, contact_list_id text,
  contact_id text, callback_id text, place text, outcome text, why text, primary key (run, number)
) without rowid;
create index if not exists items_by_callback on items (callback_id, contact_id) where callback_id is not null;
create index if not exists items_by_place on items (place) where place is not null;
create index if not exists items_by_outcome on items (run, outcome, number);
"""
_COUNTED = """select r.*,
  (select count(*) from items i where i.run = r.name and i.outcome = 'applied') as applied,
  (select count(*) from items i where i.run = r.name and i.outcome = 'refused') as refused from runs r"""


_CHANGES = {
    "state": "update runs set state = ? where name = ?",
    "sent": "update runs set sent = ? where name = ?",
    "asked_at": "update runs set asked_at = ? where name = ?",
    "ended_at": "update runs set ended_at = ? where name = ?",
    "abort_asked_by": "update runs set abort_asked_by = ? where name = ?",
}


class RunStore:
    """The runs of one folder. Raises OperatorError when the file is of another version of Ringback."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._path = folder, folder / FILE
        with self._open() as connection:
            (version,) = connection.execute("pragma user_version").fetchone()
            if version not in (0, VERSION):
                raise OperatorError(f"{self._path} is of another version of Ringback. Use that, or another folder")
            connection.executescript(f"pragma journal_mode = wal; {_SCHEMA} pragma user_version = {VERSION};")
        self._path.chmod(0o600)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=WAIT_S)) as connection:
            connection.row_factory = sqlite3.Row
            with connection:
                yield connection

    @contextmanager
    def sole(self, name: str) -> Iterator[None]:
        """Keep every other process from sending this run. Raises NotAllowed when one does already."""
        with (self._folder / f"{name}.run").open("w") as lock:
            for left in reversed(range(LOOKS)):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if not left:
                        raise NotAllowed(f"run {name} is being sent already") from None
                    time.sleep(LOOK_S)
            yield

    def is_being_sent(self, name: str) -> bool:
        """Whether a process sends it at this moment."""
        try:
            with self.sole(name):
                return False
        except NotAllowed:
            return True

    def add(self, run: Run, whats: Iterable[Meant | Letter]) -> int:
        """Keep a new run and what it is about; returns how many that is. Raises NotAllowed for a name in use."""
        values = (run.name, encoded(run.action), encoded(run.selected), run.via, run.state)
        with self._open() as connection:
            try:
                connection.execute(
                    "insert into runs (name, action, selected, via, state, undoes, planned_at) values (?,?,?,?,?,?,?)",
                    (*values, run.undoes, text_of(run.planned_at)),
                )
            except sqlite3.IntegrityError:
                raise NotAllowed(f"there is a run {run.name} already") from None
            count, rows = 0, iter(whats)
            while chunk := list(islice(rows, ROWS_AT_ONCE)):
                connection.executemany(
                    "insert into items (run, number, kind, body, contact_list_id, contact_id, callback_id, place)"
                    " values (?,?,?,?,?,?,?,?)",
                    [row_of(run.name, count + at, what) for at, what in enumerate(chunk)],
                )
                count += len(chunk)
            connection.execute("update runs set meant = ? where name = ?", (count, run.name))
        return count

    def forget(self, name: str) -> None:
        """Remove a run, as one that was planned and never asked for."""
        with self._open() as connection:
            connection.execute("delete from items where run = ?", (name,))
            connection.execute("delete from runs where name = ?", (name,))
        (self._folder / f"{name}.run").unlink(missing_ok=True)

    def forget_contacts(self, erased_at: ErasedAt) -> int:
        """Remove what runs were about of contacts that were erased after that; returns how many items that was."""
        with self._open() as connection:
            return forget_contacts(connection, erased_at)

    def run(self, name: str) -> Run | None:
        """A run by its name."""
        found = self._runs(f"{_COUNTED} where r.name = ?", (name,))
        return found[0] if found else None

    def runs(self, limit: int = 100) -> tuple[Run, ...]:
        """The latest runs first."""
        return self._runs(f"{_COUNTED} order by r.planned_at desc, r.name limit ?", (limit,))

    def planned_before(self, at: datetime) -> tuple[str, ...]:
        """Names of runs that were planned before then, and never asked for."""
        query = f"{_COUNTED} where r.state = ? and r.planned_at < ?"
        return tuple(run.name for run in self._runs(query, (RunState.PLANNED, text_of(at))))

    def about(self, callback_id: str, contact_id: str) -> tuple[tuple[Run, Outcome | None, str | None], ...]:
        """What was asked of a callback, the latest first, with what became of it; not what was not sent yet."""
        query = (
            "select i.run, i.number, i.outcome, i.why from items i join runs r on r.name = i.run"
            " where i.callback_id = ? and i.contact_id = ? and i.number < r.sent order by r.asked_at desc limit 100"
        )
        with self._open() as connection:
            rows = connection.execute(query, (callback_id, contact_id)).fetchall()
        found = ((self.run(row["run"]), row) for row in rows)
        return tuple((run, outcome_of(row["outcome"]), row["why"]) for run, row in found if run is not None)

    def replayed(self, places: Iterable[str]) -> dict[str, datetime]:
        """When what stood at these places was sent anew last, of those that were."""
        query = (
            "select max(r.asked_at) as at from items i join runs r on r.name = i.run where i.place = ?"
            " and i.number < r.sent"
        )
        with self._open() as connection:
            found = ((place, connection.execute(query, (place,)).fetchone()["at"]) for place in places)
            return {place: instant_of(at) for place, at in found if at is not None}

    def _runs(self, query: str, values: Sequence[Any]) -> tuple[Run, ...]:
        with self._open() as connection:
            return tuple(run_of(row) for row in connection.execute(query, values).fetchall())

    def note(self, name: str, **values: object) -> None:
        """Change columns of a run: `state`, `sent`, `asked_at`, `ended_at`, `abort_asked_by`."""
        with self._open() as connection:
            for column, value in values.items():
                text = text_of(value) if isinstance(value, datetime) else value
                connection.execute(_CHANGES[column], (text, name))

    def abort_asked_by(self, name: str) -> str | None:
        """Who has asked that it be aborted."""
        with self._open() as connection:
            row = connection.execute("select abort_asked_by from runs where name = ?", (name,)).fetchone()
        return row["abort_asked_by"] if row else None

    def whats(self, name: str, begin: int, limit: int) -> list[Meant | Letter]:
        """What a run is about, from a number on."""
        query = "select kind, body from items where run = ? and number >= ? order by number limit ?"
        with self._open() as connection:
            return [what_of(row) for row in connection.execute(query, (name, begin, limit)).fetchall()]

    def undecided(self, name: str, begin: int, limit: int) -> list[tuple[int, Meant | Letter]]:
        """What was sent and the worker has said nothing about yet, with its number, from a number on."""
        query = (
            "select i.number, i.kind, i.body from items i join runs r on r.name = i.run where i.run = ?"
            " and i.outcome is null and i.number >= ? and i.number < r.sent order by i.number limit ?"
        )
        with self._open() as connection:
            return [(row["number"], what_of(row)) for row in connection.execute(query, (name, begin, limit)).fetchall()]

    def decide(self, name: str, found: Iterable[tuple[int, Outcome, str | None]]) -> None:
        """Note what became of some, by their numbers."""
        rows = [(outcome, why, name, number) for number, outcome, why in found]
        with self._open() as connection:
            connection.executemany("update items set outcome = ?, why = ? where run = ? and number = ?", rows)

    def applied(self, name: str) -> Iterator[Meant | Letter]:
        """What was applied, in its order."""
        begin = 0
        query = (
            "select number, kind, body from items where run = ? and outcome = 'applied' and number >= ?"
            " order by number limit ?"
        )
        while True:
            with self._open() as connection:
                rows = connection.execute(query, (name, begin, ROWS_AT_ONCE)).fetchall()
            if not rows:
                return
            yield from map(what_of, rows)
            begin = rows[-1]["number"] + 1

    def refusals(self, name: str, limit: int) -> tuple[Refusal, ...]:
        """What was refused, and why."""
        query = "select kind, body, why from items where run = ? and outcome = 'refused' order by number limit ?"
        with self._open() as connection:
            rows = connection.execute(query, (name, limit)).fetchall()
        return tuple(Refusal(what=what_of(row), why=row["why"] or "") for row in rows)

    def refused_by_why(self, name: str) -> dict[str, int]:
        """How many were refused for each cause, the most frequent first."""
        query = (
            "select why, count(*) as many from items where run = ? and outcome = 'refused'"
            " group by why order by many desc, why"
        )
        with self._open() as connection:
            return {row["why"] or "": row["many"] for row in connection.execute(query, (name,)).fetchall()}
