"""Cases of the recording rules: what was scraped, and what they make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from grafana.ringback_rules import RECORDINGS
from tests.grafana.promtool.cases import ELSEWHERE, Rows, placed, values

Samples = Mapping[str, float]
"""Values by the labels beside the installation's, as `state="due"`; nothing: there is no series."""

ROUNDED = 10_000
"""Shares are quotients of rates: compared are four digits."""
NAMES = [rule.name for group in RECORDINGS.values() for rule in group]


@dataclass(frozen=True)
class Recorded:
    """What is claimed, what was scraped, and what rules make of it at an instant (or several)."""

    claim: str
    rows: Rows
    at: Mapping[str, Mapping[str, Samples]]
    every: str = "15s"
    elsewhere: Rows = field(default_factory=dict)

    def as_yaml(self) -> dict[str, Any]:
        """As promtool reads it; the same is scraped of other installations, but for `elsewhere`, and is kept apart."""
        rows = {placed(row): text for row, text in self.rows.items()}
        for of in ELSEWHERE:
            rows |= {placed(row, of): text for row, text in {**self.rows, **self.elsewhere}.items()}
        return {
            "name": self.claim,
            "interval": self.every,
            "input_series": [{"series": series, "values": values(text)} for series, text in rows.items()],
            "promql_expr_test": [
                {"expr": f"round({placed(name)}, {1 / ROUNDED})", "eval_time": at, "exp_samples": _samples(samples)}
                for at, rules in self.at.items()
                for name, samples in rules.items()
            ],
        }


def _samples(samples: Samples) -> list[dict[str, Any]]:
    return [
        {"labels": placed(f"{{{labels}}}"), "value": round(value * ROUNDED) / ROUNDED if isfinite(value) else value}
        for labels, value in samples.items()
    ]


def about(name: str) -> list[Recorded]:
    """The cases of a rule, without what they say of others."""
    said = ({at: {name: rules[name]} for at, rules in case.at.items() if name in rules} for case in ALL)
    found = (replace(case, at=at) for case, at in zip(ALL, said, strict=True))
    return [case for case in found if case.at]


def as_yaml(cases: Sequence[Recorded], rules: Sequence[str], groups: Sequence[str], every: str) -> dict[str, Any]:
    """A file of tests, as promtool reads it."""
    return {
        "rule_files": list(rules),
        "evaluation_interval": every,
        "group_eval_order": list(groups),
        "tests": [case.as_yaml() for case in cases],
    }


def twice(metric: str, labels: str = "") -> Rows:
    """A gauge of three partitions: 5, 7 and 11; 7 is shown by two workers, as 6 by the one that gives it up."""
    more = f", {labels}" if labels else ""
    return {
        f'{metric}{{instance="{worker}", partition="{partition}"{more}}}': f"{value}*60"
        for worker, partition, value in (("a", 0, 5), ("a", 1, 6), ("b", 1, 7), ("b", 2, 11))
    }


SUMS = {
    "callbacks_outstanding": ("ringback_callbacks_outstanding", 'state="due"'),
    "callbacks_due_within_minute": ("ringback_callbacks_due_within_minute", ""),
    "callbacks_overdue": ("ringback_callbacks_overdue", 'waits_for="rate"'),
    "overdue_seconds_bucket": ("ringback_overdue_seconds_bucket", 'waits_for="rate", le="60.0"'),
    "command_age_seconds_bucket": ("ringback_command_age_seconds_bucket", 'topic="dial-preview", le="60.0"'),
    "timers_retried": ("ringback_timers_retried", ""),
    "campaign_outstanding": ("ringback_campaign_outstanding", 'campaign="spring", state="due"'),
    "campaign_overdue": ("ringback_campaign_overdue", 'campaign="spring", waits_for="rate"'),
    "consumer_lag": ("ringback_consumer_lag", 'topic="wrap-up"'),
}
ONCE = [
    Recorded(
        f"{name}: a partition that two workers show counts once",
        {**twice(metric, labels), **(twice(metric, other) if labels else {})},
        {"1m": {f"ringback:{name}:sum": {labels: 23, **({other: 23} if labels else {})}}},
    )
    for name, (metric, labels) in SUMS.items()
    for other in [labels.replace('"due"', '"dialing"').replace('"rate"', '"hold"').replace("-up", "-down") or ""]
]

