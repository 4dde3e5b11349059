"""The one source of all rules for Prometheus: recording rules and alerts. `grafana/build_rules.py` writes them as YAML.

docs/decisions/0051-rules-and-alerts.md says why these alerts and these thresholds.
"""

from grafana.ringback_rules import callbacks, engine, events, recordings
from grafana.ringback_rules.model import Alert, Recording

ALERTS: tuple[Alert, ...] = (*engine.ALERTS, *callbacks.ALERTS, *events.ALERTS)
RECORDINGS: dict[str, tuple[Recording, ...]] = recordings.GROUPS

__all__ = ["ALERTS", "RECORDINGS", "Alert", "Recording"]
