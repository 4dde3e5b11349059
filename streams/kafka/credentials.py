"""What the security settings become for Kafka's client: a TLS context, a password, a provider of tokens.

Clients share them: they are made once for the same settings, so that tokens are used again, and each connection has
files as they are when it is made.
"""

import functools
from typing import Any

from pydantic import FilePath, SecretStr

from streams.base.security import Security, uses_tls
from streams.kafka import connections
from streams.kafka.secret_files import SecretFile
from streams.kafka.tls import Files, context_of
from streams.kafka.tokens import TokenEndpoint, TokenFile


def credentials(settings: Security) -> dict[str, Any]:
    """Keyword arguments for every aiokafka client. Raises SettingsError when a file cannot be used."""
    connections.install()
    options: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if uses_tls(settings):
        password = _secret("tls_key_password", settings.tls_key_password, settings.tls_key_password_file)
        options["ssl_context"] = _context(
            Files(settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file, password)
        )
    if settings.sasl_mechanism is None:
        return options
    options["sasl_mechanism"] = settings.sasl_mechanism
    if settings.sasl_mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = _tokens(settings)
    else:
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = _secret(
            "sasl_password", settings.sasl_password, settings.sasl_password_file
        )  # fmt: skip
    return options


_context = functools.lru_cache(maxsize=16)(context_of)


@functools.lru_cache(maxsize=16)
def _secret(name: str, given: SecretStr | None, path: FilePath | None) -> SecretFile | str | None:
    if path is not None:
        return SecretFile(f"{name}_file", path)
    return given.get_secret_value() if given is not None else None


@functools.lru_cache(maxsize=16)
def _tokens(settings: Security) -> TokenFile | TokenEndpoint:
    if settings.oauth_token_file is not None:
        return TokenFile(settings.oauth_token_file, settings.oauth_extensions)
    secret = _secret("oauth_client_secret", settings.oauth_client_secret, settings.oauth_client_secret_file)
    assert settings.oauth_token_url is not None and settings.oauth_client_id is not None and secret is not None
    return TokenEndpoint(
        settings.oauth_token_url,
        settings.oauth_client_id,
        secret,
        settings.oauth_scope,
        _context(Files(ca=settings.oauth_ca_file, ca_setting="oauth_ca_file")),
        settings.oauth_extensions,
    )
