"""The local copies of what Kafka holds: rows of contacts, the Do Not Call snapshot, the folder they lie in."""
