"""Seals: short signed texts for cookies and forms, so that the console keeps no table of sessions.

The key is in the console's folder, for its user alone: sessions outlive a restart. Without the file all are over.
"""

import base64
import hashlib
import hmac
import os
import secrets
from datetime import datetime
from pathlib import Path

KEY_BYTES = 32
KEY_FILE = "seal-key"


def key_in(folder: Path) -> bytes:
    """The key of this folder; made if there is none."""
    path = folder / KEY_FILE
    if path.exists() and len(kept := path.read_bytes()) == KEY_BYTES:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    part = path.with_name(f"{KEY_FILE}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    part.replace(path)
    return key


class Seals:
    """Makes and checks seals with one key. purpose: a seal for one counts for no other."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, purpose: str, text: str, until: datetime) -> str:
        """The text, with the instant until which it counts, signed."""
        body = base64.urlsafe_b64encode(f"{int(until.timestamp())}|{text}".encode()).decode().rstrip("=")
        return f"{body}.{self.mark(purpose, body)}"

    def opened(self, purpose: str, sealed: str, now: datetime) -> str | None:
        """The text of a seal; None if it is not ours, or its time is over."""
        body, _, mark = sealed.partition(".")
        if not hmac.compare_digest(mark.encode(), self.mark(purpose, body).encode()):
            return None
        until, _, text = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().partition("|")
        return text if int(until) > now.timestamp() else None

    def mark(self, purpose: str, text: str) -> str:
        """What only the holder of the key can say of a text."""
        return hmac.new(self._key, f"{purpose}|{text}".encode(), hashlib.sha256).hexdigest()

    def fits(self, purpose: str, text: str, mark: str) -> bool:
        """Whether that is the mark of the text; compared in constant time."""
        return hmac.compare_digest(self.mark(purpose, text).encode(), mark.encode())
