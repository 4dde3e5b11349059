"""The one place that makes Kafka clients: consumers, also that of the group, transactional producers, admin clients."""

from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from streams.base.settings import Settings
from streams.kafka.credentials import credentials
from streams.kafka.doubts import Doubts, abandon
from streams.library_internals.aiokafka.transactions_v2 import speak_v2

ANSWER_S = 10


def client_options(settings: Settings) -> dict[str, Any]:
    """What every aiokafka client of this process needs to reach the broker, as keyword arguments.

    Raises SettingsError when a file of certificates, keys or secrets cannot be used.
    """
    return {"bootstrap_servers": [address.strip() for address in settings.broker.split(",")], **credentials(settings)}


class Clients:
    """Makes clients that connect as `settings` say; `options` of each are aiokafka's own, beside those for connecting.

    answer_s: how long those who ask about topics wait for a broker.
    It is handed to whoever needs a client, so that a simulation or a test can hand over another one.
    All raise SettingsError when a file of certificates, keys or secrets cannot be used.
    """

    def __init__(self, settings: Settings, answer_s: int = ANSWER_S) -> None:
        self.settings = settings
        self.answer_s = answer_s

    def options(self) -> dict[str, Any]:
        """How to connect, as keyword arguments: for a client that is made elsewhere, as Faust makes its consumer."""
        return client_options(self.settings)

    def consumer(self, **options: Any) -> Any:
        """A consumer that is not connected yet."""
        return AIOKafkaConsumer(**self.options(), **options)

    def producer(self, **options: Any) -> Any:
        """A producer that is not connected yet; transactional with a `transactional_id`."""
        producer = AIOKafkaProducer(**self.options(), **options)
        if "transactional_id" in options and self.settings.transaction_protocol == 2:
            speak_v2(producer)
        return producer

    def admin(self, **options: Any) -> Any:
        """An admin client that is not connected yet."""
        return AIOKafkaAdminClient(**self.options(), **options)

    async def abandon(self, producer: Any, doubts: Doubts) -> None:
        """Let go of a producer in the middle of what it does: `stop` would wait until everything was delivered."""
        await abandon(producer, doubts)
