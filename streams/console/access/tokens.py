"""The file of tokens: who may sign in with which one. It has hashes only.

A line is NAME ROLE HASH; HASH is `sha256:` and 64 hexadecimal digits. A token has 256 random bits, so that a fast hash
without salt is enough: there is no list of likely ones to try. Empty lines and lines that begin with # are skipped.
"""

import hashlib
import hmac
import logging
import re
import secrets
from pathlib import Path

from msgspec import Struct

from streams.base.console_settings import Role
from streams.base.errors import SettingsError

log = logging.getLogger(__name__)

PREFIX = "sha256:"
LINE = re.compile(r"(?P<name>[\w.@+-]{1,100})\s+(?P<role>\w+)\s+sha256:(?P<hash>[0-9a-f]{64})")
NAME = re.compile(r"[\w.@+-]{1,100}")


class Holder(Struct, frozen=True):
    """Whose token it is. token_hash: in hexadecimal digits."""

    name: str
    role: Role
    token_hash: str


def new_token(name: str, role: Role) -> tuple[str, str]:
    """A new token, and its line for the file."""
    token = secrets.token_urlsafe(32)
    return token, f"{name} {role} {PREFIX}{hashed(token)}"


def hashed(token: str) -> str:
    """The hash of a token, in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def read(path: Path) -> tuple[Holder, ...]:
    """Everybody in the file. Raises SettingsError with one line, without a value, if it cannot be read."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read console_token_file {path}: {type(error).__name__}") from None
    numbered = ((number, line.strip()) for number, line in enumerate(lines, 1))
    return tuple(_holder(path, number, line) for number, line in numbered if line and not line.startswith("#"))


def _holder(path: Path, number: int, line: str) -> Holder:
    found = LINE.fullmatch(line)
    if found is None or found["role"] not in list(Role):
        raise SettingsError(
            f"line {number} of console_token_file {path} should be NAME ROLE sha256:HASH, the role viewer, operator or "
            "admin. `ringback console --new-token NAME:ROLE` prints such a line"
        )
    return Holder(found["name"], Role(found["role"]), found["hash"])


class TokenFile:
    """The file as it is now: it is read again when it has changed, and a bad one lets nobody in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._holders: tuple[Holder, ...] = read(path)
        self._read_at = self._stamp()

    def holder(self, token: str) -> Holder | None:
        """Whose token it is. It is compared with all of them, each in constant time."""
        given = hashed(token)
        found = [holder for holder in self._now() if hmac.compare_digest(holder.token_hash, given)]
        return found[0] if found else None

    def named(self, name: str, token_hash_begins: str) -> Holder | None:
        """Who has that name and a token whose hash begins so; None once the line is gone."""
        fits = (one for one in self._now() if one.name == name and one.token_hash.startswith(token_hash_begins))
        return next(fits, None)

    def _now(self) -> tuple[Holder, ...]:
        stamp = self._stamp()
        if stamp != self._read_at:
            self._read_at = stamp
            try:
                self._holders = read(self._path)
            except SettingsError as error:
                log.error("%s. Nobody is let in by it until it is corrected", error)
                self._holders = ()
        return self._holders

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
