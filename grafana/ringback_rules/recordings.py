"""Recording rules: what dashboards and alerts share, each partition counted once.

Two workers may show the same partition for as long as a scrape takes to come round, so a gauge of partitions is summed
over the largest of each. Of a worker with several processes each series has the label `process`; of others it is empty.
"""

from grafana.ringback_rules.model import INSTALLATION as K
from grafana.ringback_rules.model import UP, Bound, Recording
from streams.base.metrics.registry import AGE_BOUNDS_S, LATENESS_BUCKETS

OWN = 'cause=~"none|backlog|outage|acquisition"'
"""Causes of lateness that are the worker's."""
MINUTE = {"late": Bound(60, bounds=LATENESS_BUCKETS)}
BAND = {"young": Bound(300, bounds=AGE_BOUNDS_S), "old": Bound(900, bounds=AGE_BOUNDS_S)}
"""Of the commands that a dialer that is well has answered for the most part."""


def once(metric: str, meaning: str, *labels: str) -> Recording:
    """The sum of a gauge, each partition counted once."""
    name = metric.removeprefix("ringback_")
    kept = ", ".join((K, *labels))
    return Recording(
        f"ringback:{name}:sum", f"sum by ({kept}) (max by ({kept}, partition) ({metric}))", meaning, labels
    )


def grown(counter: str, span: str) -> str:
    """Whether a counter has grown by more than `$none` within a span, or before the first scrape of a new process."""
    return f"""
{counter} > $none and on ({K}, instance, process) time() - process_start_time_seconds < <{span}>
or
increase({counter}[{span}]) > $none"""


def begun(counter: str, span: str, span_s: str = "") -> str:
    """The increase of a counter; of a process that is younger than the span its value, where that is more.

    A process may have counted before it was scraped for the first time, which no increase shows. span_s: the span in
    seconds, where it is the number of a rule.
    """
    return f"""(
  ({counter} unless increase({counter}[{span}]) > {counter})
    and on ({K}, instance, process) time() - process_start_time_seconds < {span_s or f"<{span}>"}
  or
  increase({counter}[{span}])
)"""


def late_share(span: str) -> Recording:
    """The share of the commands that the worker itself made late."""
    return Recording(
        f"ringback:lateness_own:ratio_rate{span}",
        f"""
1 - sum by ({K}) (rate(ringback_lateness_seconds_bucket{{{OWN}, le="1.0"}}[{span}]))
  / (sum by ({K}) (rate(ringback_lateness_seconds_count{{{OWN}}}[{span}])) > 0)""",
        f"share of commands more than a second late by the worker's own causes, over {span}; nothing without commands",
    )


def late_number(span: str) -> Recording:
    """The number of such commands."""
    return Recording(
        f"ringback:lateness_own_late:increase{span}",
        f"""
sum by ({K}) (increase(ringback_lateness_seconds_count{{{OWN}}}[{span}]))
  - sum by ({K}) (increase(ringback_lateness_seconds_bucket{{{OWN}, le="1.0"}}[{span}]))""",
        f"number of commands more than a second late by the worker's own causes, over {span}",
    )


def over_a_minute(span: str) -> Recording:
    """The number of commands more than a minute late, those of a start included."""
    return Recording(
        f"ringback:lateness_over_minute:increase{span}",
        f"sum by ({K}, cause) {begun('ringback:lateness_over_minute:count', span)}",
        f"number of commands more than a minute late, over {span}, by cause",
        ("cause",),
    )


def blocked_share(span: str) -> Recording:
    """Of all callbacks whose turn came, how many a check blocked."""
    return Recording(
        f"ringback:blocked:ratio_rate{span}",
        f"""
sum by ({K}, reason) (rate(ringback_transition_reasons_total{{transition="blocked"}}[{span}]))
  / on ({K}) group_left ()
  (
    sum by ({K}) (rate(ringback_commands_total[{span}]))
    + sum by ({K}) (rate(ringback_transitions_total{{transition="blocked"}}[{span}]))
    > 0
  )""",
        f"share of callbacks whose turn came that were blocked for this reason, over {span}",
        ("reason",),
    )


