"""The chart renders what Kubernetes, operators, Kafka and workers take, and deploy/kustomize is what it renders."""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from grafana.ringback_rules import RECORDINGS
from streams.base.errors import SettingsError
from streams.base.settings import ENV_PREFIX, Settings, make
from tests.deploy.custom_resources import MODULES, Judge
from tests.deploy.rendered import CHART, ValuesRefused, render, resources
from tests.deploy.variants import BY_NAME, CONSOLE, USERS, Values, kustomized
from tests.deploy.written import KUSTOMIZE, ROOT, files, free_settings, kustomize
from tests.docs.test_probes import PROBES
from topics.catalog import CATALOG, NEEDED_TOPICS
from topics.manifests import Deployment, manifest
from topics.rights import COMMANDS, kafka_user

KUBERNETES = ("1.27", "1.37")
"""The oldest that Chart.yaml names, and the newest that is known here."""
GROUPS = ("monitoring.coreos.com", "kafka.strimzi.io", "keda.sh")

pytestmark = pytest.mark.usefixtures("helm")
variants = pytest.mark.parametrize("values", [*BY_NAME.values(), kustomized()], ids=[*BY_NAME, "kustomize"])


def of_kind(found: list[dict[str, Any]], kind: str, component: str | None = None) -> list[dict[str, Any]]:
    part = "app.kubernetes.io/component"
    return [one for one in found if one["kind"] == kind and component in (None, one["metadata"]["labels"].get(part))]


