"""Ed25519 keys from the bytes of files, and what they are called: PEM as openssl writes it, or OpenSSH's own.

Source: RFC 8032 (Ed25519), RFC 8410 (its PEM files).
"""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

_OPENSSH_PRIVATE = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_OPENSSH_PUBLIC = b"ssh-"
_ENCRYPTED = b"ENCRYPTED"
MAKE = "make one with: openssl genpkey -algorithm ed25519 -out evidence-key.pem"
MAKE_PUBLIC = "openssl pkey -in evidence-key.pem -pubout -out evidence-public.pem"


class UnusableKey(Exception):
    """A file is no key that can be used. The message says why, and what to do; no part of the key is in it."""


def private_key(data: bytes) -> Ed25519PrivateKey:
    """The private key in a file. Raises UnusableKey."""
    if data.lstrip().startswith((b"-----BEGIN PUBLIC KEY", _OPENSSH_PUBLIC)):
        raise UnusableKey(f"it is a public key, and the private one is needed; {MAKE}")
    is_openssh = data.lstrip().startswith(_OPENSSH_PRIVATE)
    try:
        key = (load_ssh_private_key if is_openssh else load_pem_private_key)(data, password=None)
    except TypeError:
        raise UnusableKey(_encrypted()) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        if _ENCRYPTED in data or "password" in str(error).lower():
            raise UnusableKey(_encrypted()) from None
        raise UnusableKey(f"it is no private key in PEM; {MAKE}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey(f"its type is {_type_of(key)}, and evidence is signed with Ed25519; {MAKE}")
    return key


def public_key(data: bytes) -> Ed25519PublicKey:
    """The public key in a file; of a private key, its public one. Raises UnusableKey."""
    if b"PRIVATE KEY-----" in data:
        return private_key(data).public_key()
    try:
        is_openssh = data.lstrip().startswith(_OPENSSH_PUBLIC)
        key = (load_ssh_public_key if is_openssh else load_pem_public_key)(data.lstrip())
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey(f"it is no public key in PEM; make it with: {MAKE_PUBLIC}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableKey(f"its type is {_type_of(key)}, and evidence is signed with Ed25519")
    return key


def raw_of(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def from_raw(raw: bytes) -> Ed25519PublicKey:
    """The public key of 32 bytes. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(raw)


def pem_of(key: Ed25519PublicKey) -> bytes:
    """The public key as a file that openssl reads."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """What to compare keys by: SHA-256 of the public key in DER, in hexadecimal digits."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def signed_by(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature of a message was made with the key."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def base64url(data: bytes) -> str:
    """As JSON Web Signatures have it: without padding. Source: RFC 7515, section 2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of such a text, of which there is one for each. Raises ValueError for every other text."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64url(data) != text:
        raise ValueError("it is not as it would be written")
    return data


def _encrypted() -> str:
    return (
        "it is encrypted, and nobody is asked for a passphrase here; decrypt it to a file that only you can read: "
        "openssl pkey -in KEY -out evidence-key.pem"
    )


def _type_of(key: object) -> str:
    return type(key).__name__.lstrip("_").removesuffix("PrivateKey").removesuffix("PublicKey")
