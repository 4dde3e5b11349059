"""Do Not Call lists. Source: docs/rules.md, section 3 and section 8 row 22."""

from topics.codec import BadEvent, ErrorCode, decode, value_key
from topics.configuration import DncEntry


class DncLists:
    """The entries of all lists, as read so far, and those of our own that have not been read back."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], DncEntry] = {}
        self._appended: dict[tuple[str, str], DncEntry] = {}

    def find(self, dnc_list_id: str, phone_number: str) -> DncEntry | None:
        """The entry of a number, expired or not."""
        key = (dnc_list_id, phone_number)
        return self._appended.get(key) or self._entries.get(key)

    def append(self, entry: DncEntry) -> None:
        """Let an entry hold at once, before it is read back."""
        self._appended[entry.dnc_list_id, entry.phone_number] = entry

    def take(self, key: bytes | None, value: bytes | None, offset: int) -> None:
        """One record of the topic, in the order of offsets. Raises BadEvent."""
        if key is None:
            raise BadEvent(ErrorCode.WRONG_KEY, "$", "There is no key")
        if value is None:
            dnc_list_id, _, number = key.decode().rpartition("|")
            self._entries.pop((dnc_list_id, number), None)
            return
        entry = decode("dnc-entries", value)
        assert isinstance(entry, DncEntry)
        if value_key("dnc-entries", entry).encode() != key:
            raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key does not match the value")
        at = (entry.dnc_list_id, entry.phone_number)
        self._entries[at] = entry
        if self._appended.get(at) == entry:
            del self._appended[at]
