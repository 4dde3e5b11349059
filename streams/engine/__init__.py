"""What carries the decisions: partitions, their due index, and the Kafka edge around them."""
