"""Writes what deploy/chart and deploy/kustomize have of the program: `make deployment`.

The chart's files come from the catalog of topics, from the rights of each program and from the rules for Prometheus;
its schema names the settings. deploy/kustomize is what the chart renders with deploy/kustomize/values.yaml.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from grafana.build_rules import written as rules
from streams.base.settings import Settings
from tests.deploy.rendered import documents, render
from topics.catalog import CATALOG
from topics.right import Resource, Right
from topics.rights import COMMANDS

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart"
KUSTOMIZE = ROOT / "deploy" / "kustomize"
HEAD = "# Written by tests/deploy/written.py, `make deployment`.\n"
WHO = ("worker", "console", "dialer")

OF_CHART = (
    "app", "broker", "clock_file", "clock_offset_file", "console_dir", "console_token_file", "console_url",
    "instance_id", "metrics_port", "oauth_client_secret_file", "prefix", "processes", "sasl_mechanism",
    "sasl_password_file", "sasl_username", "security_protocol", "state_dir", "tls_ca_file", "tls_cert_file",
    "tls_key_file",
)  # fmt: skip
"""Settings that the chart makes of its other values, or that are for tests alone."""


def free_settings() -> list[str]:
    """Settings that may stand among the values; a secret may not, since it is mounted as a file of a Secret."""
    secret = [name for name, field in Settings.model_fields.items() if SecretStr in _kinds(field.annotation)]
    return sorted(set(Settings.model_fields) - set(OF_CHART) - set(secret))


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return (annotation, *getattr(annotation, "__args__", ()))


def files() -> dict[Path, str]:
    """What the chart has of the program, by path."""
    written = {
        CHART / "files" / "topics.yaml": _yaml({"topics": _topics()}),
        CHART / "files" / "rights.yaml": _yaml({who: [_right(one) for one in _rights(who)] for who in WHO}),
        **{CHART / "files" / name: text for name, text in rules().items()},
    }
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    schema["$defs"]["settings"]["propertyNames"]["enum"] = free_settings()
    return written | {CHART / "values.schema.json": json.dumps(schema, indent=2) + "\n"}


def _topics() -> list[dict[str, Any]]:
    return [
        {"name": str(name), "partitions": topic.partitions, "ofConsole": topic.of_console, "config": topic.config()}
        for name, topic in sorted(CATALOG.items())
    ]


def _rights(who: str) -> list[Right]:
    return COMMANDS[who]("", "")


def _right(right: Right) -> dict[str, Any]:
    """of: the value that its name begins with."""
    of = "app" if right.resource is Resource.TRANSACTIONAL_ID or right.name == "" else "prefix"
    pattern = "prefix" if right.prefixed else "literal"
    named = {"of": of, "name": str(right.name), "patternType": pattern}
    return {"type": str(right.resource), **named, "operations": list(right.operations)}


def _yaml(value: Any) -> str:
    return HEAD + yaml.safe_dump(value, sort_keys=False, width=118)


def kustomize() -> dict[Path, str]:
    """What the chart renders, a file for each template, and the list of them."""
    values = yaml.safe_load((KUSTOMIZE / "values.yaml").read_text("utf-8"))
    rendered = {
        Path(name).name: text for name, text in render(values, "ringback", "ringback").items() if name.endswith(".yaml")
    }
    found = {
        KUSTOMIZE / name: HEAD + yaml.safe_dump_all(documents(text), sort_keys=False, width=118)
        for name, text in sorted(rendered.items())
        if documents(text)
    }
    listed = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "ringback",
        "resources": [path.name for path in found],
    }
    return found | {KUSTOMIZE / "kustomization.yaml": _yaml(listed)}


def main() -> None:
    """Write all files, those of the chart first, since the others come of them."""
    for part in (files, kustomize):
        for path, text in part().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    known = {*kustomize(), KUSTOMIZE / "values.yaml"}
    strangers = [str(path) for path in KUSTOMIZE.iterdir() if path not in known]
    if strangers:
        sys.exit(f"not rendered by the chart: {', '.join(strangers)}")


if __name__ == "__main__":
    main()
