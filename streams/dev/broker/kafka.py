"""The embedded Kafka itself: one node in KRaft mode that starts, is waited for, and is always stopped.

It keeps one copy of everything and speaks plain text on the loopback address: never put it into production.
"""

import base64
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from streams.base.errors import OperatorError
from streams.dev.broker.java import Say, assert_free, format_storage, free_ports, java_command, last_words, launch
from streams.dev.children import stop

HOST = "127.0.0.1"
DEFAULT_PORT = 9092
START_TIMEOUT_S = 60
FREE_PORT_ATTEMPTS = 3

# A dead letter carries its whole original, which may have 1 MB, and headers: the broker's own limit of 1 MB is too low.
# A worker on a stepped clock stamps its records with instants that may lie ahead of the broker's clock.
# The broker's own least session timeout of 6 s is lowered so that a test of a lost worker need not wait that long.
SHARED_PROPERTIES = """\
process.roles=broker,controller
auto.create.topics.enable=false
message.max.bytes=2621440
log.message.timestamp.after.max.ms=9223372036854775807
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""
"""Settings of a node on a development machine, whatever its listeners are."""

_PROPERTIES = (
    SHARED_PROPERTIES
    + """\
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
"""
)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class EmbeddedKafka:
    """One Kafka node as a context manager; `bootstrap` is its address while it runs.

    port: 0 takes a free one. data_dir: kept, and used again by the next start with the same folder; without one the
    data lies in a temporary folder that goes with the broker. say: called with what takes long. more: broker settings
    besides ours, by their Kafka names.

    Enter it in a thread that lives as long as the broker shall, best the main one: on Linux the kernel kills the
    broker when the thread that started it ends, so that it cannot outlive a killed parent. Elsewhere only the ordinary
    stop ends it. It has a process group of its own: Ctrl-C in a terminal reaches the parent alone, which stops the
    broker last.
    """

    def __init__(
        self, port: int = 0, data_dir: Path | None = None, say: Say = _say, more: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self.data_dir = data_dir
        self._say = say
        self._more = "".join(f"{name}={value}\n" for name, value in (more or {}).items())
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = contextlib.ExitStack()
        self._home = Path()

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients."""
        return f"{HOST}:{self.port}"

    @property
    def log_file(self) -> Path:
        """What Kafka says, until the broker stops (longer when the folder is kept)."""
        return self._home / "kafka.log"

    @property
    def pid(self) -> int | None:
        """Process id of the broker while it runs."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until clients can connect.

        Raises OperatorError: the packages are missing, cannot be downloaded, the port is taken, or Kafka ended.
        """
        if self.port:
            assert_free(HOST, self.port)
        java = java_command(self._say)
        self._home = self._prepare_folder()
        try:
            self._start(java)
        except BaseException:
            self.stop()
            raise

    def wait(self) -> None:
        """Return when the broker has ended by itself, which is an error. Raises OperatorError."""
        assert self._process is not None, "wait() needs a started broker"
        code = self._process.wait()
        raise OperatorError(f"Kafka ended by itself with code {code}. Last words: {last_words(self._log())}")

    def stop(self) -> None:
        """Stop the broker, by force after 10 s, and remove its data unless `data_dir` is given; harmless twice."""
        if self._process is not None:
            stop(self._process)
            self._process = None
        self._folder.close()

    def _prepare_folder(self) -> Path:
        if self.data_dir is None:
            folder = tempfile.mkdtemp(prefix="ringback-kafka-")
            self._folder.callback(shutil.rmtree, folder, ignore_errors=True)
            return Path(folder)
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(
                f"cannot make the data folder {self.data_dir}: {error.strerror}. Choose another with --data-dir"
            ) from None
        return self.data_dir.resolve()

    def _start(self, java: list[str]) -> None:
        fixed = self.port != 0
        for attempt in range(1, FREE_PORT_ATTEMPTS + 1):
            controller_port, free_port = free_ports(HOST, 2)
            self.port = self.port if fixed else free_port
            properties = self._write_properties(controller_port)
            # A folder that was formatted before is used again, with all that is in it.
            if not (self._home / "data" / "meta.properties").exists():
                # The first character is fixed, since an id that begins with "-" would be read as an option.
                cluster_id = "R" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
                format_storage(java, properties, cluster_id)
            self._process = launch(java, properties, self.log_file)
            if self._await_ready():
                return
            self._process = None
            # Between our look and Kafka's start another process may have taken a free port; then new ones are tried.
            if "Address already in use" not in self._log() or attempt == FREE_PORT_ATTEMPTS:
                raise OperatorError(f"Kafka did not start. Last words: {last_words(self._log())}")

    def _write_properties(self, controller_port: int) -> Path:
        properties = self._home / "server.properties"
        data = self._home / "data"
        own = _PROPERTIES.format(host=HOST, port=self.port, controller_port=controller_port, data=data)
        properties.write_text(own + self._more, encoding="utf-8")
        return properties

    def _await_ready(self) -> bool:
        """Say whether Kafka has started (True) or ended (False). Raises OperatorError after START_TIMEOUT_S."""
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if "Kafka Server started" in self._log():
                return True
            if self._process.poll() is not None:
                return False
            time.sleep(0.05)
        raise OperatorError(f"Kafka did not start within {START_TIMEOUT_S} s. Last words: {last_words(self._log())}")

    def _log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")
