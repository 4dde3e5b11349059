"""What the producer and the dialer need of Kafka, with confluent-kafka.

Settings are those of a worker, from the environment: RINGBACK_BROKER, RINGBACK_PREFIX, RINGBACK_SECURITY_PROTOCOL and
so on. What cannot be read or written ends the program; whoever starts it again goes on where it was.
"""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

PREFIX = os.environ.get("RINGBACK_PREFIX", "ringback.")
GROUP = f"{PREFIX}dialer"
SETTINGS = {
    "bootstrap.servers": "RINGBACK_BROKER",
    "security.protocol": "RINGBACK_SECURITY_PROTOCOL",
    "sasl.mechanism": "RINGBACK_SASL_MECHANISM",
    "sasl.username": "RINGBACK_SASL_USERNAME",
    "sasl.password": "RINGBACK_SASL_PASSWORD",
    "ssl.ca.location": "RINGBACK_TLS_CA_FILE",
    "ssl.certificate.location": "RINGBACK_TLS_CERT_FILE",
    "ssl.key.location": "RINGBACK_TLS_KEY_FILE",
}


def connection() -> dict[str, Any]:
    """How to reach Kafka."""
    given = {name: os.environ[variable] for name, variable in SETTINGS.items() if variable in os.environ}
    if "ssl.certificate.location" in given:
        given.setdefault("ssl.key.location", given["ssl.certificate.location"])
    return {"bootstrap.servers": "127.0.0.1:9092"} | given


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


class Lost(Exception):
    """Another dialer has been given the partition: it reads the command again."""


class Events:
    """Sends events of contacts, each once, to the partition of its contact."""

    def __init__(self) -> None:
        # The default of librdkafka is another hash than that of Java's client.
        own = {"partitioner": "murmur2_random", "enable.idempotence": True, "acks": "all", "linger.ms": 0}
        self._producer = Producer(connection() | own)

    def send(self, topic: str, event: dict[str, Any]) -> None:
        """Return when Kafka has it. topic: without prefix. Raises KafkaException."""
        failures: list[KafkaError | None] = []
        key = f"{event['contact_list_id']}|{event['contact_id']}"
        value = json.dumps({"occurred_at": now().isoformat()} | event)
        self._producer.produce(
            PREFIX + topic, value.encode(), key.encode(), on_delivery=lambda error, _: failures.append(error)
        )
        self._producer.flush()
        if failures[0] is not None:
            raise KafkaException(failures[0])


class Commands:
    """The commands of this dialer's partitions, one after the other.

    How far it has come is kept by Kafka: the offset of its group in each partition, and as metadata of that offset the
    id of the command that stands there, once its call has been begun.
    """

    def __init__(self) -> None:
        own = {
            "group.id": GROUP, "isolation.level": "read_committed", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "partition.assignment.strategy": "range", "session.timeout.ms": 6000,
        }  # fmt: skip
        self._consumer = Consumer(connection() | own)
        self._consumer.subscribe([f"{PREFIX}dial-preview", f"{PREFIX}dial-analysis"])

    def __iter__(self) -> Iterator[Message]:
        while True:
            record = self._consumer.poll(1.0)
            if record is not None and record.error() is not None:
                raise KafkaException(record.error())
            if record is not None:
                yield record

    def begun(self, record: Message) -> str:
        """The command of the partition whose call was begun, and whose end nobody has committed; else empty."""
        (committed,) = self._consumer.committed([TopicPartition(record.topic(), record.partition())])
        return committed.metadata or ""

    def commit(self, record: Message, offset: int, begun: str = "") -> None:
        """Keep in Kafka how far this dialer has come in the record's partition. Raises Lost."""
        place = TopicPartition(record.topic(), record.partition(), offset, begun)
        try:
            (kept,) = self._consumer.commit(offsets=[place], asynchronous=False)
        except KafkaException as error:
            _raise(error.args[0])
        if kept.error is not None:
            _raise(kept.error)


class Answers:
    """What Ringback answers to placement requests, from now on. me: what requests have as `reply_to`."""

    def __init__(self) -> None:
        own = {"group.id": GROUP, "isolation.level": "read_committed", "enable.auto.commit": False}
        self.me = uuid4().hex
        self._consumer = Consumer(connection() | own)
        topic = f"{PREFIX}placement-decided"
        partitions = self._consumer.list_topics(topic).topics[topic].partitions
        # Without a group: each dialer reads all answers, and takes those to its own address.
        self._consumer.assign([self._end(topic, number) for number in partitions])

    def _end(self, topic: str, number: int) -> TopicPartition:
        _, end = self._consumer.get_watermark_offsets(TopicPartition(topic, number))
        return TopicPartition(topic, number, end)

    def to(self, request_id: str, within_s: float) -> dict[str, Any] | None:
        """The answer to a request of this dialer; None if it does not come in time."""
        until = time.monotonic() + within_s
        while (left_s := until - time.monotonic()) > 0:
            record = self._consumer.poll(left_s)
            if record is not None and record.error() is not None:
                raise KafkaException(record.error())
            answer: dict[str, Any] = {} if record is None else json.loads(record.value())
            if answer.get("reply_to") == self.me and answer["request_id"] == request_id:
                return answer
        return None


def _raise(error: KafkaError) -> None:
    left = {KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.REBALANCE_IN_PROGRESS}
    raise Lost if error.code() in left else KafkaException(error)
