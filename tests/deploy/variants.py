"""Values with which the chart is rendered in tests: what an installation may look like."""

from typing import Any

import yaml

from tests.deploy.written import KUSTOMIZE

Values = dict[str, Any]

USERS = {"worker": {"username": "w", "secret": "w-secret"}, "console": {"username": "c", "secret": "c-secret"}}
CONSOLE = {"enabled": True, "tokenSecret": "tokens"}
BY_NAME: dict[str, Values] = {
    "as shipped": {},
    "scram": {
        "kafka": {"securityProtocol": "SASL_SSL", "saslMechanism": "SCRAM-SHA-256", "users": USERS, "caSecret": "ca"},
        "console": {**CONSOLE, "url": "https://callbacks.example.com"},
    },
    "certificates": {
        "kafka": {"securityProtocol": "SSL", "clientCertificate": True, "users": USERS, "caSecret": "ca"},
        "console": CONSOLE,
    },
    "tokens of a provider": {
        "kafka": {"securityProtocol": "SASL_SSL", "saslMechanism": "OAUTHBEARER", "users": USERS},
        "settings": {"oauth_token_url": "https://id.example.com/token", "oauth_client_id": "ringback"},
    },
    "tls alone": {"kafka": {"securityProtocol": "SSL", "bootstrap": "a.example.com:9093, b.example.com:9094"}},
    "strimzi with certificates": {
        "kafka": {"securityProtocol": "SSL", "clientCertificate": True, "bootstrap": "kafka-kafka-bootstrap:9093"},
        "strimzi": {"enabled": True, "cluster": "kafka", "users": {"dialer": True}},
    },
    "all that there is": {
        "fullnameOverride": "callbacks",
        "app": "two",
        "prefix": "Two_",
        "image": {"repository": "r.example.com/ringback", "tag": "1.2.3", "pullSecrets": ["pull"]},
        "kafka": {"securityProtocol": "SASL_SSL", "saslMechanism": "SCRAM-SHA-512"},
        "settings": {"log_level": "debug", "metrics_campaigns": "spring,autumn"},
        "worker": {
            "replicas": 6,
            "processes": 4,
            "leaveOnScaleIn": False,
            "settings": {"transaction_protocol": 2, "session_timeout_s": 12.5, "unit_events_max": 100000},
            "storage": {"size": "100Gi", "class": "fast", "whenScaled": "Retain"},
            "annotations": {"example.com/team": "calls"},
            "nodeSelector": {"kubernetes.io/arch": "arm64"},
            "tolerations": [{"key": "calls", "operator": "Exists"}],
            "affinity": {"podAntiAffinity": {}},
        },
        "console": {
            "enabled": True,
            "url": "https://callbacks.example.com",
            "settings": {"console_proxy_header": "X-Auth-Request-User", "console_proxies": "10.0.0.0/8"},
        },
        "strimzi": {"enabled": True, "cluster": "lab", "users": {"console": True, "dialer": True}},
        "topics": {"partitions": 24, "replicas": 1, "minInsyncReplicas": 1},
        "monitoring": {"enabled": True, "labels": {"release": "p"}, "runbooks": "https://example.com/runbooks/"},
        "networkPolicy": {
            "kafkaTo": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kafka"}}}],
            "consoleFrom": [{"namespaceSelector": {}}],
            "egress": [{"ports": [{"port": 4318, "protocol": "TCP"}]}],
        },
        "keda": {"enabled": True, "maxReplicas": 12},
    },
}


def kustomized() -> Values:
    """Those of deploy/kustomize."""
    found: Values = yaml.safe_load((KUSTOMIZE / "values.yaml").read_text("utf-8"))
    return found
