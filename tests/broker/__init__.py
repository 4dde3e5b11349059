"""The Kafka of a development machine: it starts, survives and stops."""
