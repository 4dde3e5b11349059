"""One Kafka node or a cluster of three, each of which can be killed and started again.

Workers reach it through proxies, by one of two networks.
"""

import base64
import subprocess
import time
import uuid
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from signal import Signals

from streams.dev.broker.java import format_storage, java_command, launch
from streams.dev.broker.kafka import SHARED_PROPERTIES
from tests.faults.proxy import HOST, Proxies
from tests.ports import reserved_ports

START_TIMEOUT_S = 90.0

_PROPERTIES = (
    SHARED_PROPERTIES
    + """\
node.id={node}
controller.quorum.voters={voters}
listeners=DIRECT://{host}:{direct},EAST://{host}:{east},WEST://{host}:{west},CONTROLLER://{host}:{controller}
advertised.listeners=DIRECT://{host}:{direct},EAST://{host}:{east_proxy},WEST://{host}:{west_proxy}
controller.listener.names=CONTROLLER
inter.broker.listener.name=DIRECT
listener.security.protocol.map=DIRECT:PLAINTEXT,EAST:PLAINTEXT,WEST:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
offsets.topic.num.partitions=4
offsets.topic.segment.bytes=1048576
offsets.topic.replication.factor={copies}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
min.insync.replicas={in_sync}
"""
)


NETWORKS = 2


@dataclass(frozen=True)
class Ports:
    """Of one node; the proxies are what workers connect to."""

    direct: int
    east: int
    west: int
    east_proxy: int
    west_proxy: int
    controller: int


class Brokers:
    """`count` nodes, each broker and controller."""

    def __init__(self, folder: Path, count: int, proxies: Proxies | None = None) -> None:
        self.count = count
        self.proxies = proxies or Proxies(NETWORKS)
        self._folder = folder
        self._java = java_command(print)
        self._ports = [Ports(*reserved_ports(HOST, len(fields(Ports)))) for _ in range(count)]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * count

    @property
    def direct(self) -> str:
        """What those begin with whose network stays up."""
        return ",".join(f"{HOST}:{ports.direct}" for ports in self._ports)

    def proxied(self, network: int = 0) -> str:
        """What a worker begins with that is on this network."""
        return ",".join(f"{HOST}:{(ports.east_proxy, ports.west_proxy)[network]}" for ports in self._ports)

    def __enter__(self) -> "Brokers":
        self.proxies.__enter__()
        cluster = "R" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        for node, ports in enumerate(self._ports):
            self.proxies.open(0, ports.east_proxy, ports.east)
            self.proxies.open(1, ports.west_proxy, ports.west)
            format_storage(self._java, self._properties(node), cluster)
            self._launch(node)
        self.await_started(*range(self.count))
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process is not None:
                process.kill()
                process.wait()
        self.proxies.__exit__()

    def kill(self, node: int) -> None:
        """SIGKILL; its data stay."""
        process = self._processes[node]
        assert process is not None
        process.kill()
        process.wait()
        self._processes[node] = None

    def signal(self, node: int, number: Signals) -> None:
        """Send a signal, for instance SIGSTOP and SIGCONT."""
        process = self._processes[node]
        assert process is not None
        process.send_signal(number)

    def start(self, node: int) -> None:
        """Start it again, with its data and its ports; in the main thread, since the child dies with its thread."""
        self._launch(node)

    def runs(self, node: int) -> bool:
        """Whether it was started and not killed since."""
        return self._processes[node] is not None

    def move(self, node: int, port: int) -> None:
        """Give a node that was killed another address on the first network: `port`, and no other."""
        (east,) = reserved_ports(HOST, 1)
        self._ports[node] = replace(self._ports[node], east=east, east_proxy=port)
        self.proxies.open(0, port, east)
        self._properties(node)

    def data(self, node: int) -> Path:
        """Where a node has its logs."""
        return self._home(node) / "data"

    def await_started(self, *nodes: int) -> None:
        """Return when these nodes have started. Raises TimeoutError."""
        deadline = time.monotonic() + START_TIMEOUT_S
        for node in nodes:
            while not (self._log(node).exists() and "Kafka Server started" in self._log(node).read_text()):
                process = self._processes[node]
                if time.monotonic() > deadline or process is None or process.poll() is not None:
                    raise TimeoutError(f"Kafka did not start: {self._log(node).read_text()[-2000:]}")
                time.sleep(0.05)

    def _launch(self, node: int) -> None:
        self._log(node).unlink(missing_ok=True)
        self._processes[node] = launch(self._java, self._home(node) / "server.properties", self._log(node))

    def _home(self, node: int) -> Path:
        return self._folder / f"broker-{node + 1}"

    def _log(self, node: int) -> Path:
        return self._home(node) / "kafka.log"

    def _properties(self, node: int) -> Path:
        path = self._home(node) / "server.properties"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            _PROPERTIES.format(
                host=HOST, node=node + 1, data=self._home(node) / "data", copies=self.count,
                in_sync=max(1, self.count - 1), **asdict(self._ports[node]),
                voters=",".join(f"{number + 1}@{HOST}:{ports.controller}" for number, ports in enumerate(self._ports)),
            )
        )  # fmt: skip
        return path
