"""KafkaTopic manifests for the Strimzi operator, one per topic of the catalog: `python -m topics.manifests FOLDER`.

It writes files and nothing else: no cluster is asked. A file it did not write stays where it is.
Source: docs/operate.md, section "Topics".
"""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

from topics.catalog import CATALOG, NEEDED_TOPICS
from topics.of_adapters import ADAPTER_TOPICS
from topics.topic import DEFAULT_PREFIX, Topic

HEADER = "# Generated from topics/catalog.py by `python -m topics.manifests`; change it there.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What a deployment decides about topics. cluster: name of the Kafka resource of the operator."""

    prefix: str = DEFAULT_PREFIX
    partitions: int = 12
    replicas: int = 3
    min_insync_replicas: int = 2
    cluster: str = "kafka"


def resource_name(topic_name: str) -> str:
    """A topic's name as Kubernetes allows it: lower case letters, digits, `.` and `-`."""
    return re.sub(r"[^a-z0-9.-]+", "-", topic_name.lower()).strip(".-")


def manifest(topic: Topic, deployment: Deployment) -> str:
    """The KafkaTopic resource of one topic, as YAML."""
    name = deployment.prefix + topic.name
    config = topic.config() | {"min.insync.replicas": str(deployment.min_insync_replicas)}
    lines = [
        f"# {topic.reason}",
        "apiVersion: kafka.strimzi.io/v1",
        "kind: KafkaTopic",
        "metadata:",
        f"  name: {resource_name(name)}",
        "  labels:",
        f"    strimzi.io/cluster: {deployment.cluster}",
        "spec:",
        f"  topicName: {name}",
        f"  partitions: {topic.partition_count(deployment.partitions)}",
        f"  replicas: {deployment.replicas}",
        "  config:",
        # JSON strings are YAML strings, and quoted ones keep large numbers from turning into floats.
        *(f"    {key}: {json.dumps(value)}" for key, value in sorted(config.items())),
    ]
    return HEADER + "\n".join(lines) + "\n"


def manifests(deployment: Deployment) -> dict[str, str]:
    """Every file by its name: one per topic, and the kustomization that lists those that are needed everywhere."""
    every = CATALOG | ADAPTER_TOPICS
    files = {f"{name}.yaml": manifest(topic, deployment) for name, topic in sorted(every.items())}
    kustomization = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources:"]
    kustomization += [f"  - {name}.yaml" for name in sorted(NEEDED_TOPICS)]
    return files | {"kustomization.yaml": HEADER + "\n".join(kustomization) + "\n"}


def main(arguments: list[str] | None = None) -> None:
    """Write the manifests into a folder. arguments: those of the command line when None."""
    defaults = Deployment()
    parser = argparse.ArgumentParser(prog="python -m topics.manifests", description="Write KafkaTopic manifests.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prefix", default=defaults.prefix)
    parser.add_argument("--partitions", type=int, default=defaults.partitions, help="of every contact topic")
    parser.add_argument("--replicas", type=int, default=defaults.replicas)
    parser.add_argument("--min-insync-replicas", type=int, default=defaults.min_insync_replicas)
    parser.add_argument("--cluster", default=defaults.cluster, help="name of the Kafka resource")
    given = vars(parser.parse_args(arguments))
    folder: Path = given.pop("folder")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in manifests(Deployment(**given)).items():
        (folder / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