HELD = 'ringback_partition_ready{instance="a", partition="0"}'
ALSO_HELD = 'ringback_partition_ready{instance="b", partition="0"}'
PARTITIONS = [
    Recorded(
        "a partition counts once, and is ready if it is so on one worker",
        {
            'ringback_contact_partitions{instance="a"}': "4*20",
            'ringback_contact_partitions{instance="b"}': "0*20",
            'ringback_worker_ready{instance="a"}': "1*20",
            'ringback_worker_ready{instance="b"}': "0*20",
            'up{instance="a"}': "1*20",
            'up{instance="b"}': "1*20",
            'up{instance="c"}': "0*20",
            'up{instance="n", job="node"}': "1*20",
            HELD: "0*20",
            ALSO_HELD: "1*20",
            HELD.replace('"0"', '"1"'): "0*20",
            HELD.replace('"0"', '"2"'): "1*20",
        },
        {
            "1m": {
                "ringback:workers_up:sum": {"": 2},
                "ringback:workers_ready:sum": {"": 1},
                "ringback:partitions:max": {"": 4},
                "ringback:partitions_held:count": {"": 3},
                "ringback:partitions_ready:count": {"": 2},
                "ringback:partitions_missing:count": {"": 2},
            }
        },
    ),
    Recorded(
        "a worker of several processes is ready when each of them is",
        {
            'ringback_worker_ready{instance="a", process="1"}': "1*20",
            'ringback_worker_ready{instance="a", process="2"}': "1*8 0*12",
            'ringback_worker_ready{instance="b", process="1"}': "1*20",
            'ringback_worker_ready{instance="b", process="2"}': "1*20",
        },
        {
            "1m": {"ringback:workers_ready:sum": {"": 2}},
            "3m": {"ringback:workers_ready:sum": {"": 1}},
        },
    ),
    Recorded(
        "nobody holds a partition",
        {'ringback_contact_partitions{instance="a"}': "3*20"},
        {
            "1m": {
                "ringback:partitions_held:count": {"": 0},
                "ringback:partitions_ready:count": {"": 0},
                "ringback:partitions_missing:count": {"": 3},
            }
        },
    ),
    Recorded(
        "all workers are dead: for an hour it is known how many partitions are missing",
        {'ringback_contact_partitions{instance="a"}': "3*5 stale", HELD: "1*5 stale"},
        {
            "4m": {"ringback:partitions_missing:count": {"": 2}},
            "5m": {"ringback:partitions_missing:count": {"": 3}},
            "64m": {"ringback:partitions_missing:count": {"": 3}, "ringback:partitions_held:count": {"": 0}},
            "65m": {"ringback:partitions_missing:count": {}, "ringback:partitions:max": {}},
        },
        "1m",
    ),
]

