"""One Kafka node or a cluster of three, each of which can be killed and started again; workers reach it by a proxy."""

import base64
import subprocess
import time
import uuid
from pathlib import Path

from streams.broker.java import format_storage, free_ports, java_command, launch
from tests.faults.proxy import HOST, Proxies

START_TIMEOUT_S = 90.0

_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=DIRECT://{host}:{direct},PROXIED://{host}:{proxied},CONTROLLER://{host}:{controller}
advertised.listeners=DIRECT://{host}:{direct},PROXIED://{host}:{proxy}
controller.listener.names=CONTROLLER
inter.broker.listener.name=DIRECT
listener.security.protocol.map=DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes=2621440
log.message.timestamp.after.max.ms=9223372036854775807
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor={copies}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
min.insync.replicas={in_sync}
log.cleaner.dedupe.buffer.size=16777216
"""


class Brokers:
    """`count` nodes, each broker and controller. direct, proxied: what to begin with, past the proxies or by them."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.proxies = Proxies()
        self._folder = folder
        self._java = java_command(print)
        ports = free_ports(HOST, 4 * count)
        self._ports = [ports[4 * node : 4 * node + 4] for node in range(count)]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * count

    @property
    def direct(self) -> str:
        """For those whose network stays up."""
        return ",".join(f"{HOST}:{ports[0]}" for ports in self._ports)

    @property
    def proxied(self) -> str:
        """For the workers."""
        return ",".join(f"{HOST}:{ports[2]}" for ports in self._ports)

    def __enter__(self) -> "Brokers":
        self.proxies.__enter__()
        cluster = "R" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        for node, (_, proxied, proxy, _) in enumerate(self._ports):
            self.proxies.open(proxy, proxied)
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

    def start(self, node: int) -> None:
        """Start it again, with its data and its ports; in the main thread, since the child dies with its thread."""
        self._launch(node)

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
        direct, proxied, proxy, controller = self._ports[node]
        path = self._home(node) / "server.properties"
        path.parent.mkdir(parents=True)
        path.write_text(
            _PROPERTIES.format(
                host=HOST, node=node + 1, data=self._home(node) / "data", direct=direct, proxied=proxied, proxy=proxy,
                controller=controller, copies=self.count, in_sync=max(1, self.count - 1),
                voters=",".join(f"{number + 1}@{HOST}:{ports[3]}" for number, ports in enumerate(self._ports)),
            )
        )  # fmt: skip
        return path
