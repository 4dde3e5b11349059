"""One contact partition, short of Kafka."""
