"""What every Kafka client of this process is made with."""

from typing import Any

from streams.base.settings import Settings
from streams.kafka.credentials import credentials


def client_options(settings: Settings) -> dict[str, Any]:
    """What every aiokafka client of this process needs to reach the broker, as keyword arguments.

    Raises SettingsError when a file of certificates, keys or secrets cannot be used.
    """
    return {"bootstrap_servers": [address.strip() for address in settings.broker.split(",")], **credentials(settings)}
