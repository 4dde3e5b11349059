"""A worker where others run it: a hardened container, few descriptors, IPv6 alone, beside another worker."""

import asyncio
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from streams.dev.broker import EmbeddedKafka
from streams.dev.local import LocalWorker
from tests.complaints import complaint
from tests.kafka.cluster import PARTITIONS, Cluster, configure, feeder, reader
from tests.kafka.test_worker import SOON_S, scheduled
from tests.ports import reserved_ports

pytestmark = pytest.mark.kafka


def bare(folder: Path | str) -> tuple[str, ...]:
    """The program of a worker that may write to this folder alone, `-` for none."""
    return ("-m", "tests.kafka.bare_worker", str(folder))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user may be given: pytest's own are below one that is closed to others."""
    with tempfile.TemporaryDirectory(prefix="ringback-test-") as made:
        yield Path(made)


async def works(cluster: Cluster, name: str = "k1") -> None:
    """A callback that falls due in a second is presented."""
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
        await configure(feed)
        await feed.send("callback-scheduled", scheduled(name, "c1", datetime.now(UTC) + timedelta(seconds=1)))
        await feed.flush()
        await taken.until(lambda: name in [value["callback_id"] for value in taken.values("dial-preview")], SOON_S)


async def test_state_in_memory_needs_nothing_to_write_to_no_home_no_temporary_folder_and_no_root(
    cluster: Cluster,
) -> None:
    cluster.command = bare("-")
    worker = cluster.worker(store="memory")
    await works(cluster)
    worker.stop()
    assert worker.exit_code == 0
    assert "READ-ONLY" not in worker.log.read_text()


async def test_state_on_disk_needs_its_folder_alone_and_keeps_it_to_itself(cluster: Cluster, folder: Path) -> None:
    state = folder / "of-this-worker" / "state"
    folder.chmod(0o755)
    (folder / "of-this-worker").mkdir()
    cluster.command = bare(state)
    worker = cluster.worker(state_dir=state)
    await works(cluster)
    worker.stop()
    assert worker.exit_code == 0
    assert "READ-ONLY" not in worker.log.read_text()
    found = [state, *state.rglob("*")]
    assert len(found) > 2 * PARTITIONS
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}


def test_a_folder_that_cannot_be_written_to_is_one_line(cluster: Cluster, folder: Path) -> None:
    folder.chmod(0o555)
    cluster.command = bare("-")
    worker = cluster.worker(state_dir=folder)
    assert worker.wait_ended(SOON_S) == 1
    line = complaint(worker.last_words(1), of_worker=True)
    assert line.startswith(f"state_dir (RINGBACK_STATE_DIR): cannot write to {folder} ")
    assert "--state-dir" in line and "RINGBACK_STORE=memory" in line


async def test_a_worker_works_with_1024_descriptors_and_takes_more_where_it_may(cluster: Cluster) -> None:
    """The soft limit of systemd is 1,024, too."""
    cluster.command = limited((1024, 1024))
    first = cluster.worker()
    cluster.command = limited((256, 4096))
    second = cluster.worker()
    await works(cluster)
    for worker, files in ((first, 1024), (second, 4096)):
        worker.wait_ready()
        limits = Path(f"/proc/{worker.pid}/limits").read_text()
        assert re.search(rf"Max open files +{files} +{files} ", limits)
        assert "ulimit" not in worker.log.read_text()


def test_descriptors_that_may_not_do_are_one_line_at_the_start(cluster: Cluster) -> None:
    cluster.command = limited((100, 100))
    worker = cluster.worker()
    worker.wait_ready()
    (line,) = [line for line in worker.log.read_text().splitlines() if "ulimit" in line]
    assert f"may open 100 files (ulimit -n), and a worker that holds all {PARTITIONS} partitions needs about" in line
    assert '"level":"warning"' in line


def limited(files: tuple[int, int]) -> tuple[str, ...]:
    """The program of a worker with these limits of open files, soft and hard."""
    program = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, {files}); "
    return ("-c", program + "from streams.cli.group import run; import sys; sys.exit(run(['worker']))")


