"""A secret that lies in a file, as Docker, Kubernetes and systemd hand it over: read whenever it is needed."""

import logging
import re
from pathlib import Path

from streams.base.errors import SettingsError

log = logging.getLogger(__name__)


def without(text: str, *ours: str | None) -> str:
    """The text of another side without what we sent it: it may quote a user, and a secret may be there by mistake."""
    pattern = "|".join(re.escape(one) for one in sorted(filter(None, ours), key=len, reverse=True))
    return re.sub(rf"(?<!\w)({pattern})(?!\w)", "(set)", text) if pattern else text


class SecretFile:
    """The text of a file without the end of its last line; `setting` is the name under which its `path` was given.

    Making it reads it. Raises SettingsError when it cannot be read, is not text, or is empty.
    """

    def __init__(self, setting: str, path: Path) -> None:
        self._setting = setting
        self.path = path
        self._text = self._read()

    def __repr__(self) -> str:
        return f"SecretFile({self._setting})"

    def text(self) -> str:
        """What it holds now; what it held before if it cannot be read at the moment, as in the middle of a change."""
        try:
            self._text = self._read()
        except SettingsError as error:
            log.warning("%s: what was read before stays in use", error)
        return self._text

    def _read(self) -> str:
        where = f"setting {self._setting}: the file {self.path}"
        try:
            text = self.path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            raise SettingsError(f"{where} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SettingsError(f"{where} is not UTF-8") from None
        if not text:
            raise SettingsError(f"{where} is empty")
        return text
