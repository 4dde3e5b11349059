"""What may be wrong, in the order in which to look at it: one list, for the answer in words and for the table below it.

Every condition is about an installation as a whole, whichever workers are chosen.
"""

from dataclasses import dataclass

from grafana.ringback_dashboards.promql import (
    INSTALLATION,
    OWN_CAUSES,
    WITHIN_OBJECTIVE,
    by,
    missing,
    once,
    series,
    total,
)

RED, ORANGE, YELLOW, GREEN, BLUE = "red", "orange", "yellow", "green", "blue"
LATELY = "5m"
"""How long ago a command may have been late for the answer to say so."""
STALLED_S = 5


@dataclass(frozen=True)
class Finding:
    """`code` is the value of the answer, `condition` a query that has a series when it is so, `runbook` an alert."""

    code: int
    text: str
    color: str
    condition: str
    runbook: str


def _lately(suffix: str, *matchers: str) -> str:
    return f"sum(increase({series(f'ringback_lateness_seconds_{suffix}', *matchers, every=True)}[{LATELY}]))"


def _waiting(what_for: str) -> str:
    waits_for = f'waits_for="{what_for}"'
    return f"{total('ringback_callbacks_overdue', waits_for, every=True)} > 0"


def _late_by(cause: str) -> str:
    within = _lately("bucket", cause, WITHIN_OBJECTIVE)
    return f"{_lately('count', cause)} - {within} > 0.001 * {_lately('count', cause)}"


PARTITIONS = f"max{by(INSTALLATION)} ({series('ringback_contact_partitions', every=True)})"
HELD = f"count{by(INSTALLATION)} ({once('ringback_partition_ready', every=True)})"
NOT_HELD = missing(PARTITIONS, HELD)
WORKERS = f"(count({series('ringback_info', every=True)}) or vector(0))"

FINDINGS = (
    Finding(2, "LATE: a worker has no broker", RED,
            f"{series('ringback_broker_connected', every=True)} == 0", "RingbackNoBroker"),
    Finding(3, "LATE: the loop of a worker is blocked", RED,
            f"{series('ringback_loop_stalled_seconds', every=True)} > {STALLED_S}", "RingbackLoopBlocked"),
    Finding(4, "LATE: no worker holds some partitions", RED, f"{NOT_HELD} > 0", "RingbackPartitionNotHeld"),
    Finding(5, "LATE: partitions are being restored", RED,
            f"{once('ringback_partition_ready', every=True)} == 0", "RingbackNotReady"),
    Finding(6, "AT RISK: a worker is not ready", RED,
            f"{series('ringback_worker_ready', every=True)} == 0", "RingbackNotReady"),
    Finding(7, "LATE: callbacks wait for the workers", RED, _waiting("worker"), "RingbackOldestOverdue"),
    Finding(8, "WERE LATE in the last 5 minutes, by the workers", ORANGE, _late_by(OWN_CAUSES), "RingbackLate"),
    Finding(9, "HELD: a campaign cannot be read", YELLOW, _waiting("unreadable"), "RingbackCampaignLate"),
    Finding(10, "HELD: a campaign is off", YELLOW, _waiting("campaign_off"), "RingbackCampaignLate"),
    Finding(11, "HELD: somebody holds calls", YELLOW, _waiting("hold"), "RingbackCampaignLate"),
    Finding(12, "HELD: a campaign's rate is too low", YELLOW, _waiting("rate"), "RingbackCampaignLate"),
    Finding(13, "MOVED to callable hours or behind a call, and late", YELLOW,
            _late_by('cause=~"zone|gap"'), "RingbackCampaignLate"),
    Finding(14, "MISSING: a worker that is expected", YELLOW,
            f"vector($expected_workers) > {WORKERS}", "RingbackWorkerDown"),
)  # fmt: skip
NO_WORKER = Finding(
    1, "LATE: no worker answers", RED,
    f"vector(1) unless on () {series('ringback_info', every=True)}", "RingbackAllWorkersDown",
)  # fmt: skip
ON_TIME = Finding(0, "ON TIME", GREEN, "vector(0)", "")


def _marked(finding: Finding, value: str) -> str:
    return f"({finding.condition})" if finding is NO_WORKER else f"(vector({value}) and on () ({finding.condition}))"


def answer() -> str:
    """The code of the first finding that holds, or 0: one series without labels."""
    return " or ".join(_marked(finding, str(finding.code)) for finding in (NO_WORKER, *FINDINGS)) + " or vector(0)"


def table() -> str:
    """All findings that hold, one series each, labelled `finding` and `runbook`; the value is the code."""
    return " or ".join(
        f'label_replace(label_replace({_marked(one, str(one.code))}, "finding", "{one.text}", "", ""), '
        f'"runbook", "{one.runbook}", "", "")'
        for one in (NO_WORKER, *FINDINGS)
    )