LATE = 'ringback_lateness_seconds_count{{instance="{}", topic="{}", cause="{}"}}'.format
IN_TIME = 'ringback_lateness_seconds_bucket{{instance="{}", topic="{}", cause="{}", le="{}"}}'.format
OTHER_BOUNDS = {
    IN_TIME("a", topic, cause, bound): "0+100*60"
    for topic in ("dial-preview", "dial-analysis")
    for cause in ("none", "backlog", "rate")
    for bound in ("0.5", "2.5", "+Inf")
}
LATENESS = [
    Recorded(
        "a share of what the worker itself made late, of both topics",
        {
            **OTHER_BOUNDS,
            LATE("a", "dial-preview", "none"): "0+60*60",
            IN_TIME("a", "dial-preview", "none", "1.0"): "0+60*60",
            LATE("a", "dial-analysis", "backlog"): "0+40*60",
            IN_TIME("a", "dial-analysis", "backlog", "1.0"): "0+15*60",
            LATE("a", "dial-preview", "rate"): "0+100*60",
            IN_TIME("a", "dial-preview", "rate", "1.0"): "0+1*60",
        },
        {
            "50m": {
                "ringback:lateness_own:ratio_rate5m": {"": 0.25},
                "ringback:lateness_own:ratio_rate30m": {"": 0.25},
                "ringback:lateness_own:ratio_rate1h": {"": 0.25},
                "ringback:lateness_own:ratio_rate6h": {"": 0.25},
                "ringback:lateness_own:ratio_rate3d": {"": 0.25},
                "ringback:lateness_own_late:increase1h": {"": 1250},
                "ringback:lateness_own_late:increase6h": {"": 1250},
                "ringback:lateness_own_late:increase3d": {"": 1250},
            }
        },
        "1m",
    ),
    *(
        Recorded(
            f"a window of {name} forgets what is older",
            {
                LATE("a", "dial-preview", "none"): f"0+100*{5 * length}",
                IN_TIME("a", "dial-preview", "none", "1.0"): f"0*{length + 1} 100+100*{3 * length}",
            },
            {
                f"{(length + length // 2) * minutes}m": {f"ringback:lateness_own:ratio_rate{name}": {"": 0.5}}
                if length > 5
                else {},
                f"{(2 * length - 1) * minutes}m": {
                    f"ringback:lateness_own:ratio_rate{name}": {"": 1 - (length - 1) / length}
                }
                if length > 5
                else {},
                f"{(2 * length + 1) * minutes}m": {
                    f"ringback:lateness_own:ratio_rate{name}": {"": 0},
                    **({f"ringback:lateness_own_late:increase{name}": {"": 0}} if name in ("1h", "6h", "3d") else {}),
                },
            },
            f"{minutes}m",
        )
        for name, minutes, length in (("5m", 1, 5), ("30m", 5, 6), ("1h", 5, 12), ("6h", 30, 12), ("3d", 360, 12))
    ),
    Recorded(
        "no commands, no share",
        {LATE("a", "dial-preview", "none"): "7*60", IN_TIME("a", "dial-preview", "none", "1.0"): "5*60"},
        {
            "50m": {
                **{f"ringback:lateness_own:ratio_rate{window}": {} for window in ("5m", "30m", "1h", "6h", "3d")},
                "ringback:lateness_own_late:increase1h": {"": 0},
            }
        },
        "1m",
    ),
    Recorded(
        "more than a minute late: by cause, those before the first scrape of a new process included",
        {
            'process_start_time_seconds{instance="a"}': "-9000*200",
            'process_start_time_seconds{instance="b"}': "_*40 570*200",
            LATE("a", "dial-preview", "outage"): "9*40 11*200",
            IN_TIME("a", "dial-preview", "outage", "60.0"): "3*40 3*200",
            IN_TIME("a", "dial-preview", "outage", "30.0"): "1*240",
            LATE("b", "dial-preview", "outage"): "_*40 5*200",
            IN_TIME("b", "dial-preview", "outage", "60.0"): "_*40 1*200",
            LATE("b", "dial-analysis", "rate"): "_*40 2*200",
            IN_TIME("b", "dial-analysis", "rate", "60.0"): "_*40 0*200",
        },
        {
            "12m": {
                "ringback:lateness_over_minute:count": {
                    'instance="a", topic="dial-preview", cause="outage"': 8,
                    'instance="b", topic="dial-preview", cause="outage"': 4,
                    'instance="b", topic="dial-analysis", cause="rate"': 2,
                },
            },
            "24m15s": {"ringback:lateness_over_minute:increase15m": {'cause="outage"': 6, 'cause="rate"': 2}},
            "24m30s": {"ringback:lateness_over_minute:increase15m": {'cause="outage"': 2, 'cause="rate"': 0}},
            "40m": {
                "ringback:lateness_over_minute:increase15m": {'cause="outage"': 0, 'cause="rate"': 0},
            },
        },
    ),
    Recorded(
        "within an hour, and their share of all commands",
        {
            'process_start_time_seconds{instance="b"}': "_*40 2370*200",
            LATE("b", "dial-preview", "none"): "_*40 30*200",
            IN_TIME("b", "dial-preview", "none", "60.0"): "_*40 30*200",
            LATE("b", "dial-analysis", "rate"): "_*40 10*200",
            IN_TIME("b", "dial-analysis", "rate", "60.0"): "_*40 0*200",
        },
        {
            "99m": {
                "ringback:lateness_over_minute:increase1h": {'cause="none"': 0, 'cause="rate"': 10},
                "ringback:lateness_over_minute:ratio_rate1h": {'cause="none"': 0, 'cause="rate"': 0.25},
            },
            "100m": {
                "ringback:lateness_over_minute:increase1h": {'cause="none"': 0, 'cause="rate"': 0},
                "ringback:lateness_over_minute:ratio_rate1h": {},
            },
        },
        "1m",
    ),
]

