"""What a change would do, tried on what the topics hold, in a process of its own."""
