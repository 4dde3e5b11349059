"""One real Kafka for all processes that run tests side by side.

Whoever started these processes owns it, and starts it when the first of them asks. So it outlives each of them, and on
Linux it never outlives its owner.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener

from streams.dev.broker import EmbeddedKafka

STOP = "stop"
KAFKA = "kafka"


@dataclass(frozen=True)
class SharedKafka:
    """bootstrap: HOST:PORT for clients."""

    bootstrap: str


@contextmanager
def own_kafka() -> Iterator[SharedKafka]:
    """A Kafka on a free port, with its data in a temporary folder.

    It compacts nothing within the hour: tests compare every record that is written, also on compacted topics.
    """
    with EmbeddedKafka(more={"log.cleaner.backoff.ms": "3600000"}) as broker:
        yield SharedKafka(broker.bootstrap)


def asked_for(address: str) -> SharedKafka:
    """The Kafka of the owner who answers at `address`. Raises what its start raised."""
    with Client(address) as owner:
        owner.send(KAFKA)
        answer = owner.recv()
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(answer, SharedKafka)
    return answer


class Owner:
    """Answers those who ask, one after the other; `address` is where."""

    def __init__(self) -> None:
        self._listener = Listener()
        self.address = str(self._listener.address)
        self._kafka: SharedKafka | None = None
        # The kernel ends the broker with the thread that started it: that is this one, which lives until the end.
        self._thread = threading.Thread(target=self._serve, name="owner of the shared Kafka")
        self._thread.start()

    def stop(self) -> None:
        """Stop Kafka, if anybody has asked for it; harmless twice."""
        if self._thread.is_alive():
            with Client(self.address) as owner:
                owner.send(STOP)
            self._thread.join()
            self._listener.close()

    def _serve(self) -> None:
        with ExitStack() as stack:
            asked = KAFKA
            while asked != STOP:
                with suppress(EOFError, OSError), self._listener.accept() as asker:
                    asked = asker.recv()
                    if asked == KAFKA:
                        self._answer(asker, stack)

    def _answer(self, asker: "Connection[SharedKafka | Exception, str]", stack: ExitStack) -> None:
        try:
            self._kafka = self._kafka or stack.enter_context(own_kafka())
        except Exception as error:
            asker.send(error)
        else:
            asker.send(self._kafka)
