"""Kafka Streams doing the same work in Java: found, compiled and started from here. A JDK is needed for this alone."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import msgspec

from benchmarks.peers.peer import Place
from streams.base.errors import OperatorError
from streams.dev.broker.java import KAFKA_VERSION

HERE = Path(__file__).parent
SUMS = HERE / "jars.sha256"
MAIN = "KafkaStreamsPeer"
ENDPOINT = "+".join(
    [
        f"org.apache.kafka:kafka-streams:{KAFKA_VERSION}",
        "com.fasterxml.jackson.datatype:jackson-datatype-jsr310:2.19.2",
        "org.bouncycastle:bcprov-jdk18on:1.82",
        "org.slf4j:slf4j-simple:1.7.36",
    ]
)
JAVA_OPTIONS = ("-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


def missing() -> str | None:
    """What of a JDK is not there."""
    absent = [tool for tool in ("java", "javac") if _tool(tool) is None]
    return f"no {' and no '.join(absent)}: install a JDK, 17 or later, or set JAVA_HOME" if absent else None


def command(place: Place) -> list[str]:
    """Compile it, and say how to start it. Raises OperatorError."""
    classes, rules = Path(place.folder) / "classes", Path(place.folder) / "rule-set.json"
    jars = _jars()
    rules.write_bytes(msgspec.json.encode(place.workload.rule_set()))
    compiled = subprocess.run(
        [str(_tool("javac")), "-Xlint:all", "-d", str(classes), "-cp", os.pathsep.join(jars), *_sources()],
        capture_output=True,
        text=True,
        check=False,
    )
    if compiled.returncode:
        raise OperatorError(f"the Kafka Streams peer does not compile: {compiled.stdout}{compiled.stderr}")
    path = os.pathsep.join([str(classes), *jars])
    arguments = [place.broker, place.prefix, place.group, str(place.state()), str(rules)]
    return [str(_tool("java")), *JAVA_OPTIONS, "-cp", path, MAIN, *arguments]


def rows(place: Place) -> str:
    """The changelog of its store, as Streams names it."""
    return f"{place.group}-rows-changelog"


def java_version() -> str:
    """What runs it."""
    told = subprocess.run([str(_tool("java")), "-version"], capture_output=True, text=True, check=False)
    return next(iter(told.stderr.splitlines()), "unknown")


def _tool(name: str) -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which(name, path=str(Path(home) / "bin")) if home else shutil.which(name)


def _sources() -> list[str]:
    return [str(path) for path in sorted(HERE.glob("*.java"))]


def _jars() -> list[str]:
    """The jars from Maven Central, each with the digest that is written down. Raises OperatorError."""
    import truststore

    truststore.inject_into_ssl()  # As for the broker: behind a proxy, the machine's own certificates.
    try:
        import jgo

        jars = [Path(str(jar)) for jar in jgo.build(ENDPOINT).all_jars]
    except Exception as error:  # jgo raises what its HTTP client and its parsers raise.
        raise OperatorError(f"cannot get the jars of Kafka Streams: {error}") from error
    finally:
        truststore.extract_from_ssl()
    check(jars)
    return [str(jar) for jar in jars]


def check(jars: list[Path]) -> None:
    """Raise OperatorError unless these are the jars, byte for byte, that `jars.sha256` names."""
    wanted = {name: digest for digest, name in (line.split() for line in SUMS.read_text().splitlines())}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    if found != wanted:
        others = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        raise OperatorError(f"the jars of Kafka Streams are not those that were written down: {', '.join(others)}")
