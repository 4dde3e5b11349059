"""Alerts of callbacks: late, not made, without an outcome."""

from grafana.ringback_rules.model import INSTALLATION as K
from grafana.ringback_rules.model import Alert, Number, Seconds
from grafana.ringback_rules.recordings import OWN

LATE_AT_LEAST = Number(10)
"""So few late commands burn no budget that anybody would notice; RingbackLate sees a single one that is very late."""


def burn(severity: str, window: str, short: str, factor: float) -> Alert:
    """A rate at which the error budget of 30 days (0.1 % of the commands) burns; SRE workbook, chapter 5."""
    return Alert(
        name="RingbackLatenessBurnFast" if severity == "page" else "RingbackLatenessBurnSlow",
        severity="page" if severity == "page" else "ticket",
        expr=f"""
ringback:lateness_own:ratio_rate{window} > $factor * 0.001
and on ({K}) ringback:lateness_own:ratio_rate{short} > $factor * 0.001
and on ({K}) ringback:lateness_own_late:increase{window} >= $number""",
        numbers={"factor": Number(factor), "number": LATE_AT_LEAST},
        labels={"window": window},
        summary="{{ $value | humanizePercentage }} of callbacks went out over a second late, by Ringback's own fault",
        description=f"""
            Over {window} and {short}, {factor:g} times as many as the goal of 99.9 % within a second allows.
            Causes of campaigns do not count. The dashboard has the cause.""",
        dashboard="ringback-on-time",
    )


LATE = (
    burn("page", "1h", "5m", 14.4),
    burn("page", "6h", "30m", 6),
    burn("ticket", "3d", "6h", 1),
    Alert(
        name="RingbackLate",
        severity="page",
        expr=f"sum by ({K}) (ringback:lateness_over_minute:increase15m{{{OWN}}}) > $number",
        numbers={"number": Number(0.5, step=1)},
        summary="{{ $value | humanize }} callbacks went out more than a minute late, by Ringback's own fault",
        description="""
            In the last 15 minutes, also where there are too few callbacks for a share to tell anything. The
            dashboard has the cause: outage and acquisition are over, backlog may go on.""",
        dashboard="ringback-on-time",
    ),
    Alert(
        name="RingbackOldestOverdue",
        severity="page",
        expr='ringback:oldest_overdue_seconds:max{waits_for="worker"} > $overdue',
        numbers={"overdue": Seconds(60, least=5)},
        for_s=120,
        summary="A callback has been due for {{ $value | humanizeDuration }} and nothing but Ringback holds it up",
        description="""
            Callbacks are due and do not go out. Look at whether partitions are ready, at the duration of
            transactions and at the processor of the workers: they do not keep up, or stand still.""",
        dashboard="ringback-on-time",
    ),
    Alert(
        name="RingbackCampaignLate",
        severity="ticket",
        expr=f"""
ringback:lateness_over_minute:ratio_rate1h{{cause=~"campaign_off|rate|zone"}} > $share
and on ({K}, cause) ringback:lateness_over_minute:increase1h >= $number
or
label_replace(
  ringback:oldest_overdue_seconds:max{{waits_for!="worker"}} > $overdue, "cause", "$$1", "waits_for", "(.*)"
)""",
        numbers={"share": Number(0.05), "number": Number(10), "overdue": Seconds(86400)},
        for_s=900,
        summary="Campaigns make callbacks wait: {{ $labels.cause }}",
        description="""
            More than one in twenty commands of the last hour was more than a minute late for this cause, or a
            callback has waited for a day. Workers do as campaigns say: tell whoever runs them.""",
        dashboard="ringback-on-time",
    ),
)
NOT_MADE = (
    Alert(
        name="RingbackBlockedJump",
        severity="ticket",
        expr=f"""
(
  ringback:blocked:ratio_rate30m
    > $jump + (ringback:blocked:ratio_rate1d offset 30m or 0 * ringback:blocked:ratio_rate30m)
  or
  ringback:blocked:ratio_rate30m > $most
)
and on ({K}, reason) ringback:blocked:increase30m >= $number""",
        numbers={"jump": Number(0.2), "most": Number(0.5), "number": Number(10)},
        for_s=300,
        summary="{{ $value | humanizePercentage }} of callbacks are blocked and not made: {{ $labels.reason }}",
        description="""
            The share of the last half hour is far above that of the day before, or above a half. Mostly a
            record of the configuration is missing or was changed: the reason says which.""",
        dashboard="ringback-not-made",
    ),
    Alert(
        name="RingbackDialerSilent",
        severity="page",
        expr=f"""
(
  ringback:commands_5m_to_15m_open:sum >= $number
  and on ({K}, topic)
  ringback:commands_5m_to_15m_open:sum > $share * ringback:commands_5m_to_15m_written:sum
)
unless on ({K}, topic)
(
  ringback:commands_5m_to_15m_open:sum{{topic="dial-preview"}}
  and on ({K})
  sum by ({K}) (increase(ringback_transitions_total{{transition=~"completed|not_dialed"}}[15m])) > 0
)""",
        numbers={"number": Number(10), "share": Number(0.9)},
        summary="The dialer of {{ $labels.topic }} is silent: {{ $value }} commands without an outcome",
        description="""
            Nearly all commands of 5 to 15 minutes ago have no outcome: no wrap-up and no return came. Whether
            anybody was called is not known. Look at the dialer: does it read this topic, and does it write
            wrap-ups?""",
        dashboard="ringback-not-made",
    ),
)
ALERTS = (*LATE, *NOT_MADE)
