"""What the topics say, kept in SQLite so that it can be searched: read from Kafka, forgotten without loss."""
