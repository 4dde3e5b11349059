"""The commands of the page on deployment name files, values, services and arguments that there are."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.composed import NETWORK, services
from tests.deploy.written import CHART, KUSTOMIZE, ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DOCKERFILE = (ROOT / "deploy" / "image" / "Dockerfile").read_text("utf-8")
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


def commands() -> list[str]:
    return [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]


def options(command: str, *names: str) -> Iterator[str]:
    """What the options with these names are given in a command."""
    for name in names:
        yield from re.findall(rf"--{name}[= ](\S+)", command)


def rendered(kind: str, name: str) -> list[Any]:
    """Resources of the kustomization."""
    texts = [path.read_text("utf-8") for path in KUSTOMIZE.glob("*.yaml") if path.name != "values.yaml"]
    every = [one for text in texts for one in yaml.safe_load_all(text) if one]
    return [one for one in every if one["kind"] == kind and one.get("metadata", {}).get("name") == name]


def test_every_file_that_a_command_names_is_there_or_is_made_by_one() -> None:
    made = {"deploy/compose/console-tokens"}
    for command in commands():
        for path in options(command, "file", "values", "from-file=tokens"):
            assert path in made or (ROOT / path).exists(), command
        assert all(
            (ROOT / path).exists() or path in made for path in re.findall(r"(?<![/\w.])deploy/[\w./-]+", command)
        )


def test_every_argument_of_a_build_is_one_of_the_dockerfile_and_all_of_them_are_told() -> None:
    arguments = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
    given = {text.partition("=")[0] for command in commands() for text in options(command, "build-arg")}
    assert given <= arguments
    assert {name for name in arguments - {"UV_VERSION"} if f"`{name}`" not in PAGE} == set()


@pytest.mark.parametrize("path", sorted({path for text in commands() for path in options(text, "set")}))
def test_every_value_that_is_set_is_one(path: str) -> None:
    names, value = path.split("=")[0].split("."), VALUES
    for name in names:
        assert name in value, path
        value = value[name]


def test_every_value_that_the_page_names_is_one() -> None:
    named = re.findall(r"`((?:" + "|".join(VALUES) + r")(?:\.\w+)+)`", PAGE)
    assert len(named) > 10
    for path in named:
        value: Any = VALUES
        for name in path.split("."):
            assert isinstance(value, dict) and name in value, path
            value = value[name]


def test_the_network_and_the_services_that_commands_name_are_those_of_compose() -> None:
    text = "\n".join(commands())
    assert f"--network {NETWORK} " in text and "--broker kafka:9092" in text
    assert "kafka" in services()
    assert set(re.findall(r"compose\.yaml stop ([\w-]+)", PAGE)) <= set(services())
    published = {port.rpartition(":")[0] for one in services().values() for port in one.get("ports", [])}
    told = {found.replace("http://", "") for found in re.findall(r"`((?:http://)?127\.0\.0\.1:\d+)`", PAGE)}
    assert told == published


def test_the_overlay_that_is_shown_changes_what_the_kustomization_has() -> None:
    (overlay,) = [yaml.safe_load(text) for language, text in BLOCKS if language == "yaml"]
    (worker,) = rendered("StatefulSet", "ringback-worker")
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    assert [one["name"] for one in overlay["images"]] == [container["image"].rpartition(":")[0]]
    assert [one["name"] for one in overlay["replicas"]] == [worker["metadata"]["name"]]
    for patch in overlay["patches"]:
        assert rendered(patch["target"]["kind"], patch["target"]["name"])
        for step in yaml.safe_load(patch["patch"]):
            assert step["path"] == "/spec/template/spec/containers/0/env/-" and container["env"]
    assert Path(overlay["resources"][0]).parts[-2:] == ("deploy", "kustomize")


@pytest.mark.long
def test_kustomize_builds_the_overlay_that_is_shown(tmp_path: Path) -> None:
    kustomize = shutil.which("kustomize")
    if kustomize is None:
        pytest.skip("kustomize is not installed")
    (text,) = [text for language, text in BLOCKS if language == "yaml"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(text)
    shutil.copytree(KUSTOMIZE, tmp_path / "ringback" / "deploy" / "kustomize")
    built = subprocess.run([kustomize, "build", str(tmp_path / "mine")], capture_output=True, text=True, check=True)
    found = [one for one in yaml.safe_load_all(built.stdout) if one]
    (worker,) = [one for one in found if one["kind"] == "StatefulSet" and one["metadata"]["name"] == "ringback-worker"]
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    assert worker["spec"]["replicas"] == 3 and container["image"] == "registry.example.com/team/ringback:0.3.0"
    assert {"name": "RINGBACK_LOG_LEVEL", "value": "debug"} in container["env"]
    assert {one["metadata"].get("namespace") for one in found} == {"ringback"}
