"""How a Kafka may be reached, for the AsyncAPI document: the ways that Ringback's own clients know.

Source: docs/operate.md, section "A secured Kafka".
"""

from typing import Any

from topics.topic import DEFAULT_PREFIX

_SCHEMES: dict[str, tuple[str, str]] = {
    "scram-sha-512": ("scramSha512", "SASL/SCRAM-SHA-512."),
    "scram-sha-256": ("scramSha256", "SASL/SCRAM-SHA-256."),
    "plain": ("plain", "SASL/PLAIN."),
    "mutual-tls": ("X509", "A client certificate."),
}

SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    name: {"type": kind, "description": words} for name, (kind, words) in _SCHEMES.items()
} | {
    "oauth-bearer": {
        "type": "oauth2",
        "description": "SASL/OAUTHBEARER, with a token of the client credentials grant.",
        "flows": {"clientCredentials": {"tokenUrl": "https://tokens.example/token", "availableScopes": {}}},
    }
}
"""Each with a name."""

SERVERS: dict[str, dict[str, Any]] = {
    "secured": {
        "host": "kafka.example:9093",
        "protocol": "kafka-secure",
        "description": "TLS, with a password, a token or a client certificate.",
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY_SCHEMES],
    },
    "plain": {
        "host": "127.0.0.1:9092",
        "protocol": "kafka",
        "description": "A Kafka for trials, as `ringback broker` starts it.",
    },
}

PARAMETERS = {
    "prefix": {
        "description": "What the names of all topics begin with; the setting `prefix` of the workers.",
        "default": DEFAULT_PREFIX,
    }
}
