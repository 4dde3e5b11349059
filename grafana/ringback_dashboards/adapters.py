"""Adapters: what becomes of what another system sends. Empty where none runs."""

from typing import Any

from grafana.ringback_dashboards.parts import graph
from grafana.ringback_dashboards.promql import highest, increase, rate, total

NONE = "No adapter"
ONE = "{{adapter}} {{instance}}"
OF_ONE = ("adapter", "instance")


def panels() -> list[Any]:
    """The row of the page."""
    results = rate("ringback_adapter_records_total", group=("adapter", "result"))
    reasons = increase("ringback_adapter_skipped_total", group=("adapter", "reason"))
    return [
        graph("Records of adapters by result", "Records each second, by what became of them.",
              {"{{adapter}} {{result}}": results}, "short", size=(8, 8), none=NONE),
        graph("Skipped by adapters", "Records that were skipped on purpose, by reason.",
              {"{{adapter}} {{reason}}": reasons}, "short", size=(8, 8), none=NONE),
        graph("Rows of adapters", "What adapters remember, and keep in memory.",
              {"{{adapter}}": total("ringback_adapter_rows", group=("adapter",))}, "short", size=(8, 8), none=NONE),
        graph("Halves that are overdue", "How long the first row has been due while not all that was sent is read.",
              {ONE: highest("ringback_adapter_overdue_seconds", group=OF_ONE)}, "s", size=(8, 8),
              steps=((None, "green"), (60, "red")), none=NONE),
        graph("Partitions held by adapters", "Of the raw and the keyed topic.",
              {ONE: highest("ringback_adapter_partitions_held", group=OF_ONE)}, "short", size=(8, 8), none=NONE),
        graph("Adapters that joined again", "After an error they give up all partitions.",
              {"{{adapter}}": increase("ringback_adapter_rejoins_total", group=("adapter",))}, "short", size=(8, 8),
              none=NONE),
    ]  # fmt: skip
