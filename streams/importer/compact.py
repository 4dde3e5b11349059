"""What has to be remembered of all lines at once, in eight bytes a line.

numpy is loaded when the lines have been read.
"""

from array import array
from collections.abc import Iterable, Iterator

from streams.importer.kinds import Message
from streams.logic.contact.limits import REMEMBERED_MAX


class Entries:
    """The numbers of a Do Not Call list that is to become exactly what the files say."""

    def __init__(self) -> None:
        self._numbers = array("Q")

    def __len__(self) -> int:
        return len(self._numbers)

    def note(self, message: Message) -> None:
        """Remember the number of an entry."""
        self._numbers.append(int(message.key.rpartition(b"+")[2]))

    def gone(self, there: Iterable[str]) -> list[str]:
        """Those of the numbers that are on the list now which no line has."""
        import numpy as np

        known = np.fromiter((int(number[1:]) for number in there), dtype=np.uint64)
        gone = np.setdiff1d(known, np.frombuffer(self._numbers, dtype=np.uint64))
        return [f"+{number}" for number in gone.tolist()]


class Calls:
    """How many past calls each contact has in the files."""

    def __init__(self) -> None:
        self._contacts = array("q")

    def note(self, message: Message) -> None:
        """Count a call of a contact."""
        self._contacts.append(hash(message.key))

    def crowded(self) -> int:
        """Contacts with more calls than a contact remembers the ids of."""
        import numpy as np

        _, counts = np.unique(np.frombuffer(self._contacts, dtype=np.int64), return_counts=True)
        return int((counts > REMEMBERED_MAX).sum())


def tombstones(dnc_list_id: str, numbers: Iterable[str]) -> Iterator[tuple[bytes, None]]:
    """The records that take these numbers from a list."""
    for number in numbers:
        yield f"{dnc_list_id}|{number}".encode(), None
