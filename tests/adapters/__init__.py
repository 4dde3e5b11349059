"""Adapters without Kafka: what becomes of what another system says."""
