"""`ringback doctor`: what is found in records and answers, and what of it on a real Kafka."""
