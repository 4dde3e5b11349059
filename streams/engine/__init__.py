"""What carries the decisions: a loop for each partition held, with its transactions, and what they need of Kafka."""