REASON = 'ringback_transition_reasons_total{{instance="a", transition="{}", reason="{}"}}'.format
TRANSITION = 'ringback_transitions_total{{instance="{}", transition="{}"}}'.format
COMMANDS = 'ringback_commands_total{{instance="{}", topic="{}"}}'.format
FLOWS = [
    Recorded(
        "rates of all workers together",
        {
            COMMANDS("a", "dial-preview"): "0+15*60",
            COMMANDS("b", "dial-preview"): "0+30*60",
            TRANSITION("a", "due"): "0+15*60",
            TRANSITION("b", "due"): "0+15*60",
            REASON("blocked", "dnc"): "0+15*60",
        },
        {
            "10m": {
                "ringback:commands:rate5m": {'topic="dial-preview"': 3},
                "ringback:transitions:rate5m": {'transition="due"': 2},
                "ringback:transition_reasons:rate5m": {'transition="blocked", reason="dnc"': 1},
            }
        },
    ),
    Recorded(
        "five minutes after the last, rates are 0",
        {
            COMMANDS("a", "dial-preview"): "0+15*21 300*60",
            TRANSITION("a", "due"): "0+15*21 300*60",
            REASON("blocked", "dnc"): "0+15*21 300*60",
        },
        {
            at: {
                "ringback:commands:rate5m": {'topic="dial-preview"': rate},
                "ringback:transitions:rate5m": {'transition="due"': rate},
                "ringback:transition_reasons:rate5m": {'transition="blocked", reason="dnc"': rate},
            }
            for at, rate in (("9m", 0.2), ("10m", 0.0))
        },
    ),
    Recorded(
        "the share of blocked ones, of all whose turn came",
        {
            COMMANDS("a", "dial-preview"): "0+3*200",
            COMMANDS("b", "dial-analysis"): "0+3*200",
            TRANSITION("a", "blocked"): "0+2*200",
            TRANSITION("a", "completed"): "0+50*200",
            REASON("blocked", "dnc"): "0+2*200",
            REASON("blocked", "too_soon"): "0+1*200",
            REASON("expired", "too_late"): "0+9*200",
        },
        {
            "40m": {
                "ringback:blocked:ratio_rate30m": {'reason="dnc"': 0.25, 'reason="too_soon"': 0.125},
                "ringback:blocked:ratio_rate1d": {'reason="dnc"': 0.25, 'reason="too_soon"': 0.125},
                "ringback:blocked:increase30m": {'reason="dnc"': 240, 'reason="too_soon"': 120},
            }
        },
    ),
    *(
        Recorded(
            f"a window of {name} forgets what is older",
            {
                COMMANDS("a", "dial-preview"): f"0+{minutes}*99",
                TRANSITION("a", "blocked"): f"0+{minutes}*5 {4 * minutes}*94",
                REASON("blocked", "dnc"): f"0+{minutes}*5 {4 * minutes}*94",
            },
            {
                f"{at * minutes}m": {
                    f"ringback:blocked:ratio_rate{name}": {'reason="dnc"': late / (late + length)},
                    **({"ringback:blocked:increase30m": {'reason="dnc"': late * minutes}} if name == "30m" else {}),
                }
                for at, late in ((length + 3, 1), (length + 4, 0))
            },
            f"{minutes}m",
        )
        for name, minutes, length in (("30m", 1, 30), ("1d", 60, 24))
    ),
    Recorded(
        "nobody's turn came",
        {
            COMMANDS("a", "dial-preview"): "5*200",
            TRANSITION("a", "blocked"): "3*200",
            REASON("blocked", "dnc"): "3*200",
        },
        {"40m": {"ringback:blocked:ratio_rate30m": {}, "ringback:blocked:ratio_rate1d": {}}},
    ),
    Recorded(
        "the oldest of all",
        twice("ringback_oldest_overdue_seconds", 'waits_for="rate"'),
        {"1m": {"ringback:oldest_overdue_seconds:max": {'waits_for="rate"': 11}}},
    ),
    Recorded(
        "dead letters of all workers within 15 minutes, and of a new process before its first scrape",
        {
            'process_start_time_seconds{instance="a"}': "-9000*200",
            'process_start_time_seconds{instance="b"}': "_*40 570*200",
            'ringback_dead_letters_total{instance="a", code="invalid"}': "4*40 6*200",
            'ringback_dead_letters_total{instance="b", code="invalid"}': "_*40 3*200",
        },
        {
            "24m15s": {"ringback:dead_letters:increase15m": {'code="invalid"': 5}},
            "24m30s": {"ringback:dead_letters:increase15m": {'code="invalid"': 2}},
            "25m15s": {"ringback:dead_letters:increase15m": {'code="invalid"': 0}},
        },
    ),
    Recorded(
        "how far the worst partition is behind",
        {
            'ringback_contact_partitions{instance="a"}': "3*60",
            **twice("ringback_consumer_lag", 'topic="wrap-up"'),
            'ringback_consumer_lag{instance="a", partition="0", topic="holds"}': "4*60",
            'ringback_events_total{instance="a", topic="wrap-up", type="wrap_up", result="applied"}': "0+15*60",
            'ringback_events_total{instance="b", topic="wrap-up", type="unread", result="dead_letter"}': "0+15*60",
        },
        {
            "10m": {
                "ringback:consumer_lag:max": {'topic="wrap-up"': 11, 'topic="holds"': 4},
                "ringback:consumer_lag_seconds:max": {'topic="wrap-up"': 16.5},
            }
        },
    ),
    Recorded(
        "five minutes without an event count for how far it is behind",
        {
            'ringback_contact_partitions{instance="a"}': "1*60",
            'ringback_consumer_lag{instance="a", partition="0", topic="wrap-up"}': "2*60",
            'ringback_events_total{instance="a", topic="wrap-up", type="wrap_up", result="applied"}': "0+15*21 300*60",
        },
        {
            "9m": {"ringback:consumer_lag_seconds:max": {'topic="wrap-up"': 10}},
            "10m": {"ringback:consumer_lag_seconds:max": {'topic="wrap-up"': float("inf")}},
        },
    ),
    Recorded(
        "the longest of all workers",
        {
            'ringback_configuration_held_back_seconds{instance="a", topic="holds"}': "3*9",
            'ringback_configuration_held_back_seconds{instance="b", topic="holds"}': "5*9",
            'ringback_configuration_held_back_seconds{instance="b", topic="campaigns"}': "0*9",
        },
        {"1m": {"ringback:configuration_held_back_seconds:max": {'topic="holds"': 5, 'topic="campaigns"': 0}}},
    ),
    Recorded(
        "commands of 5 to 15 minutes ago: written, and without an outcome",
        {
            'process_start_time_seconds{instance="a"}': "-9000*200",
            COMMANDS("a", "dial-preview"): "0+1*200",
            **{
                f'ringback_command_age_seconds_bucket{{partition="0", topic="dial-preview", le="{bound}"}}': text
                for bound, text in (("60.0", "1*99"), ("300.0", "4*99"), ("900.0", "9*99"), ("1800.0", "20*99"))
            },
        },
        {
            "20m": {
                "ringback:commands_5m_to_15m_open:sum": {'topic="dial-preview"': 5},
                "ringback:commands_5m_to_15m_written:sum": {'topic="dial-preview"': 40},
            }
        },
    ),
    Recorded(
        "of a new process, those before its first scrape are five minutes old after five minutes",
        {
            'process_start_time_seconds{instance="a"}': "_*40 570*200",
            COMMANDS("a", "dial-analysis"): "_*40 30*200",
        },
        {
            "14m15s": {"ringback:commands_5m_to_15m_written:sum": {'topic="dial-analysis"': 0}},
            "14m30s": {"ringback:commands_5m_to_15m_written:sum": {'topic="dial-analysis"': 30}},
            "24m15s": {"ringback:commands_5m_to_15m_written:sum": {'topic="dial-analysis"': 30}},
            "24m30s": {"ringback:commands_5m_to_15m_written:sum": {'topic="dial-analysis"': 0}},
        },
    ),
]
STARTED = 'process_start_time_seconds{instance="a"}'
COUNTERS = {
    "ringback:dead_letters:increase15m": (
        'code="invalid"',
        {'ringback_dead_letters_total{instance="a", code="invalid"}': "{}"},
    ),
    "ringback:lateness_over_minute:increase15m": (
        'cause="rate"',
        {LATE("a", "dial-preview", "rate"): "{}", IN_TIME("a", "dial-preview", "rate", "60.0"): "0*200"},
    ),
    "ringback:lateness_over_minute:increase1h": (
        'cause="rate"',
        {LATE("a", "dial-preview", "rate"): "{}", IN_TIME("a", "dial-preview", "rate", "60.0"): "0*200"},
    ),
    "ringback:commands_5m_to_15m_written:sum": (
        'topic="dial-preview"',
        {COMMANDS("a", "dial-preview"): "{}"},
    ),
}
"""Rules that count what was before the first scrape of a new process, and the counters they rest on."""


