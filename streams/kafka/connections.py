"""How Kafka's client connects: with secrets as they are at the time, and with errors that name their cause.

aiokafka keeps a password as it was at the start, and of what went wrong often says no more than "closed". All its
clients connect through one function, which is replaced by one from here, and show a token through one class.
"""

import socket
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.kafka.secret_files import SecretFile, without
from streams.kafka.tls import presents_certificate
from streams.kafka.tokens import TokenUnavailable
from streams.library_internals.aiokafka import connection as of_aiokafka
from streams.library_internals.aiokafka.protocol import MetadataRequest

PROBE_TIMEOUT_S = 3
PROTOCOLS = {
    (False, False): "PLAINTEXT",
    (False, True): "SASL_PLAINTEXT",
    (True, False): "SSL",
    (True, True): "SASL_SSL",
}
"""By whether a port speaks TLS, and whether it asks for a user."""

# OpenSSL's numbers of what is wrong with a certificate: X509_V_ERR_* in x509_vfy.h.
TOO_EARLY, EXPIRED, UNTRUSTED, OTHER_NAMES = 9, 10, (2, 18, 19, 20, 21), (62, 63, 64)
OF_OUR_CERTIFICATE = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR")
NOTHING_IN_COMMON = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "HANDSHAKE_FAILURE", "NO_SHARED_CIPHER")


class Trouble(NamedTuple):
    """Why a connection failed, and what cures it. known: False when the other side has only closed it.

    reached: something listens there and has answered, or has closed.
    """

    why: str
    cure: str = ""
    known: bool = True
    reached: bool = True

    def __str__(self) -> str:
        return f"{self.why}. {self.cure}" if self.cure else self.why


class ConnectionFailed(KafkaConnectionError):  # type: ignore[misc]  # aiokafka has no types.
    """A connection that was not made; the text is for the person who can cure it."""

    def __init__(self, host: str, port: int, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.host, self.port, self.trouble = host, port, trouble

    def __str__(self) -> str:
        return str(self.trouble)


async def connect(host: str, port: int, **options: Any) -> Any:
    """A connection to a broker, in the place of aiokafka's own function. Raises ConnectionFailed."""
    password = options.get("sasl_plain_password")
    if isinstance(password, SecretFile):
        options["sasl_plain_password"] = password.text()
    try:
        return await of_aiokafka.connect(host, port, **options)
    except (OSError, KafkaError) as error:
        raise ConnectionFailed(host, port, explain(error, host, port, options)) from error


def install() -> None:
    """Have every client of this process connect like this; harmless twice."""
    of_aiokafka.connect_through(connect)
    of_aiokafka.tell_why_refused()


def explain(error: BaseException, host: str, port: int, options: dict[str, Any]) -> Trouble:
    """What is behind an error of a connection, with the options that it was made with."""
    for one in _with_causes(error):
        trouble = _of_tls(one, f"{host}:{port}", options) or _of_sasl(one, f"{host}:{port}", options)
        if trouble := trouble or _of_network(one, host, port):
            return trouble
    return Trouble(f"{host}:{port} closed the connection and did not say why", known=False)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_tls(error: BaseException, where: str, options: dict[str, Any]) -> Trouble | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, where)
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError) or not error.reason:
        return None
    said = error.reason.replace("_", " ").lower()
    if "ALERT" in error.reason and any(word in error.reason for word in OF_OUR_CERTIFICATE):
        if presents_certificate(options.get("ssl_context")):
            return Trouble(f"{where} does not accept the certificate in tls_cert_file ({said})", "Renew or replace it")
        return Trouble(f"{where} asks for a client certificate ({said})", "Give tls_cert_file and tls_key_file")
    if any(word in error.reason for word in NOTHING_IN_COMMON):
        return Trouble(f"{where} and this machine have no version or cipher of TLS in common ({said})")
    # Anything else is what OpenSSL makes of bytes that are not TLS.
    return Trouble(f"what {where} answers is not TLS ({said})", known=False)


