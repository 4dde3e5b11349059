"""The compose file is one, its parts fit each other, and what it mounts is there."""

import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.base.settings import ENV_PREFIX, make
from streams.dev.broker.java import KAFKA_VERSION
from tests.deploy.composed import FILE, FOLDER, services
from topics.catalog import CATALOG

ROOT = Path(__file__).parents[2]
OURS = ("topics", "worker-1", "worker-2", "console")
TOP = yaml.safe_load(FILE.read_text("utf-8"))


def mounts(name: str) -> dict[str, str]:
    """What a service mounts, by its place in the container."""
    found = {}
    for text in services()[name].get("volumes", []):
        source, target, *_ = text.split(":")
        found[target] = source
    return found


def checked(path: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def schema() -> None:
    if find_spec("check_jsonschema") is None:
        pytest.skip("the group `deploy` of pyproject.toml is not installed: make deployment-tools")


@pytest.mark.usefixtures("schema")
def test_it_is_valid_by_the_schema_of_compose() -> None:
    assert checked(FILE).returncode == 0, checked(FILE).stdout


@pytest.mark.usefixtures("schema")
def test_the_schema_refuses_a_word_that_compose_does_not_know(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(FILE.read_text("utf-8").replace("read_only: true", "readonly: true"))
    done = checked(wrong)
    assert done.returncode == 1 and "readonly" in done.stdout


@pytest.mark.parametrize("name", OURS)
def test_each_of_ours_is_given_settings_that_there_are_and_can_write_to_its_volume_alone(
    name: str, tmp_path: Path
) -> None:
    service = services()[name]
    settings = {key.removeprefix(ENV_PREFIX).lower(): value for key, value in service["environment"].items()}
    make(**settings)
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["user"] == "10001:10001"
    assert service["security_opt"] == ["no-new-privileges:true"] and "tmpfs" not in service
    assert set(mounts(name)) == (set() if name == "topics" else {"/var/lib/ringback"})


def test_workers_differ_by_their_name_and_their_volume_alone() -> None:
    first, second = (dict(services()[name]) for name in ("worker-1", "worker-2"))
    names = [one["environment"].pop("RINGBACK_INSTANCE_ID") for one in (first, second)]
    volumes = [one.pop("volumes") for one in (first, second)]
    assert first == second and names == ["worker-1", "worker-2"] and volumes[0] != volumes[1]


def test_whoever_is_asked_for_is_there() -> None:
    names = set(services())
    hosts = {
        one["environment"]["RINGBACK_BROKER"].partition(":")[0] for name, one in services().items() if name in OURS
    }
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text("utf-8"))
    (scraped,) = config["scrape_configs"]
    targets = scraped["static_configs"][0]["targets"]
    assert hosts | {target.partition(":")[0] for target in targets} <= names
    assert {target.partition(":")[2] for target in targets} == {str(make().metrics_port)}
    assert sorted(target.partition(":")[0] for target in targets) == [one for one in OURS if one.startswith("worker")]
    assert scraped["job_name"].startswith("ringback")
    for service in services().values():
        assert set(service.get("depends_on", {})) <= names


def test_every_file_and_volume_that_is_mounted_is_there() -> None:
    for name in services():
        for source in mounts(name).values():
            assert (FOLDER / source).exists() if source.startswith(".") else source in TOP["volumes"], source
    build = services()["worker-1"]["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).is_file()


def test_kafka_is_the_version_of_the_tests_and_everything_is_published_on_the_loopback_alone() -> None:
    assert services()["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert services()["worker-1"]["image"] == f"ringback:{version}"
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert len(published) == 4 and all(port.startswith("127.0.0.1:") for port in published)


def test_every_service_that_stays_has_a_health_check_and_others_wait_for_it() -> None:
    image = (ROOT / "deploy" / "image" / "Dockerfile").read_text("utf-8")
    assert "\nHEALTHCHECK " in image
    for name, service in services().items():
        if name not in ("topics", "console"):  # The console has that of the image.
            assert service["healthcheck"]["test"][0] == "CMD", name
    for name in ("worker-1", "worker-2", "console"):
        waits = services()[name]["depends_on"]
        assert waits["kafka"]["condition"] == "service_healthy"
        assert waits["topics"]["condition"] == "service_completed_successfully"


def test_prometheus_takes_its_configuration_with_the_rules(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: apt install prometheus")
    rules = mounts("prometheus")["/etc/prometheus/rules"]
    config = tmp_path / "prometheus.yaml"
    text = (FOLDER / "prometheus.yaml").read_text("utf-8")
    assert "/etc/prometheus/rules/*.yaml" in text
    config.write_text(text.replace("/etc/prometheus/rules", str((FOLDER / rules).resolve())))
    done = subprocess.run(["promtool", "check", "config", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS: 2 rule files found" in done.stdout


def test_grafana_finds_the_dashboards_and_its_datasource() -> None:
    provisioned = FOLDER / "grafana" / "provisioning"
    provider = yaml.safe_load((provisioned / "dashboards" / "ringback.yaml").read_text("utf-8"))["providers"][0]
    folder = mounts("grafana")[provider["options"]["path"]]
    assert len(list((FOLDER / folder).glob("*.json"))) == 4
    source: dict[str, Any]
    (source,) = yaml.safe_load((provisioned / "datasources" / "prometheus.yaml").read_text("utf-8"))["datasources"]
    assert source["type"] == "prometheus" and source["isDefault"] is True
    assert source["url"].removeprefix("http://").split(":")[0] in services()


def test_the_console_topic_is_created_too() -> None:
    assert services()["topics"]["command"] == ["topics", "create", "--console"]
    assert any(topic.of_console for topic in CATALOG.values())
