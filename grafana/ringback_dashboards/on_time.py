"""On time, and if not, why? The first page to open."""

from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana.ringback_dashboards import findings
from grafana.ringback_dashboards.frame import alerts_now, frame
from grafana.ringback_dashboards.parts import CALM, as_text, bars, graph, number, rows
from grafana.ringback_dashboards.promql import OWN_CAUSES, WITHIN_OBJECTIVE, highest, quantile, rate, total

WORKER = 'waits_for="worker"'
CAMPAIGN = 'waits_for!="worker"'
AGES = {
    "10.0": "≤ 10 s", "60.0": "≤ 1 min", "300.0": "≤ 5 min", "900.0": "≤ 15 min",
    "1800.0": "≤ 30 min", "3600.0": "≤ 1 h", "21600.0": "≤ 6 h", "86400.0": "≤ 1 day", "+Inf": "> 1 day",
}  # fmt: skip
"""The bounds of the histograms of ages, in words."""


def older(metric: str, bound: str) -> str:
    """How many of a histogram of ages are older than a bound."""
    everything, younger = (total(f"{metric}_bucket", f'le="{le}"') for le in ("+Inf", bound))
    return f"{everything} - {younger}"


def build(docs: str) -> Dashboard:
    """The page."""
    page = frame(
        "ringback-on-time",
        "Ringback / On time, and if not, why?",
        "Whether callbacks go out at the second they are due, and if not, what they wait for and what to do.",
        docs,
    )
    for panel in (*_answer(), *_numbers()):
        page = page.with_panel(panel)
    for title, panels in (
        ("How late, and why", _lateness()), ("What is outstanding", _outstanding()),
        ("What went to the dialers", _commands()),
    ):  # fmt: skip
        page = page.with_row(Row(title))
        for panel in panels:
            page = page.with_panel(panel)
    return page


def _answer() -> list[Any]:
    every = (findings.ON_TIME, findings.NO_WORKER, *findings.FINDINGS)
    return [
        number(
            "Do callbacks go out on time?",
            "The first thing that is wrong with the chosen installations, whichever workers are chosen; the table "
            "beside has all of them. Red: the workers or Kafka make callbacks late. Yellow: a campaign, a "
            "rule or a person does.",
            findings.answer(), "none", ((None, "green"),), size=(12, 6), none="No answer from Prometheus",
            mappings=as_text({one.code: (one.text, one.color) for one in every}),
        ),
        rows(
            "What is wrong, and what to do",
            "Everything that is wrong now, the most urgent first. The runbook says what to do.",
            {"": findings.table()},
            columns={"Value": "Urgency", "finding": "What", "runbook": "Runbook"},
            size=(12, 6), link="Runbook", none="Nothing is wrong", widths={"Urgency": 80, "Runbook": 210},
        ),
    ]  # fmt: skip


def _numbers() -> list[Any]:
    own = f"{rate('ringback_lateness_seconds_count', OWN_CAUSES)}"
    share = f"{rate('ringback_lateness_seconds_bucket', OWN_CAUSES, WITHIN_OBJECTIVE)} / ({own} > 0)"
    late = ((None, "green"), (1, "red"))
    return [
        number("Overdue, wait for the workers", "Callbacks that fell due over a second ago, have no command, and wait "
               "for nothing but a worker. Those of partitions that no worker holds are not known here.",
               total("ringback_callbacks_overdue", WORKER), "short", late,
               none="No worker", alerts=["RingbackOldestOverdue"]),
        number("Oldest of them", "How long ago the oldest of them fell due.",
               highest("ringback_oldest_overdue_seconds", WORKER), "s",
               ((None, "green"), (1, "yellow"), (60, "red")), none="No worker", alerts=["RingbackOldestOverdue"]),
        number("Overdue, held by campaigns", "Callbacks that fell due over a second ago and wait because their "
               "campaign is off, cannot be read, or has a rate, or because somebody holds calls.",
               total("ringback_callbacks_overdue", CAMPAIGN), "short", ((None, "green"), (1, "yellow")),
               none="No worker", alerts=["RingbackCampaignLate"]),
        number("Due within a minute", "Callbacks that fall due within the next minute.",
               total("ringback_callbacks_due_within_minute"), "short", CALM, none="No worker"),
        number("Lateness p99, our own", "From due time to command, without what campaigns, rules and people asked for.",
               quantile(0.99, "ringback_lateness_seconds", OWN_CAUSES), "s",
               ((None, "green"), (1, "yellow"), (10, "red")), none="No command lately", decimals=2,
               alerts=["RingbackLate"]),
        number("Within 1 s, our own", "Share of commands within a second of the due time, without what campaigns, "
               "rules and people asked for. The objective is 99.9 %.", share, "percentunit",
               ((None, "red"), (0.99, "yellow"), (0.999, "green")), none="No command lately", decimals=2,
               alerts=["RingbackLatenessBurnFast", "RingbackLatenessBurnSlow"]),
    ]  # fmt: skip