def pods(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The templates of pods."""
    for one in found:
        if "template" in one.get("spec", {}):
            yield one["spec"]["template"]


def environment(container: dict[str, Any]) -> dict[str, str]:
    """What a container is given; a name is the pod's."""
    found = {one["name"]: one.get("value", "ringback-worker-0") for one in container["env"]}
    assert len(found) == len(container["env"]), "a variable is there twice"
    return found


# What is committed


def test_the_committed_files_of_the_chart_are_those_of_the_program() -> None:
    assert {path: path.read_text("utf-8") for path in files()} == files(), "`make deployment` writes them"


def test_the_committed_kustomization_is_what_the_chart_renders() -> None:
    committed = {path: path.read_text("utf-8") for path in KUSTOMIZE.iterdir() if path.name != "values.yaml"}
    assert committed == kustomize(), "`make deployment` writes it"


def test_the_kustomization_lists_every_file_and_each_resource_has_the_namespace_of_the_list() -> None:
    listed = yaml.safe_load((KUSTOMIZE / "kustomization.yaml").read_text("utf-8"))
    others = {path.name for path in KUSTOMIZE.iterdir()} - {"kustomization.yaml", "values.yaml"}
    assert set(listed["resources"]) == others
    (subject,) = of_kind(resources(kustomized(), "ringback", listed["namespace"]), "RoleBinding")[0]["subjects"]
    assert subject["namespace"] == listed["namespace"]


def test_the_chart_has_the_version_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert (chart["version"], chart["appVersion"]) == (version, version)


@pytest.mark.long
def test_helms_own_program_renders_the_same(tmp_path: Path) -> None:
    helm = shutil.which("helm")
    if helm is None:
        pytest.skip("helm is not installed; other tests render by the same code in a package")
    for number, values in enumerate([*BY_NAME.values(), kustomized()]):
        given = tmp_path / f"{number}.yaml"
        given.write_text(yaml.safe_dump(values))
        command = [helm, "template", "ringback", str(CHART), "--namespace", "calls", "--values", str(given)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        theirs = [one for one in yaml.safe_load_all(said) if one]
        assert sorted(map(str, theirs)) == sorted(map(str, resources(values)))


# What takes it


@variants
def test_kubernetes_takes_every_resource_and_knows_every_field(values: Values) -> None:
    import kubernetes_validate

    builtin = [one for one in resources(values) if one["apiVersion"].partition("/")[0] not in GROUPS]
    assert len(builtin) >= 5
    for version in KUBERNETES:
        for one in builtin:
            kubernetes_validate.validate(one, version, strict=True)


def test_the_operators_take_every_resource_and_know_every_field(crds: Judge) -> None:
    found = [one for values in (*BY_NAME.values(), kustomized()) for one in resources(values) if one["kind"] in MODULES]
    assert {one["kind"] for one in found} == set(MODULES)
    assert crds.complaints(found) == []


def test_a_field_that_an_operator_does_not_know_and_a_value_that_it_does_not_take_are_named(crds: Judge) -> None:
    found = resources(kustomized())
    monitor, user = of_kind(found, "PodMonitor")[0], of_kind(found, "KafkaUser")[0]
    monitor["spec"]["jobLabl"] = "x"
    user["spec"]["authorization"]["acls"][0]["operations"] = ["Raed"]
    said = "\n".join(crds.complaints([monitor, user]))
    assert "jobLabl" in said and "operations/0 must be equal to one of the allowed values" in said


@variants
def test_a_worker_and_a_console_take_the_settings_that_they_are_given(values: Values, tmp_path: Path) -> None:
    """Files are made where the container would have its mounts, so a path outside of them is refused."""
    for pod in pods(resources(values)):
        (container,) = pod["spec"]["containers"]
        mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
        given = environment(container)
        assert all(name.startswith(ENV_PREFIX) for name in given)
        settings = {name.removeprefix(ENV_PREFIX).lower(): value for name, value in given.items()}
        for name, value in settings.items():
            if name.endswith(("_file", "_dir")):
                assert [mount for mount in mounts if value.startswith(f"{mount}/")], f"{name} is on no volume"
                settings[name] = str(tmp_path / value.replace("/", "_"))
                Path(settings[name]).touch()
        made = make(**settings)
        assert made.broker and made.prefix == values.get("prefix", "ringback.")
        names = [mount["name"] for mount in container.get("volumeMounts", [])]
        claims = [one["metadata"]["name"] for one in _claims(resources(values), pod)]
        assert sorted(names) == sorted([one["name"] for one in pod["spec"].get("volumes") or []] + claims)


def _claims(found: list[dict[str, Any]], pod: dict[str, Any]) -> list[dict[str, Any]]:
    owner = next(one for one in found if one.get("spec", {}).get("template") == pod)
    return list(owner["spec"].get("volumeClaimTemplates", []))


# What the values may be


@pytest.mark.parametrize(
    "values",
    [
        {"wroker": {}},
        {"worker": {"replica": 3}},
        {"settings": {"sesion_timeout_s": 3}},
        {"settings": {"sasl_password": "secret"}},
        {"worker": {"settings": {"state_dir": "/tmp"}}},
        {"worker": {"replicas": -1}},
        {"kafka": {"bootstrap": "kafka"}},
        {"kafka": {"securityProtocol": "TLS"}},
        {"kafka": {"securityProtocol": "SASL_SSL"}},
        {"kafka": {"securityProtocol": "SASL_SSL", "saslMechanism": "SCRAM-SHA-512"}},
        {"kafka": {"securityProtocol": "PLAINTEXT", "saslMechanism": "PLAIN"}},
        {"kafka": {"securityProtocol": "PLAINTEXT", "clientCertificate": True, "users": USERS}},
        {"kafka": {"securityProtocol": "SSL", "clientCertificate": True}},
        {"console": {"enabled": True}},
        {"keda": {"maxReplicas": 0}},
    ],
    ids=str,
)
def test_values_that_cannot_work_are_refused(values: Values) -> None:
    with pytest.raises(ValuesRefused):
        render(values)


def test_no_secret_can_stand_among_the_values_and_every_setting_is_either_free_or_made_by_the_chart() -> None:
    assert [name for name in free_settings() if name in ("sasl_password", "tls_key_password")] == []
    assert set(free_settings()) < set(Settings.model_fields) and "otel_endpoint" in free_settings()
    with pytest.raises(SettingsError):
        make(**{"sasl_password": "x"})  # The reason why a secret belongs to its protocol, and to a file.


# Topics and users


@pytest.mark.parametrize("values", [kustomized(), BY_NAME["all that there is"]], ids=["kustomize", "all"])
def test_topics_and_users_of_strimzi_are_those_of_the_catalog(values: Values) -> None:
    found = resources(values)
    prefix, app = values.get("prefix", "ringback."), values.get("app", "ringback")
    cluster, topics = values["strimzi"].get("cluster", "kafka"), values.get("topics", {})
    deployment = Deployment(
        prefix=prefix, partitions=topics.get("partitions", 12), replicas=topics.get("replicas", 3),
        min_insync_replicas=topics.get("minInsyncReplicas", 2), cluster=cluster,
    )  # fmt: skip
    expected = [yaml.safe_load(manifest(topic, deployment)) for _, topic in sorted(CATALOG.items())]
    assert of_kind(found, "KafkaTopic") == expected
    users = {one["metadata"]["name"].rpartition("-")[2]: one for one in of_kind(found, "KafkaUser")}
    assert set(users) == {"worker", "console", "dialer"}
    for who, user in users.items():
        rights = yaml.safe_load(kafka_user(COMMANDS[who](prefix, app), "", cluster))
        assert user["spec"]["authorization"] == rights["spec"]["authorization"]
        assert user["metadata"]["labels"]["strimzi.io/cluster"] == cluster
        assert user["spec"]["authentication"] == {"type": "scram-sha-512"}


def test_without_a_console_its_topic_and_its_user_are_not_there() -> None:
    found = resources(BY_NAME["strimzi with certificates"])
    assert len(of_kind(found, "KafkaTopic")) == len(NEEDED_TOPICS)
    users = of_kind(found, "KafkaUser")
    assert [one["metadata"]["name"] for one in users] == ["ringback-worker", "ringback-dialer"]
    assert {one["spec"]["authentication"]["type"] for one in users} == {"tls"}


def test_without_strimzi_a_job_creates_the_topics_before_workers_of_the_version_start() -> None:
    (job,) = of_kind(resources({"console": CONSOLE}), "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["topics", "create", "--partitions=12", "--replication-factor=3", "--console"]
    assert of_kind(resources(kustomized()), "Job") == []


# Workers


@variants
def test_containers_have_no_rights_and_can_write_to_their_volumes_alone(values: Values) -> None:
    found = list(pods(resources(values)))
    assert found
    for pod in found:
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True and pod["spec"]["enableServiceLinks"] is False
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["spec"]["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True and security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"] and "cpu" not in container["resources"]["limits"]
        for volume in pod["spec"].get("volumes") or []:
            assert set(volume) == {"name", "secret"}


def test_probes_are_those_of_the_page_on_operations() -> None:
    (pod,) = pods(of_kind(resources({}), "StatefulSet", "worker"))
    (container,) = pod["spec"]["containers"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    shown = {name: {**container[name], "httpGet": dict(container[name]["httpGet"])} for name in PROBES}
    for probe in shown.values():
        probe["httpGet"]["port"] = ports[probe["httpGet"]["port"]]
    assert shown == PROBES


def test_a_console_is_asked_by_a_name_that_it_always_has() -> None:
    (pod,) = pods(of_kind(resources(BY_NAME["scram"]), "StatefulSet", "console"))
    (container,) = pod["spec"]["containers"]
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[name]["httpGet"]
        assert asked["path"] == "/livez" and asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


def test_each_worker_is_a_static_member_by_the_name_of_its_pod() -> None:
    (stateful,) = of_kind(resources({}), "StatefulSet", "worker")
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    (named,) = [one for one in container["env"] if one["name"] == "RINGBACK_INSTANCE_ID"]
    assert named["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert stateful["spec"]["podManagementPolicy"] == "Parallel"


def test_a_worker_that_a_scale_in_removes_leaves_and_may_ask_for_that_one_stateful_set() -> None:
    found = resources({}, "prod")
    (stateful,) = of_kind(found, "StatefulSet", "worker")
    name, pod = stateful["metadata"]["name"], stateful["spec"]["template"]["spec"]
    python, *rest = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert (python, rest) == ("/opt/ringback/bin/python", ["-m", "streams.worker.container.leave", name])
    (role,) = of_kind(found, "Role")
    (rule,) = role["rules"]
    assert rule == {"apiGroups": ["apps"], "resources": ["statefulsets"], "resourceNames": [name], "verbs": ["get"]}
    assert pod["automountServiceAccountToken"] is True and pod["serviceAccountName"] == name
    (policy,) = of_kind(found, "NetworkPolicy", "worker")
    assert {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]} >= {443, 6443}
    stays = resources({"worker": {"leaveOnScaleIn": False}})
    assert of_kind(stays, "Role") == [] and of_kind(stays, "RoleBinding") == []
    (pod,) = pods(of_kind(stays, "StatefulSet", "worker"))
    assert "lifecycle" not in pod["spec"]["containers"][0] and pod["spec"]["automountServiceAccountToken"] is False


@variants
def test_what_selects_workers_finds_them(values: Values) -> None:
    found = resources(values)
    for component in ("worker", "console"):
        for stateful in of_kind(found, "StatefulSet", component):
            labels = stateful["spec"]["template"]["metadata"]["labels"]
            selectors = [stateful["spec"]["selector"]["matchLabels"]]
            selectors += [one["spec"]["selector"] for one in of_kind(found, "Service", component)]
            selectors += [
                one["spec"]["podSelector"]["matchLabels"] for one in of_kind(found, "NetworkPolicy", component)
            ]
            for kind in ("PodDisruptionBudget", "PodMonitor"):
                selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(found, kind, component)]
            assert len(selectors) >= 3 and all(one.items() <= labels.items() for one in selectors)


@variants
def test_every_port_that_is_let_in_or_led_to_is_one_of_the_container(values: Values) -> None:
    found = resources(values)
    for component in ("worker", "console"):
        for stateful in of_kind(found, "StatefulSet", component):
            (container,) = stateful["spec"]["template"]["spec"]["containers"]
            ports = {one["name"] for one in container["ports"]}
            policies = of_kind(found, "NetworkPolicy", component)
            let_in = [port["port"] for one in policies for rule in one["spec"]["ingress"] for port in rule["ports"]]
            led_to = [
                port["targetPort"] for one in of_kind(found, "Service", component) for port in one["spec"]["ports"]
            ]
            assert {*let_in, *led_to} == ports and len(let_in) == len(led_to) == 1


def test_egress_is_to_the_ports_of_kafka_and_where_the_values_say() -> None:
    (policy,) = of_kind(resources(BY_NAME["tls alone"]), "NetworkPolicy")
    dns, kafka, api = policy["spec"]["egress"]
    assert [(port["port"], port["protocol"]) for port in dns["ports"]] == [(53, "UDP"), (53, "TCP")]
    assert [port["port"] for port in kafka["ports"]] == [9093, 9094] and "to" not in kafka
    assert [port["port"] for port in api["ports"]] == [443, 6443]
    worker, console = of_kind(resources(BY_NAME["all that there is"]), "NetworkPolicy")
    values = BY_NAME["all that there is"]["networkPolicy"]
    for one in (worker, console):
        assert one["spec"]["egress"][1]["to"] == values["kafkaTo"] and one["spec"]["egress"][2:] == values["egress"]
    assert console["spec"]["ingress"][0]["from"] == values["consoleFrom"]


# What watches them


@pytest.mark.parametrize("name", ["ringback", "prod", "ringback-eu"])
def test_the_job_of_the_metrics_is_one_that_the_rules_look_for(name: str) -> None:
    found = resources({**kustomized(), "strimzi": {"enabled": True}}, name)
    (monitor,) = of_kind(found, "PodMonitor")
    (pod,) = pods(of_kind(found, "StatefulSet", "worker"))
    assert pod["metadata"]["labels"][monitor["spec"]["jobLabel"]].startswith("ringback")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in [port["name"] for port in pod["spec"]["containers"][0]["ports"]]


def test_the_rules_are_those_of_the_project_and_runbooks_are_where_the_values_say() -> None:
    (rule,) = of_kind(resources(BY_NAME["all that there is"]), "PrometheusRule")
    groups = [group for name, text in files().items() if name.name.startswith("ringback-") for group in _groups(text)]
    text = yaml.safe_dump(groups).replace("docs/runbooks/", "https://example.com/runbooks/")
    assert rule["spec"]["groups"] == yaml.safe_load(text) and "https://example.com/runbooks/RingbackLate.md" in text


def _groups(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(text)["groups"])


def test_keda_asks_for_recording_rules_that_there_are_and_the_stateful_set_has_no_number_of_its_own() -> None:
    found = resources({"keda": {"enabled": True}, "monitoring": {"enabled": True}}, "prod", "calls")
    (scaled,) = of_kind(found, "ScaledObject")
    (stateful,) = of_kind(found, "StatefulSet", "worker")
    assert scaled["spec"]["scaleTargetRef"]["name"] == stateful["metadata"]["name"]
    assert "replicas" not in stateful["spec"]
    known = {rule.name for group in RECORDINGS.values() for rule in group}
    job = stateful["spec"]["template"]["metadata"]["labels"]["ringback.job"]
    for trigger in scaled["spec"]["triggers"]:
        query = trigger["metadata"]["query"]
        promql_parser.parse(query)
        named = {word for word in known if f"({word}{{" in query}
        assert named and query.count("ringback:") == len(named)
        assert query.count(f'namespace="calls",job="{job}"') == len(named)


def test_every_variable_of_the_environment_stays_out_of_the_rendering() -> None:
    """What is committed must not depend on who renders it."""
    before = render(kustomized())
    os.environ["RINGBACK_BROKER"] = "elsewhere:9092"
    try:
        assert render(kustomized()) == before
    finally:
        del os.environ["RINGBACK_BROKER"]
