"""Files of keys and of evidence: read, with what is wrong in one line, and written for their owner alone."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from streams.base.errors import OperatorError
from streams.evidence.keys import UnusableKey, private_key, public_key

Key = TypeVar("Key")


def private_key_of(path: Path) -> Ed25519PrivateKey:
    """The key that signs. Others who can read it are warned of. Raises OperatorError."""
    key = _usable(path, private_key)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        click.echo(f"warning: others can read {path} and sign in your name; run: chmod 600 {path}", err=True)
    return key


def public_key_of(path: Path) -> Ed25519PublicKey:
    """The key of whoever must have signed. Raises OperatorError."""
    return _usable(path, public_key)


def _usable(path: Path, read: Callable[[bytes], Key]) -> Key:
    try:
        return read(read_bytes(path))
    except UnusableKey as error:
        raise OperatorError(f"{path} cannot be used: {error}") from None


def read_bytes(path: Path) -> bytes:
    """A file whole. Raises OperatorError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from None


def write(path: Path, data: bytes) -> None:
    """Write a file that its owner alone can read. Raises OperatorError."""
    try:
        # It has a phone number and what is known of it.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from None