def _lateness() -> list[Any]:
    return [
        graph("Lateness by cause, p99", "From due time to command. none, backlog, outage and acquisition are the "
              "workers' own; the others are what a campaign, a rule or a person asked for.",
              {"{{cause}}": quantile(0.99, "ringback_lateness_seconds", group=("cause",))}, "s",
              steps=((None, "green"), (1, "red")), exemplar=True, none="No command in this time",
              alerts=["RingbackLate", "RingbackCampaignLate"]),
        graph("Commands by cause of their delay", "How many commands were delayed by what; none is a command "
              "at its time.",
              {"{{cause}}": rate("ringback_lateness_seconds_count", group=("cause",))}, "cps", stack=True),
        graph("Overdue by what it waits for", "Callbacks that fell due over a second ago and have no command yet.",
              {"{{waits_for}}": total("ringback_callbacks_overdue", group=("waits_for",))}, "short", stack=True,
              alerts=["RingbackOldestOverdue", "RingbackCampaignLate"]),
        graph("Oldest overdue by what it waits for", "How long ago the oldest callback fell due that has no "
              "command yet.",
              {"{{waits_for}}": highest("ringback_oldest_overdue_seconds", group=("waits_for",))}, "s",
              steps=((None, "green"), (60, "red")), alerts=["RingbackOldestOverdue"]),
    ]  # fmt: skip


def _outstanding() -> list[Any]:
    return [
        graph("Outstanding by state", "Callbacks that were scheduled and have not ended, each partition counted once. "
              "presented and dialing wait for a dialer, all others for their time, a campaign or a worker.",
              {"{{state}}": total("ringback_callbacks_outstanding", group=("state",))},
              "short", size=(8, 8), stack=True),
        graph("Due within the next minute", "Callbacks that fall due within the next minute, at each moment.",
              {"due": total("ringback_callbacks_due_within_minute")}, "short", size=(8, 8)),
        bars("Overdue by age", "How long ago each callback fell due that has no command yet.",
             total("ringback_overdue_seconds_bucket", group=("le",)), "short", size=(8, 8), legend="{{le}}",
             names=AGES, buckets=True, none="No worker", alerts=["RingbackOldestOverdue"]),
    ]  # fmt: skip


def _commands() -> list[Any]:
    waiting = "ringback_command_age_seconds"
    bounds = {"15 min": "900.0", "1 h": "3600.0", "6 h": "21600.0", "a day": "86400.0"}
    return [
        graph("Commands by topic", "Dial commands written, by topic.",
              {"{{topic}}": rate("ringback_commands_total", group=("topic",))}, "cps", size=(8, 8), stack=True),
        bars("Commands without an outcome, by age", "Dial commands for which neither a wrap-up nor a return has come.",
             total(f"{waiting}_bucket", group=("le",)), "short", size=(8, 8), legend="{{le}}", names=AGES, buckets=True,
             none="No worker", alerts=["RingbackDialerSilent"]),
        graph("Commands without an outcome for long", "If these grow while commands go out, the dialer sends no "
              "wrap-ups: see the runbook.", {f"over {name}": older(waiting, bound) for name, bound in bounds.items()},
              "short", size=(8, 8), alerts=["RingbackDialerSilent"]),
        alerts_now((24, 7)),
    ]  # fmt: skip
