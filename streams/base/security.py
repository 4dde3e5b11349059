"""The settings of a secured Kafka, and which of them go together.

They are part of `streams.base.settings.Settings`. streams/kafka/credentials.py makes credentials of them.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# A client's secret must not travel in the clear; on the machine itself it does not travel.
TOKEN_URL = re.compile(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/]", re.IGNORECASE)
EXTENSIONS = re.compile(r"[A-Za-z]+=[^,=]+(,[A-Za-z]+=[^,=]+)*")


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _token_url(value: str) -> str:
    if not TOKEN_URL.match(value):
        raise ValueError("should begin with https://")
    try:
        parts = urlsplit(value)
        fits = parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # Its text would quote what stands in the place of the port.
        fits = False
    if not fits:
        raise ValueError("should be https://HOST/PATH or https://HOST:PORT/PATH, without a user or a password")
    return value


def _extensions(value: str) -> str:
    if not EXTENSIONS.fullmatch(value):
        raise ValueError("should be NAME=VALUE, several of them separated by commas, names of letters only")
    return value


SecurityProtocol = Annotated[Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(_upper)]
SaslMechanism = Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"], BeforeValidator(_upper)]


NotShown = Field(repr=False)
"""Of a setting that takes any text: it is not shown, since a secret may be there by mistake."""


class Use(NamedTuple):
    """What a way to connect uses. one_of: exactly one of each group is needed; may: what can be given besides."""

    one_of: list[tuple[str, ...]]
    may: set[str]


class Security(BaseSettings):
    """How a client authenticates, and whom it trusts. Files that settings name are read again when they change."""

    model_config = SettingsConfigDict(frozen=True, use_attribute_docstrings=True)

    security_protocol: SecurityProtocol = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    sasl_mechanism: SaslMechanism | None = None
    """PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; needed with SASL_PLAINTEXT and SASL_SSL."""
    sasl_username: Annotated[str | None, NotShown] = None
    """User name for PLAIN and SCRAM."""
    sasl_password: SecretStr | None = None
    """Password for PLAIN and SCRAM; never printed."""
    sasl_password_file: FilePath | None = None
    """File with that password, in its place."""
    tls_ca_file: FilePath | None = None
    """PEM file of the authorities that may sign the brokers' certificates; default: those of the system."""
    tls_cert_file: FilePath | None = None
    """PEM file of this client's certificate and its chain (mTLS)."""
    tls_key_file: FilePath | None = None
    """PEM file of that certificate's private key; default: it is in tls_cert_file."""
    tls_key_password: SecretStr | None = None
    """Password of an encrypted private key; never printed."""
    tls_key_password_file: FilePath | None = None
    """File with that password, in its place."""
    oauth_token_file: FilePath | None = None
    """For OAUTHBEARER: file with a token that another program renews, such as Kubernetes."""
    oauth_token_url: Annotated[Annotated[str, AfterValidator(_token_url)] | None, NotShown] = None
    """For OAUTHBEARER: token endpoint (grant client_credentials)."""
    oauth_client_id: Annotated[str | None, NotShown] = None
    """Client id for the token endpoint."""
    oauth_client_secret: SecretStr | None = None
    """Client secret for the token endpoint; never printed."""
    oauth_client_secret_file: FilePath | None = None
    """File with that secret, in its place."""
    oauth_scope: Annotated[str | None, NotShown] = None
    """Scope to request from the token endpoint."""
    oauth_ca_file: FilePath | None = None
    """PEM file of the authorities that may sign the token endpoint's certificate; default: those of the system."""
    oauth_extensions: Annotated[Annotated[str, AfterValidator(_extensions)] | None, NotShown] = None
    """Extensions that the broker gets with the token: NAME=VALUE, separated by commas."""

    @model_validator(mode="after")
    def _security_fits(self) -> Self:
        # A credential that would be ignored is a connection less safe than its owner believes.
        use = _use(self)
        given = [name for name in SECURITY_NAMES if getattr(self, name) is not None and name != "security_protocol"]
        missing = [_either(group) for group in use.one_of if not set(group) & set(given)]
        twice = [_either(group) for group in use.one_of if len(set(group) & set(given)) > 1]
        known = use.may.union(*use.one_of)
        unused = [name for name in given if name not in known]
        problems = [f"needs {', '.join(missing)}"] if missing else []
        problems += [f"does not use {', '.join(unused)}"] if unused and not missing else []
        problems += [f"takes only one of {group}" for group in twice]
        if problems:
            mechanism = f" with {self.sasl_mechanism}" if self.sasl_mechanism and _is_sasl(self) else ""
            raise ValueError(f"security_protocol {self.security_protocol}{mechanism} {', and '.join(problems)}")
        return self


SECURITY_NAMES = tuple(Security.model_fields)


def uses_tls(settings: Security) -> bool:
    """Whether a connection is encrypted."""
    return settings.security_protocol.endswith("SSL")


def _is_sasl(settings: Security) -> bool:
    return settings.security_protocol.startswith("SASL")


def _use(settings: Security) -> Use:
    use = Use([], set())
    if _is_sasl(settings):
        use.one_of.append(("sasl_mechanism",))
        _add(use, _use_of_oauth(settings) if settings.sasl_mechanism == "OAUTHBEARER" else _USE_OF_PASSWORDS)
    if uses_tls(settings):
        use.may.update(("tls_ca_file", "tls_cert_file"))
        if settings.tls_cert_file:
            use.may.add("tls_key_file")
            if settings.tls_key_password or settings.tls_key_password_file:
                use.one_of.append(("tls_key_password", "tls_key_password_file"))
        elif settings.tls_key_file or settings.tls_key_password or settings.tls_key_password_file:
            use.one_of.append(("tls_cert_file",))
    return use


_USE_OF_PASSWORDS = Use([("sasl_username",), ("sasl_password", "sasl_password_file")], set())


def _use_of_oauth(settings: Security) -> Use:
    use = Use([("oauth_token_file", "oauth_token_url")], {"oauth_extensions"})
    if settings.oauth_token_url:
        use.one_of.extend([("oauth_client_id",), ("oauth_client_secret", "oauth_client_secret_file")])
        use.may.update(("oauth_scope", "oauth_ca_file"))
    return use


def _add(use: Use, more: Use) -> None:
    use.one_of.extend(more.one_of)
    use.may.update(more.may)


def _either(group: Iterable[str]) -> str:
    return " or ".join(group)