def test_a_worker_handles_the_signals_that_the_first_process_of_a_container_is_otherwise_deaf_to(
    cluster: Cluster,
) -> None:
    """The kernel gives process 1 no signal that it has no handler for."""
    worker = cluster.worker()
    worker.wait_ready()
    caught = int(re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{worker.pid}/status").read_text(), re.M)[1], 16)  # type: ignore[index]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        assert caught & 1 << (number - 1)
    worker.stop()
    assert worker.exit_code == 0


def test_a_second_worker_on_this_machine_is_told_what_to_give_it(cluster: Cluster) -> None:
    first = cluster.worker()
    first.wait_ready()
    state = Path(str(first.log.with_suffix(".state")))
    port = int(first._url().rstrip("/").rsplit(":", 1)[1])
    same_state = cluster.worker(state_dir=state)
    assert same_state.wait_ended(SOON_S) == 1
    assert f"another worker has its state in {state}. Give this one" in same_state.last_words(1)
    assert "--state-dir" in same_state.last_words(1) and "--metrics-port 0" in same_state.last_words(1)
    same_port = cluster.worker(metrics_port=port)
    assert same_port.wait_ended(SOON_S) == 1
    assert re.search(
        rf"127\.0\.0\.1:{port} .*Address already in use.*--metrics-port \(0 takes", same_port.last_words(1)
    )
    assert first.exit_code is None
    told = ["--state-dir", str(state.with_name("another")), "--metrics-port", "0"]
    cluster.command = ("-m", "streams", "worker", *told)
    cluster.worker(state_dir=None, metrics_port=None).wait_ready()


@pytest.mark.long
async def test_ten_rebalances_leave_no_file_open(cluster: Cluster) -> None:
    first = cluster.worker()
    await works(cluster)
    counts = []
    for _ in range(10):
        second = cluster.worker()
        second.wait_ready()
        second.stop()
        assert second.exit_code == 0
        deadline = time.monotonic() + SOON_S
        while len((first.status() or {"partitions": {}})["partitions"]) < PARTITIONS:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        first.wait_ready()
        counts.append(len(os.listdir(f"/proc/{first.pid}/fd")))
    await works(cluster, "k2")
    # A store that is opened anew has a file more each time until it merges them: what is lost would grow with each.
    assert max(counts[5:]) <= max(counts[:5]) + PARTITIONS
    assert first.exit_code is None


@pytest.fixture
def ipv6_cluster(prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics on a Kafka that can be reached by IPv6 alone."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6, not even on its loopback")
    (controller,) = reserved_ports("127.0.0.1", 1)
    more = {
        "listeners": f"PLAINTEXT://[::1]:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://[::1]:{port}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
    }
    with EmbeddedKafka(more=more), Cluster(f"[::1]:{port}", prefix, tmp_path) as made:
        yield made


async def test_brokers_and_readers_of_the_page_are_reached_by_ipv6(ipv6_cluster: Cluster) -> None:
    worker = ipv6_cluster.worker(metrics_host="::")
    await works(ipv6_cluster)
    assert "http://[::]:" in worker.log.read_text()
    worker.wait_ready()
    worker.stop()
    assert worker.exit_code == 0


class Greeter(BaseHTTPRequestHandler):
    """What listens on the port that somebody took for Kafka's."""

    def handle(self) -> None:
        """Answer as a web server does."""
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def test_a_web_server_in_the_place_of_kafka_is_one_line(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Greeter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        broker = f"127.0.0.1:{server.server_port}"
        worker = LocalWorker(tmp_path / "worker.log", broker=broker, store="memory")
        with worker:
            assert worker.wait_ended(SOON_S) == 1
        server.shutdown()
    (line,) = [line for line in worker.log.read_text().splitlines() if "Kafka" in line]
    assert broker in line and "Traceback" not in worker.log.read_text()


@pytest.mark.long
def test_a_name_that_the_broker_gives_and_nobody_knows_is_named_with_the_broker_that_gave_it(tmp_path: Path) -> None:
    """The most common fault of all, without TLS or passwords: a broker in a container that calls itself by its id."""
    (port,) = reserved_ports("127.0.0.1", 1)
    unknown = f"broker-1.invalid:{port}"
    with EmbeddedKafka(port, more={"advertised.listeners": f"PLAINTEXT://{unknown}"}) as kafka:
        at = {"RINGBACK_BROKER": kafka.bootstrap, "RINGBACK_STATE_DIR": str(tmp_path), "RINGBACK_METRICS_PORT": "0"}
        asked = [
            subprocess.Popen(
                [sys.executable, "-m", "streams", *command], env=os.environ | at, stderr=subprocess.PIPE, text=True
            )
            for command in (["topics", "check"], ["topics", "create"], ["worker"])
        ]
        said = [one.communicate(timeout=SOON_S)[1] for one in asked]
    assert [one.returncode for one in asked] == [1, 1, 1]
    for text in said:
        line = text.splitlines()[-1]
        assert f"the Kafka broker at {kafka.bootstrap} gives {unknown} as an address of its own" in line
        assert "the name broker-1.invalid is not known" in line and "advertised.listeners" in line
        assert "ringback broker" not in line and "Traceback" not in text


def test_a_host_without_a_name_or_with_an_odd_one_is_no_matter(cluster: Cluster) -> None:
    program = 'import socket, sys; socket.gethostname = lambda: "Bob\'s Mac / ë"; from streams.cli.group import run; '
    cluster.command = ("-c", program + "sys.exit(run(['worker']))")
    worker = cluster.worker()
    worker.wait_ready()
    worker.stop()
    assert worker.exit_code == 0


async def test_no_environment_an_odd_zone_an_ascii_locale_and_no_standard_streams_are_no_matter(
    cluster: Cluster,
) -> None:
    odd = {
        "TZ": "Asia/Kolkata",
        "LC_ALL": "POSIX",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONOPTIMIZE": "2",
    }
    settings = cluster.settings()
    given = {f"RINGBACK_{name.upper()}": str(getattr(settings, name)) for name in ("broker", "prefix", "app")}
    given |= {"RINGBACK_STATE_DIR": str(cluster.folder / "state"), "RINGBACK_METRICS_PORT": "0"}

    def without_streams() -> None:
        os.closerange(0, 3)

    command = [sys.executable, "-m", "streams", "worker"]
    with subprocess.Popen(command, env=odd | given, preexec_fn=without_streams) as process:
        try:
            await works(cluster)
            opened = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
        finally:
            process.terminate()
    assert process.returncode == 0
    assert opened == [os.devnull] * 3
