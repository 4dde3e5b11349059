"""Ringback: dial commands on Kafka when the scheduled callbacks of outbound campaigns fall due."""

from streams import former_names

former_names.install()
