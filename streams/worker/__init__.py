"""The worker process: its start and end, its HTTP endpoints, what it watches."""
