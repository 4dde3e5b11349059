"""The embedded Kafka starts, carries transactions, keeps its data when asked to, and never outlives its parent."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.base.errors import OperatorError
from streams.dev.broker import EmbeddedKafka
from streams.dev.broker.java import last_words
from tests.ports import reserved_ports

pytestmark = pytest.mark.kafka

PARENT = """
import sys, time
from streams.dev.broker import EmbeddedKafka
with EmbeddedKafka() as kafka:
    print(kafka.pid, kafka.log_file.parent, flush=True)
    time.sleep(120)
"""


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"max.message.bytes": "2097152"})])
    await admin.close()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed", group_id=None
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    values = [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(count)]
    await consumer.stop()
    return values


async def write(bootstrap: str, topic: str, value: bytes, commit: bool = True) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"{topic}-writer", max_request_size=3_000_000
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topic, value)
    await (producer.commit_transaction() if commit else producer.abort_transaction())
    await producer.stop()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def ended(pid: int, within_s: float = 10) -> bool:
    """True when the process is gone, or only waits to be collected."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


async def test_a_reader_of_committed_records_sees_no_aborted_one(kafka, prefix):
    topic = f"{prefix}transactions"
    await create_topic(kafka.bootstrap, topic)
    await write(kafka.bootstrap, topic, b"aborted", commit=False)
    await write(kafka.bootstrap, topic, b"committed")
    assert await read(kafka.bootstrap, topic, 1) == [b"committed"]


async def test_a_record_of_two_megabytes_fits(kafka, prefix):
    topic = f"{prefix}large"
    await create_topic(kafka.bootstrap, topic)
    await write(kafka.bootstrap, topic, b"x" * 2_000_000)
    assert len((await read(kafka.bootstrap, topic, 1))[0]) == 2_000_000


def test_a_data_folder_is_kept_and_used_again_on_the_same_port(tmp_path):
    folder, (port,) = tmp_path / "kafka", reserved_ports("127.0.0.1", 1)
    with EmbeddedKafka(port=port, data_dir=folder) as first:
        asyncio.run(create_topic(first.bootstrap, "kept"))
        asyncio.run(write(first.bootstrap, "kept", b"before"))
    with EmbeddedKafka(port=port, data_dir=folder) as second:
        assert second.bootstrap == first.bootstrap
        asyncio.run(write(second.bootstrap, "kept", b"after"))
        assert asyncio.run(read(second.bootstrap, "kept", 2)) == [b"before", b"after"]


def test_a_temporary_folder_goes_with_the_broker():
    broker = EmbeddedKafka()
    with broker:
        folder, pid = broker.log_file.parent, broker.pid
        assert folder.exists()
        assert pid
    assert not folder.exists()
    assert ended(pid, within_s=0.1)
    broker.stop()  # Once more does no harm.


def test_a_port_that_is_taken_is_named_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=rf"127\.0\.0\.1:{port}: Address already in use\. .*--port"):
            EmbeddedKafka(port=port).start()


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match=r"cannot make the data folder .*--data-dir"):
        EmbeddedKafka(data_dir=tmp_path / "file" / "data").start()


def test_a_kafka_that_ends_at_once_leaves_its_last_words_and_no_process(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("not a property of Kafka")
    broker = EmbeddedKafka(data_dir=tmp_path)
    with pytest.raises(OperatorError, match=r"Kafka did not start\. Last words: .") as error:
        broker.start()
    assert "\n" not in str(error.value)
    assert broker.pid is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a child ask to die with its parent")
def test_a_broker_does_not_outlive_a_parent_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        pid, folder = first_line(parent).split()
        os.kill(parent.pid, signal.SIGKILL)
        assert ended(int(pid))
    shutil.rmtree(folder)  # Nobody was left to remove it.


def test_an_interrupt_from_the_terminal_reaches_the_parent_and_not_the_broker():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, process_group=0) as parent:
        pid = int(first_line(parent).split()[0])
        assert os.getpgid(pid) != os.getpgid(parent.pid)
        os.killpg(parent.pid, signal.SIGINT)
        parent.wait(20)
        assert ended(pid)


def test_without_a_way_to_the_jars_one_line_tells_where_they_are_looked_for(tmp_path):
    environment = os.environ | {
        "JGO_CACHE_DIR": str(tmp_path / "jgo"),
        "M2_REPO": str(tmp_path / "m2"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "streams", "broker", "--port", "0"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("ringback: cannot get Apache Kafka")
    assert "repo.maven.apache.org" in line
    assert "HTTPS_PROXY" in line


def test_last_words_leave_out_stack_frames_and_empty_lines():
    assert last_words("one\n\ntwo\n\tat a.b.c\nthree\nfour\n") == "two / three / four"
    assert last_words("") == "(none)"
