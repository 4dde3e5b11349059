"""A Prometheus beside workers on this machine: it scrapes them and evaluates the alert rules, and is always stopped."""

from streams.dev.observe.prometheus import Prometheus, prometheus_command
from streams.dev.observe.rules import rule_files

__all__ = ["Prometheus", "prometheus_command", "rule_files"]
