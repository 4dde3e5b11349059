"""The Do Not Call entries that one partition has written and not read back, each as a row of its own in its table.

A partition that changes hands forgets none of them: its new owner has them from the changelog, whatever stands open on
their topic. A row goes when its entry has been read back, with the next transaction of the partition.
Source: docs/decisions/0031-appends-are-kept.md.
"""

from collections.abc import Iterable, MutableMapping

from streams.logic.contact.effects import DncAppended, Effect
from streams.logic.contact.exchange import Outcome
from streams.logic.dnc.lists import DncLists
from streams.logic.partition.own_rows import APPENDED_KEY, appended_key, decode_appended
from topics.configuration import DncEntry


class Appends:
    """Of one partition; what it holds in `lists` holds for this worker at once."""

    def __init__(self, number: int, lists: DncLists) -> None:
        self._number = number
        self._lists = lists
        self._found: dict[bytes, DncEntry] = {}
        self._rows: dict[int, bytes] = {}

    def find(self, key: bytes, row: bytes) -> None:
        """A row that is no contact's was there when the partition was acquired. Raises UnknownRowVersion."""
        if key.startswith(APPENDED_KEY):
            self._found[key] = decode_appended(row)

    def take_over(self) -> bool:
        """Let hold what was found; returns whether there is anything. The configuration has been read before this.

        An acquisition that was cut off does it again: what was found stands until the first transaction.
        """
        self._rows = self._lists.take_over(self._number, self._found)
        return bool(self._rows)

    def append(self, effects: Iterable[Effect]) -> None:
        """Let hold what a step has written, together with its rows."""
        for effect in effects:
            if isinstance(effect, DncAppended):
                self._rows[self._lists.append(effect.entry, self._number)] = appended_key(effect.entry)

    def read_back(self, table: MutableMapping[bytes, bytes]) -> Outcome:
        """Remove the rows of what has been read back since this was asked last, in each transaction."""
        self._found = {}
        outcome = Outcome()
        for key in self._lists.appended.read_back(self._number) if self._rows else ():
            if (row_key := self._rows.pop(key, None)) is not None:
                table.pop(row_key, None)
                outcome.writes[row_key] = None
        return outcome