def counting(counter: Rows, text: str) -> Rows:
    return {series: text if values == "{}" else values for series, values in counter.items()}


BEGUN = [
    case
    for name, (labels, counter) in COUNTERS.items()
    for case in (
        Recorded(
            f"{name}: what a process counted before it was restarted counts as well",
            {STARTED: "-9000*20 300*200", **counting(counter, "0*18 4*2 1*200")},
            {"12m": {name: {labels: 5}}},
        ),
        Recorded(
            f"{name}: a series that is new while its process is not, as after a failed scrape, is no growth",
            {STARTED: "-9000*240", **counting(counter, "_*40 5*200")},
            {"16m": {name: {labels: 0}}},
            elsewhere={STARTED: "500*240"},
        ),
        Recorded(
            f"{name}: that of a process that has just started is",
            {STARTED: "500*240", **counting(counter, "_*20 5*200")},
            {"14m": {name: {labels: 5}}},
            elsewhere={STARTED: "-9000*240"},
        ),
        Recorded(
            f"{name}: another worker that has just started does not count for it",
            {
                STARTED: "-9000*240",
                STARTED.replace('"a"', '"b"'): "500*240",
                **counting(counter, "_*40 5*200"),
            },
            {"16m": {name: {labels: 0}}},
        ),
    )
]
SHARE = [
    Recorded(
        "a share of the commands of an hour, and of none before",
        {
            STARTED: "-9000*200",
            LATE("a", "dial-preview", "none"): "0+1*31 30*200",
            IN_TIME("a", "dial-preview", "none", "60.0"): "0+1*31 30*200",
            LATE("a", "dial-preview", "rate"): "0*70 10*200",
            IN_TIME("a", "dial-preview", "rate", "60.0"): "0*270",
        },
        {
            "80m": {"ringback:lateness_over_minute:ratio_rate1h": {'cause="none"': 0, 'cause="rate"': 0.5}},
            "100m": {"ringback:lateness_over_minute:ratio_rate1h": {'cause="none"': 0, 'cause="rate"': 1}},
            "129m": {"ringback:lateness_over_minute:increase1h": {'cause="none"': 0, 'cause="rate"': 10}},
            "130m": {"ringback:lateness_over_minute:increase1h": {'cause="none"': 0, 'cause="rate"': 0}},
        },
        "1m",
    ),
    Recorded(
        "a share of the commands of a process that was restarted, and of those before",
        {
            STARTED: "-9000*20 1200*200",
            LATE("a", "dial-preview", "rate"): "0*18 4*2 1*200",
            IN_TIME("a", "dial-preview", "rate", "60.0"): "0*220",
        },
        {"40m": {"ringback:lateness_over_minute:ratio_rate1h": {'cause="rate"': 1}}},
        "1m",
    ),
    Recorded(
        "no share of the commands of a process that is not new",
        {
            STARTED: "-9000*200",
            LATE("a", "dial-preview", "none"): "_*20 5*200",
            IN_TIME("a", "dial-preview", "none", "60.0"): "_*20 5*200",
        },
        {"40m": {"ringback:lateness_over_minute:ratio_rate1h": {}}},
        "1m",
        {STARTED: "1200*240"},
    ),
]
ALL = (*ONCE, *PARTITIONS, *LATENESS, *FLOWS, *BEGUN, *SHARE)
