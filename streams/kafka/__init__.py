"""Kafka as the worker uses it: clients, credentials, reading, transactions, the administration of topics."""
