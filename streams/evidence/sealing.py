"""A file of evidence: its content, and on the last line a detached JSON Web Signature of every byte before that line.

The payload is not encoded (`b64` is false), so the file stays readable, and openssl verifies it as well as any library
of JSON Web Signatures does. Source: RFC 7515, appendix F; RFC 7797; RFC 8037; RFC 9864.
"""

import json
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from streams.evidence.keys import base64url, fingerprint, from_base64url, from_raw, raw_of, signed_by

ALGORITHM = "Ed25519"
_HTML = (b"<!-- ringback-evidence-signature: ", b" -->\n")
_JSON = (b'{"ringback-evidence-signature":"', b'"}\n')
_LAYOUTS = (_HTML, _JSON)


class NotSealed(Exception):
    """The bytes are no file of evidence, or not all of one. The message says why."""


class Sealed(NamedTuple):
    """A file that was taken apart. content: all bytes before the last line. key: that the signature names."""

    content: bytes
    header: str
    signature: bytes
    key: Ed25519PublicKey

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return self.header.encode() + b"." + self.content

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the content is as this key signed it."""
        return signed_by(key, self.signature, self.message)


def seal(content: bytes, key: Ed25519PrivateKey, *, as_html: bool) -> bytes:
    """The file: the content, and its signature. The same content and key give the same bytes."""
    assert content.endswith(b"\n"), "the signature has a line of its own"
    header = base64url(_header(key.public_key()))
    signature = base64url(key.sign(header.encode() + b"." + content))
    before, after = _HTML if as_html else _JSON
    return content + before + f"{header}..{signature}".encode() + after


def unseal(data: bytes) -> Sealed:
    """Take a file apart; that says nothing of its signature yet. Raises NotSealed."""
    begin = data.rfind(b"\n", 0, max(len(data) - 1, 0)) + 1
    content, line = data[:begin], data[begin:]
    token = next((line[len(before) : -len(after)] for before, after in _LAYOUTS if _fits(line, before, after)), None)
    if not content or token is None:
        raise NotSealed("its last line is no signature: it is cut off, changed, or no file of evidence")
    try:
        header, empty, signature = token.decode("ascii").split(".")
        fields = json.loads(from_base64url(header))
        raw = from_base64url(fields["jwk"]["x"])
        key = from_raw(raw)
        if empty or base64url(_header(key)) != header:
            raise ValueError("it has another header")
        return Sealed(content, header, from_base64url(signature), key)
    except (ValueError, KeyError, TypeError):
        raise NotSealed(
            "the signature on its last line cannot be read: it was changed, or a newer version made it"
        ) from None


def _fits(line: bytes, before: bytes, after: bytes) -> bool:
    return line.startswith(before) and line.endswith(after) and len(line) > len(before) + len(after)


def _header(key: Ed25519PublicKey) -> bytes:
    fields: dict[str, Any] = {
        "alg": ALGORITHM,
        "b64": False,
        "crit": ["b64"],
        "jwk": {"crv": "Ed25519", "kty": "OKP", "x": base64url(raw_of(key))},
        "kid": fingerprint(key),
    }
    return json.dumps(fields, separators=(",", ":")).encode()
