"""The unit of systemd."""
