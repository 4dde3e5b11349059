"""A right on Kafka as data, and as text for Kafka's own tool and for the Strimzi operator.

Source: docs/operate.md, section "Access rights on Kafka".
"""

import json
import shlex
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Resource(StrEnum):
    """What a right is on, as Strimzi calls it."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactionalId"


class Right(NamedTuple):
    """Operations, by their Kafka names, on one resource; prefixed: on all whose names begin so."""

    resource: Resource
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


def alike(rights: Iterable[Right]) -> dict[tuple[Resource, tuple[str, ...], bool], list[str]]:
    """The names of what there are the same rights on, by resource, operations and whether names are prefixes."""
    names: dict[tuple[Resource, tuple[str, ...], bool], list[str]] = {}
    for right in rights:
        names.setdefault((right.resource, right.operations, right.prefixed), []).append(right.name)
    return names


def commands(rights: Iterable[Right], principal: str) -> str:
    """Lines for a shell that give the rights with kafka-acls.sh; $BOOTSTRAP and $ADMIN are the operator's.

    One line for all resources with the same rights, since each starts a program of Java.
    """
    flags = {Resource.TOPIC: "--topic", Resource.GROUP: "--group", Resource.TRANSACTIONAL_ID: "--transactional-id"}
    lines = []
    for (resource, operations, prefixed), names in alike(rights).items():
        words = [word for operation in operations for word in ("--operation", operation)]
        words += [word for name in names for word in (flags[resource], name)]
        words += ["--resource-pattern-type", "prefixed"] if prefixed else []
        given = shlex.join(["--add", "--allow-principal", principal, *words])
        lines.append(f'kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" {given}')
    return "\n".join(lines) + "\n"


def kafka_user(rights: Iterable[Right], name: str, cluster: str) -> str:
    """The KafkaUser resource of Strimzi that has the rights, as YAML; how it proves who it is, is to be added."""
    lines = ["apiVersion: kafka.strimzi.io/v1", "kind: KafkaUser", "metadata:", f"  name: {name}", "  labels:"]
    lines += [f"    strimzi.io/cluster: {cluster}", "spec:", "  authorization:", "    type: simple", "    acls:"]
    for right in rights:
        pattern = "prefix" if right.prefixed else "literal"
        resource = f"{{type: {right.resource}, name: {json.dumps(right.name)}, patternType: {pattern}}}"
        lines += [f"      - resource: {resource}", f"        operations: [{', '.join(right.operations)}]"]
    return "\n".join(lines) + "\n"