WORKERS = (
    Recording("ringback:workers_up:sum", f"sum by ({K}) ({UP})", "workers whose /metrics answers"),
    Recording(
        "ringback:workers_ready:sum",
        f"sum by ({K}) (min by ({K}, instance) (ringback_worker_ready))",
        "workers that are ready, with all of their processes",
    ),
    Recording(
        "ringback:partitions:max",
        f"max by ({K}) (max_over_time(ringback_contact_partitions[1h]))",
        "how many contact partitions there are; known for an hour after the last worker has gone",
    ),
    Recording(
        "ringback:partitions_held:count",
        f"count by ({K}) (count by ({K}, partition) (ringback_partition_ready)) or 0 * ringback:partitions:max",
        "partitions that a worker holds, each counted once",
    ),
    Recording(
        "ringback:partitions_ready:count",
        f"count by ({K}) (max by ({K}, partition) (ringback_partition_ready) == 1) or 0 * ringback:partitions:max",
        "partitions that are ready on a worker, each counted once",
    ),
    Recording(
        "ringback:partitions_missing:count",
        "ringback:partitions:max - ringback:partitions_ready:count",
        "partitions whose callbacks do not go out, also when no worker is left",
    ),
)
CALLBACKS = (
    once("ringback_callbacks_outstanding", "outstanding callbacks by state", "state"),
    once("ringback_callbacks_due_within_minute", "callbacks that fall due within a minute"),
    once("ringback_callbacks_overdue", "callbacks due for more than a second, by what they wait for", "waits_for"),
    Recording(
        "ringback:oldest_overdue_seconds:max",
        f"max by ({K}, waits_for) (ringback_oldest_overdue_seconds)",
        "how long ago the oldest of them fell due",
        ("waits_for",),
    ),
    once("ringback_overdue_seconds_bucket", "how long ago they fell due (no rate)", "waits_for", "le"),
    once("ringback_command_age_seconds_bucket", "ages of commands without an outcome (no rate)", "topic", "le"),
    once("ringback_timers_retried", "timers that are retried after an internal error"),
    once("ringback_campaign_outstanding", "outstanding callbacks of a named campaign", "campaign", "state"),
    once("ringback_campaign_overdue", "overdue callbacks of a named campaign", "campaign", "waits_for"),
    Recording(
        "ringback:commands:rate5m",
        f"sum by ({K}, topic) (rate(ringback_commands_total[5m]))",
        "dial commands a second",
        ("topic",),
    ),
    Recording(
        "ringback:transitions:rate5m",
        f"sum by ({K}, transition) (rate(ringback_transitions_total[5m]))",
        "transitions a second",
        ("transition",),
    ),
    Recording(
        "ringback:transition_reasons:rate5m",
        f"sum by ({K}, transition, reason) (rate(ringback_transition_reasons_total[5m]))",
        "reasons of transitions a second",
        ("transition", "reason"),
    ),
)
DIALER = (
    Recording(
        "ringback:commands_5m_to_15m_open:sum",
        """
ringback:command_age_seconds_bucket:sum{le="$old"}
  - ignoring (le) ringback:command_age_seconds_bucket:sum{le="$young"}""",
        "commands written 5 to 15 minutes ago that have no outcome",
        ("topic",),
        BAND,
    ),
    Recording(
        "ringback:commands_5m_to_15m_written:sum",
        f"""
sum by ({K}, topic) {begun("ringback_commands_total", "${old_range}", "${old_s}")}
-
sum by ({K}, topic) {begun("ringback_commands_total", "${young_range}", "${young_s}")}""",
        "commands written 5 to 15 minutes ago",
        ("topic",),
        BAND,
    ),
)
LATENESS = (
    *(late_share(span) for span in ("5m", "30m", "1h", "6h", "3d")),
    *(late_number(span) for span in ("1h", "6h", "3d")),
    Recording(
        "ringback:lateness_over_minute:count",
        'ringback_lateness_seconds_count - ignoring (le) ringback_lateness_seconds_bucket{le="$late"}',
        "a counter: commands more than a minute late, of each process",
        ("instance", "process", "topic", "cause"),
        MINUTE,
    ),
    over_a_minute("15m"),
    over_a_minute("1h"),
    Recording(
        "ringback:lateness_over_minute:ratio_rate1h",
        f"""
ringback:lateness_over_minute:increase1h
  / on ({K}) group_left ()
  (sum by ({K}) {begun("ringback_lateness_seconds_count", "1h")} > 0)""",
        "share of commands more than a minute late, over 1h, by cause",
        ("cause",),
    ),
)
EVENTS = (
    blocked_share("30m"),
    blocked_share("1d"),
    Recording(
        "ringback:blocked:increase30m",
        f"""
sum by ({K}, reason) (increase(ringback_transition_reasons_total{{transition="blocked"}}[30m]))""",
        "number of callbacks blocked for this reason, over 30m",
        ("reason",),
    ),
    Recording(
        "ringback:dead_letters:increase15m",
        f"sum by ({K}, code) {begun('ringback_dead_letters_total', '15m')}",
        "dead letters of the last 15m, those of a start included",
        ("code",),
    ),
    once("ringback_consumer_lag", "records that are not applied yet", "topic"),
    Recording(
        "ringback:consumer_lag:max",
        f"max by ({K}, topic) (ringback_consumer_lag)",
        "records that are not applied yet, of the worst partition",
        ("topic",),
    ),
    Recording(
        "ringback:consumer_lag_seconds:max",
        f"""
ringback:consumer_lag:max * on ({K}) group_left ringback:partitions:max
  / on ({K}, topic)
  sum by ({K}, topic) (rate(ringback_events_total[5m]))""",
        "how far the worst partition is behind, at the present rate of events; +Inf when nothing moves",
        ("topic",),
    ),
    Recording(
        "ringback:configuration_held_back_seconds:max",
        f"max by ({K}, topic) (ringback_configuration_held_back_seconds)",
        "for how long somebody's open transaction has hidden records",
        ("topic",),
    ),
)
GROUPS = {
    "ringback-workers": WORKERS,
    "ringback-callbacks": (*CALLBACKS, *DIALER),
    "ringback-lateness": LATENESS,
    "ringback-events": EVENTS,
}
