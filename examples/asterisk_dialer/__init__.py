"""A dialer that calls through Asterisk: docs/dialers.md says how to run it, what it promises, and what to copy."""