def _of_certificate(error: ssl.SSLCertVerificationError, where: str) -> Trouble:
    code, said = error.verify_code, error.verify_message.rstrip(".")
    whose = f"the certificate of {where}"
    if code == EXPIRED:
        return Trouble(f"{whose} has expired", "Renew it on the broker")
    if code == TOO_EARLY:
        return Trouble(f"{whose} is not valid yet", "Look at the clocks of both machines")
    if code in OTHER_NAMES:
        return Trouble(
            f"{whose} is for another name ({said})", "Connect by a name that stands in it, or have it renewed"
        )
    if code in UNTRUSTED:
        return Trouble(f"{whose} is signed by no authority that is trusted here ({said})", "Name it with tls_ca_file")
    return Trouble(f"{whose} is not accepted ({said})")


def _of_sasl(error: BaseException, where: str, options: dict[str, Any]) -> Trouble | None:
    mechanism = options.get("sasl_mechanism")
    if isinstance(error, TokenUnavailable):
        return Trouble(str(error), "Look at the settings that begin with oauth_")
    if isinstance(error, SaslAuthenticationFailed):
        said = " ".join(str(part) for part in error.args) or "authentication failed"
        said = without(said, options.get("sasl_plain_username"))
        cure = "the token" if mechanism == "OAUTHBEARER" else "sasl_username and sasl_password, or sasl_password_file"
        return Trouble(f"{where} does not accept this user ({said})", f"Check {cure}")
    if isinstance(error, UnsupportedSaslMechanismError):
        return Trouble(f"{where} does not offer {mechanism}", "Set sasl_mechanism to one that it does")
    if isinstance(error, IllegalSaslStateError):
        return _otherwise(where, str(options.get("security_protocol")), sasl=False)
    return None


def _of_network(error: BaseException, host: str, port: int) -> Trouble | None:
    where = f"{host}:{port}"
    if isinstance(error, socket.gaierror):
        return Trouble(f"the name {host} is not known ({error.strerror})", "Check it, and the DNS", reached=False)
    if isinstance(error, TimeoutError):
        return Trouble(f"{where} does not answer", known=False, reached=False)
    if isinstance(error, ConnectionRefusedError):
        return Trouble(f"{where} refuses connections: nothing listens there", reached=False)
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | ssl.SSLError):
        return Trouble(f"{where} cannot be reached ({error.strerror or error})", reached=False)
    return None


def _otherwise(where: str, protocol: str, *, tls: bool | None = None, sasl: bool | None = None) -> Trouble:
    """What a port wants, where it is not what `protocol` has."""
    wanted = PROTOCOLS[
        protocol.endswith("SSL") if tls is None else tls, protocol.startswith("SASL") if sasl is None else sasl
    ]  # fmt: skip
    return Trouble(f"{where} speaks {wanted}, not {protocol}", f"Set security_protocol to {wanted}")


async def ask_what_it_speaks(host: str, port: int, protocol: str) -> Trouble | None:
    """Try a port that has closed without a word in the ways that it was not tried in; None when it speaks `protocol`.

    Nothing secret is sent, so that a certificate need not be one that is trusted.
    """
    untrusting = ssl.create_default_context()
    untrusting.check_hostname, untrusting.verify_mode = False, ssl.CERT_NONE
    for tls in (not protocol.endswith("SSL"), protocol.endswith("SSL")):
        sasl = await _asks_for_user(host, port, untrusting if tls else None)
        if sasl is not None and PROTOCOLS[tls, sasl] != protocol:
            return _otherwise(f"{host}:{port}", protocol, tls=tls, sasl=sasl)
        if sasl is not None:
            return None
    return None


async def _asks_for_user(host: str, port: int, tls: ssl.SSLContext | None) -> bool | None:
    """Whether a broker that answers closes when it is asked before it knows who asks; None if it does not answer."""
    conn = of_aiokafka.AIOKafkaConnection(
        host,
        port,
        security_protocol="SSL" if tls else "PLAINTEXT",
        ssl_context=tls,
        request_timeout_ms=PROBE_TIMEOUT_S * 1000,
    )
    try:
        await conn.connect()
    except ssl.SSLError as error:
        # It speaks TLS well enough to ask for a certificate; whether for a user as well, nobody can know.
        return False if any(word in (error.reason or "") for word in OF_OUR_CERTIFICATE) else None
    except (OSError, KafkaError):
        return None
    try:
        await conn.send(MetadataRequest([]))
    except (OSError, KafkaError):
        return True
    finally:
        conn.close()
    return False
