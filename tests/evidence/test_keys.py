"""Keys from files: those that can be used are, and of the others it is said why not, and what to do."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from streams.evidence.keys import UnusableKey, fingerprint, from_base64url, pem_of, private_key, public_key

KEY = Ed25519PrivateKey.generate()
LOCKED = BestAvailableEncryption(b"secret")
OPENSSH_LOCKED = b"""-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCzkC6ErX
6aJyyvNq+toUYBAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAICUsuJdjbQ/gtiVL
EKzaKakBByPKyq79RgwcM/0hCr5fAAAAkEmDR1Hu2Z6y9xXWElL3C8SX66mJtfHrP/7rl2
EgvY0JzVHRPZH2HYCQLixBv8a+bKwm0A1jMYOY5wbzpiC5FACKy4HaAPXIGtTRbPqbIqTO
H1hvEQMr0TYyLIW7+hz4fV9rnB2++uuoLtxmekbW6fxazZnkig2sPdhOWQULu1w+Kg21mZ
+Bhr6wh81a1c6yzQ==
-----END OPENSSH PRIVATE KEY-----
"""
"""Of `ssh-keygen -t ed25519 -N secret`; it has signed nothing."""


def pem(key, form=PrivateFormat.PKCS8, lock=None):
    return key.private_bytes(Encoding.PEM, form, lock or NoEncryption())


def rsa_public():
    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.OpenSSH])
def test_a_private_key_of_openssl_or_openssh_can_be_used(form):
    found = private_key(pem(KEY, form))
    assert fingerprint(found.public_key()) == fingerprint(KEY.public_key())


def test_a_public_key_may_be_of_openssl_of_openssh_or_within_the_private_one():
    openssh = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    for data in (pem_of(KEY.public_key()), openssh, openssh + b" officer@example\n", pem(KEY)):
        assert fingerprint(public_key(data)) == fingerprint(KEY.public_key())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pem(rsa.generate_private_key(65537, 2048)), "its type is RSA, and evidence is signed with Ed25519"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "its type is EC"),
        (pem(KEY, lock=LOCKED), "it is encrypted"),
        (OPENSSH_LOCKED, "it is encrypted"),
        (pem_of(KEY.public_key()), "it is a public key"),
        (b"", "it is no private key in PEM"),
        (b"hello", "it is no private key in PEM"),
        (pem(KEY)[:-30], "it is no private key in PEM"),
        (b"\xff\x00" * 40, "it is no private key in PEM"),
    ],
)
def test_of_a_private_key_that_cannot_be_used_it_is_said_why(data, why):
    with pytest.raises(UnusableKey, match=why):
        private_key(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (rsa_public(), "its type is RSA"),
        (b"", "it is no public key"),
        (b"ssh-ed25519 AAAA", "it is no public key"),
        (pem(KEY, lock=LOCKED), "it is encrypted"),
    ],
)
def test_of_a_public_key_that_cannot_be_used_it_is_said_why(data, why):
    with pytest.raises(UnusableKey, match=why):
        public_key(data)


@pytest.mark.parametrize("text", ["AB", "A", "AA=", "AA==", "A A", "A+", "é", "AAB"])
def test_there_is_one_text_for_each_bytes(text):
    with pytest.raises(ValueError):
        from_base64url(text)
