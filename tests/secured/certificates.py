"""Certificates for tests, made anew each time in a temporary folder: authorities, brokers' and clients'."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Pair:
    """A certificate with its chain, and its key, as PEM files. both: the two in one, as Kafka wants it."""

    cert: Path
    key: Path
    both: Path


class Authority:
    """One that signs; `file` is its own certificate."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._ca = trustme.CA(organization_name=name)
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        self.file = self._folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, identity: str = HOST, *, expired: bool = False, password: bytes | None = None) -> Pair:
        """A certificate for `identity`, with `name` as its common name; its key is encrypted with `password`."""
        since = datetime.now(UTC) - timedelta(days=2)
        until = since + timedelta(days=1 if expired else 30)
        issued = self._ca.issue_cert(identity, common_name=name, not_before=since, not_after=until)
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        how: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
        key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
        pair = Pair(*(self._folder / f"{name}{end}" for end in (".crt", ".key", ".pem")))
        pair.cert.write_bytes(chain)
        pair.key.write_bytes(key_pem)
        pair.both.write_bytes(key_pem + chain)
        return pair
