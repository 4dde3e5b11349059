"""An Apache Kafka of one node, out of packages alone, for the demo, the tests and a first try; never for production."""

from streams.dev.broker.kafka import DEFAULT_PORT, HOST, EmbeddedKafka

__all__ = ["DEFAULT_PORT", "HOST", "EmbeddedKafka"]
