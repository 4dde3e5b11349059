"""The TLS of a client of Kafka: certificates that are read again when their files change, and a close that is short.

asyncio and uvloop ask a context for one `wrap_bio` a connection, which is where both are done: nothing of Kafka's
client or of the event loop is replaced.
"""

import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from streams.base.errors import SettingsError
from streams.kafka.secret_files import SecretFile

log = logging.getLogger(__name__)


class Connection(ssl.SSLObject):
    """A TLS connection that says good-bye and does not wait for the answer.

    Nothing is cut off by that: Kafka's messages say how long they are, and what was asked has been answered or given
    up. A broker reads no good-bye while it holds back the answer to a fetch, and uvloop waits for 30 s, with all that
    waits for the client to be closed: docs/decisions/0033-secured-clusters.md.
    """

    def unwrap(self) -> None:
        """Send close_notify. Nobody asks for the plain connection that would be left over."""
        with suppress(ssl.SSLWantReadError):
            super().unwrap()


class Files(NamedTuple):
    """Where a client's TLS comes from; None: the system's authorities, no certificate of its own."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    key_password: SecretFile | str | None = None
    ca_setting: str = "tls_ca_file"


class Context(ssl.SSLContext):
    """What connections are made with: the files as they are at that moment.

    Made with `context_of`. A change that cannot be used, such as a certificate whose key has not been written yet, is
    logged, and the former files stay in use until it can.
    """

    _files: Files
    _inner: ssl.SSLContext
    _seen: list[tuple[int, ...] | None]

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """One connection of an event loop, of the files as they are now."""
        return self._now().wrap_bio(*args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """The same for one that blocks, as that of `urllib`."""
        return self._now().wrap_socket(*args, **kwargs)

    def _now(self) -> ssl.SSLContext:
        seen = _states(self._files)
        if seen != self._seen:
            self._seen = seen
            try:
                self._inner = _read(self._files)
                log.info("certificates and keys were read again")
            except SettingsError as error:
                log.warning("%s: what was read before stays in use", error)
        return self._inner


def context_of(files: Files) -> Context:
    """A context for clients. Raises SettingsError with the setting whose file cannot be used."""
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context._files = files
    context._seen = _states(files)
    context._inner = _read(files)
    return context


def presents_certificate(context: object) -> bool:
    """Whether a context has a certificate of this client."""
    return isinstance(context, Context) and context._files.cert is not None


def _states(files: Files) -> list[tuple[int, ...] | None]:
    """Something that differs when a file has been changed, or replaced by another one, also behind a link."""
    password = files.key_password.path if isinstance(files.key_password, SecretFile) else None
    return [_state(path) for path in (files.ca, files.cert, files.key, password) if path is not None]


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size


def _read(files: Files) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=files.ca)
    except OSError as error:  # What OpenSSL raises is one, too.
        cure = "Name a PEM file with at least one certificate"
        raise SettingsError(f"{_cannot(files.ca_setting, files.ca, error)}. {cure}") from None
    context.sslobject_class = Connection
    if files.cert is not None:
        _load_own(context, files.cert, files.key, files.key_password)
    return context


def _load_own(context: ssl.SSLContext, cert: Path, key: Path | None, password: SecretFile | str | None) -> None:
    try:
        context.load_cert_chain(cert, key, _asked(password))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            what = "tls_key_file is not the key of the certificate in tls_cert_file"
        elif password is not None and error.reason in ("BAD_DECRYPT", "BAD_PASSWORD_READ", None):
            what = f"tls_key_password does not open the key, or it is damaged ({_why(error)})"
        else:
            what = f"they are no PEM files of a certificate and its key ({_why(error)})"
        raise SettingsError(f"settings tls_cert_file and tls_key_file: {what}") from None
    except OSError as error:
        raise SettingsError(_cannot("tls_cert_file or tls_key_file", None, error)) from None
    except ValueError:
        raise SettingsError("setting tls_key_password: it is longer than OpenSSL takes") from None


def _asked(password: SecretFile | str | None) -> Callable[[], str]:
    """What OpenSSL calls for the password of an encrypted key; without it, it would ask the terminal."""

    def answer() -> str:
        if password is None:
            raise SettingsError("setting tls_key_file: the key is encrypted. Give tls_key_password_file as well")
        return password.text() if isinstance(password, SecretFile) else password

    return answer


def _cannot(setting: str, path: Path | None, error: OSError) -> str:
    return f"setting {setting}: {path or 'the file'} cannot be used ({_why(error)})"


def _why(error: OSError) -> str:
    return (getattr(error, "reason", None) or error.strerror or type(error).__name__).replace("_", " ").lower()
