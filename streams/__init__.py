"""Ringback: dial commands on Kafka when the scheduled callbacks of outbound campaigns fall due."""
