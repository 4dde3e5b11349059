"""Workers on a real Kafka."""
