"""What is remembered of a contact, what it can be told, and what is said about it."""
