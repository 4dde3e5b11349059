"""The core on a virtual clock, without Kafka."""
