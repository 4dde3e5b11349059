"""What the workers read: rows of the page *Engine and recovery*."""

from typing import Any

from grafana.ringback_dashboards.parts import graph, rows
from grafana.ringback_dashboards.promql import highest, quantile, rate, total

WORKER = ("instance", "process")
TOPIC = ("topic",)


def events() -> list[Any]:
    """Events of contact topics: lag, rate, and how long they take."""
    shares = (0.5, 0.99)
    answers = {f"p{share * 100:g}": quantile(share, "ringback_request_to_answer_seconds") for share in shares}
    effects = quantile(0.99, "ringback_event_to_effect_seconds", group=TOPIC)
    return [
        graph("Consumer lag by topic", "Records that no worker has applied yet, each partition counted once.",
              {"{{topic}}": total("ringback_consumer_lag", group=TOPIC)}, "short", size=(6, 8),
              alerts=["RingbackConsumerLag"]),
        graph("Events by type", "Events read and answered, by type.",
              {"{{type}}": rate("ringback_events_total", group=("type",))}, "cps", size=(6, 8), stack=True),
        graph("From event to effect, p99", "From the timestamp of an event's record to the commit of its effect.",
              {"{{topic}}": effects}, "s", size=(6, 8), none="No event in this time"),
        graph("From request to answer", "From the timestamp of a placement request's record to the commit of "
              "its answer.",
              answers, "s", size=(6, 8), none="No request in this time"),
    ]  # fmt: skip


def configuration() -> list[Any]:
    """Configuration: what is known, whether all workers know the same, and what holds it back."""
    behind = f"max by (topic) ({highest('ringback_configuration_offset', group=(*TOPIC, *WORKER))}) - min by (topic) "
    behind += f"({highest('ringback_configuration_offset', group=(*TOPIC, *WORKER))})"
    return [
        rows("Configuration", "Records that stand, the next offset, and by how many offsets the workers differ. "
             "Workers with the same offset know the same version.",
             {"records": highest("ringback_configuration_records", group=TOPIC),
              "offset": highest("ringback_configuration_offset", group=TOPIC), "differ": behind},
             columns={"topic": "Topic", "Value #A": "Records", "Value #B": "Offset", "Value #C": "Workers differ by"},
             size=(12, 9), none="No worker"),
        graph("Held back by open transactions", "How long somebody's open transaction has held back the records of a "
              "configuration topic.",
              {"{{topic}}": highest("ringback_configuration_held_back_seconds", group=TOPIC)}, "s", size=(12, 9),
              steps=((None, "green"), (60, "yellow")), alerts=["RingbackConfigurationHeldBack"]),
        graph("Do Not Call entries", "Entries that each worker has loaded. Workers that differ for long do not read "
              "the same list.", {"{{instance}} {{process}}": highest("ringback_dnc_entries", group=WORKER)}, "short",
              alerts=["RingbackDncDiffers"]),
        graph("Do Not Call records read", "Records read from the topic of Do Not Call entries.",
              {"{{instance}} {{process}}": rate("ringback_dnc_records_read_total", group=WORKER)}, "cps",
              alerts=["RingbackDncDiffers"]),
    ]  # fmt: skip
