"""Workers on a Kafka with TLS, SASL and access rights."""
