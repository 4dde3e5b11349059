"""The registry that `/metrics` exposes, and what all metrics share.

Labels are bounded: topics and code words of the catalog, partition numbers, and the campaigns that a setting names;
never a contact, a callback or a phone number. Times are in seconds.
"""

import prometheus_client
from prometheus_client import CollectorRegistry

from topics.names import TopicName

REGISTRY = CollectorRegistry()
# A second series for each counter and histogram, with the instant of its creation, which no dashboard of ours queries.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
prometheus_client.ProcessCollector(registry=REGISTRY)
prometheus_client.PlatformCollector(registry=REGISTRY)
prometheus_client.GCCollector(registry=REGISTRY)

SHORT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LATENESS_BUCKETS = (*SHORT_BUCKETS, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400)
"""Up to a day: a campaign that is off at night makes callbacks late by hours."""
AGE_BOUNDS_S = (10, 60, 300, 900, 1800, 3600, 21600, 86400)
"""Of what waits or is open now: each bound is one that an alert or a person asks for."""

COMMAND_TOPICS = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS)
