"""The KafkaTopic manifests in the repository are those that the catalog asks for."""

from pathlib import Path

import yaml

from topics.catalog import CATALOG, NEEDED_TOPICS
from topics.manifests import Deployment, main, manifest, manifests, resource_name
from topics.of_adapters import ADAPTER_TOPICS

COMMITTED = Path(__file__).parents[2] / "deploy" / "kafka-topics"


def test_the_committed_manifests_are_the_generated_ones() -> None:
    committed = {file.name: file.read_text(encoding="utf-8") for file in COMMITTED.iterdir()}
    assert committed == manifests(Deployment())


def test_a_manifest_carries_partitions_replicas_and_settings() -> None:
    deployment = Deployment(prefix="Test_", partitions=4, replicas=1, min_insync_replicas=1, cluster="lab")
    assert yaml.safe_load(manifest(CATALOG["campaign-recycle"], deployment)) == {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": "test-campaign-recycle", "labels": {"strimzi.io/cluster": "lab"}},
        "spec": {
            "topicName": "Test_campaign-recycle",
            "partitions": 1,
            "replicas": 1,
            "config": {
                "cleanup.policy": "delete",
                "max.message.bytes": "1048576",
                "min.insync.replicas": "1",
                "retention.ms": "-1",
            },
        },
    }


def test_every_topic_that_a_worker_needs_is_in_the_kustomization_and_every_one_has_a_manifest() -> None:
    files = manifests(Deployment())
    kustomization = yaml.safe_load(files["kustomization.yaml"])
    assert kustomization["resources"] == [f"{name}.yaml" for name in sorted(NEEDED_TOPICS)]
    assert set(files) == {"kustomization.yaml", *(f"{name}.yaml" for name in CATALOG | ADAPTER_TOPICS)}


def test_resource_names_are_ones_that_kubernetes_takes() -> None:
    assert resource_name("Ring_Back.Wrap Up_") == "ring-back.wrap-up"


def test_the_command_line_sets_what_a_deployment_decides(tmp_path: Path) -> None:
    main([str(tmp_path / "out"), "--prefix", "x.", "--partitions", "3", "--replicas", "1"])
    written = yaml.safe_load((tmp_path / "out" / "wrap-up.yaml").read_text(encoding="utf-8"))
    assert written["spec"]["topicName"] == "x.wrap-up"
    assert (written["spec"]["partitions"], written["spec"]["replicas"]) == (3, 1)
