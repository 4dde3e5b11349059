"""Faust's consumer and its thread, opened where Faust leaves no way in: the client it makes, and what it delivers."""

from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP


class OpenThread(driver.AIOKafkaConsumerThread):
    """The thread that owns the connection; a subclass says what client it reads with."""

    def make_client(self) -> Any:
        """An aiokafka consumer that is not started: Faust fixes its isolation level, and how long a fetch is held."""
        raise NotImplementedError

    def _create_worker_consumer(self, transport: Any) -> Any:
        return self.make_client()

    @property
    def client(self) -> Any:
        """The aiokafka consumer. Raises ConsumerNotStarted."""
        return self._ensure_consumer()

    @property
    def client_if_started(self) -> Any:
        """The same; None before it has been made."""
        return self._consumer


class OpenConsumer(driver.Consumer):
    """Faust's consumer; a subclass says what thread it has."""

    def make_thread(self) -> OpenThread:
        """The thread, made once; Faust has no setting for its class."""
        raise NotImplementedError

    def _new_consumer_thread(self) -> OpenThread:
        return self.make_thread()

    @property
    def thread(self) -> Any:
        """What `make_thread` made."""
        return self._thread

    @property
    def active_partitions(self) -> set[TP]:
        """The partitions that are fetched: not those that are paused, nor those whose agent's queue is full."""
        return self._get_active_partitions()

    def deliver_again(self, tp: TP) -> None:
        """Forget how far a partition was delivered: Faust drops what is below, and notes old offsets after a seek."""
        self._read_offset[tp] = None
