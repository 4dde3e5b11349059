"""Cases of the alerts about bugs, state and clock."""

from tests.grafana.promtool.cases import Case, Fires, Rows, Tests, fires


def counted(counter: str, labels: str, what: Fires) -> list[Case]:
    """Cases of an alert for any growth of a counter, within 15 minutes. what: the alert at a growth of one.

    By the rules of `increase` one event counts a little more when the window is not all sampled.
    """
    series = f'{counter}{{instance="a", {labels}}}'
    started = 'process_start_time_seconds{instance="a"}'
    return [
        Case("once in 15 minutes", {series: "3*8 4*100"}, {"1m45s": [], "2m": [what], "16m30s": [what], "17m": []}),
        Case("never", {series: "0*100", 'process_start_time_seconds{instance="a"}': "-30*100"}, {"1m": [], "10m": []}),
        Case(
            "before the first scrape of a process that has just started",
            {series: "_*40 1*100", started: "_*40 570*100"},
            {"9m45s": [], "10m": [what], "24m15s": [what], "24m30s": [], "26m": []},
        ),
        Case(
            "before, and a scrape failed 15 minutes ago",
            {series: "1*20 stale 1*100", started: "-9000*121"},
            {f"{minute}m{second}s": [] for minute in (4, 5, 19, 20, 21) for second in (0, 15, 30, 45)},
        ),
        Case(
            "of a restarted process, the counter begins anew",
            {series: "5*20 0*100", started: "-9000*20 300*100"},
            {"5m": [], "9m": []},
        ),
        Case(
            "as often as in the run before",
            {series: "1*20 1*100", started: "-9000*20 300*100"},
            {"4m45s": [], "5m": [what]},
        ),
        Case(
            "shortly before the process was restarted",
            {series: "0*18 1*2 0*100", started: "-9000*20 300*100"},
            {"4m": [], "4m30s": [what], "9m": [what]},
        ),
        Case(
            "a process that has just started without any",
            {series: "_*40 0*100", started: "_*40 570*100"},
            {"10m": [], "20m": []},
        ),
        Case(
            "another worker was started",
            {
                series: "_*40 1*100",
                started: "_*40 -9000*100",
                'process_start_time_seconds{instance="b"}': "_*40 570*100",
            },
            {"10m": [], "20m": []},
        ),
        Case(
            "another process of this worker was started",
            {
                f'{counter}{{instance="a", process="1", {labels}}}': "_*40 1*100",
                'process_start_time_seconds{instance="a", process="1"}': "_*40 -9000*100",
                'process_start_time_seconds{instance="a", process="2"}': "_*40 570*100",
            },
            {"10m": [], "20m": []},
        ),
    ]


def quiet(counter: str, labels: str) -> Rows:
    """What a worker shows that has just been started and is well."""
    return {f'{counter}{{instance="a", {labels}}}': "0*150", 'process_start_time_seconds{instance="a"}': "300*150"}


BUG = "A bug on a (timer): an event or callback was not handled"
INTERNAL_ERROR = Tests(
    "RingbackInternalError",
    "page",
    quiet("ringback_internal_errors_total", 'kind="timer"'),
    counted("ringback_internal_errors_total", 'kind="timer"', fires(BUG, instance="a", kind="timer")),
)
CLOCK = "The clock of a was set (back): callbacks are early or late"
CLOCK_JUMP = Tests(
    "RingbackClockJump",
    "ticket",
    quiet("ringback_clock_jumps_total", 'direction="back"'),
    counted("ringback_clock_jumps_total", 'direction="back"', fires(CLOCK, instance="a", direction="back")),
)
LOST = "Kafka lost records of wrap-up (shorter): what they said may not be known"
LOG_GAP = Tests(
    "RingbackLogGap",
    "page",
    quiet("ringback_log_gaps_total", 'topic="wrap-up", kind="shorter"'),
    counted(
        "ringback_log_gaps_total",
        'topic="wrap-up", kind="shorter"',
        fires(LOST, instance="a", topic="wrap-up", kind="shorter"),
    ),
)

RETRIED = 'ringback_timers_retried{instance="a", partition="2"}'
RETRIED_SAYS = "1 callbacks of partition 2 do not go out: a bug meets them"
TIMERS = Tests(
    "RingbackTimersRetried",
    "page",
    {RETRIED: "0*60"},
    [
        Case(
            "for five minutes, by whichever worker",
            {RETRIED: "0*4 1*10 stale", RETRIED.replace('"a"', '"b"'): "_*14 1*60"},
            {"5m45s": [], "6m": [fires(RETRIED_SAYS, partition="2")]},
        ),
        Case("cured before", {RETRIED: "0*4 1*20 0*60"}, {"5m45s": [], "6m": [], "9m": []}),
        Case("none", {RETRIED: "0*60"}, {"5m": [], "9m": []}),
    ],
)

BAD = 'ringback_state_quarantined_total{instance="a"}'
BAD_SAYS = "a could not rely on its state folder and has read everything from Kafka"
QUARANTINED = Tests(
    "RingbackStateQuarantined",
    "ticket",
    {BAD: "0*60"},
    [
        Case(
            "until the next start",
            {BAD: "0*4 1*8 stale 0*60"},
            {
                "45s": [],
                "1m": [fires(BAD_SAYS, instance="a")],
                "2m45s": [fires(BAD_SAYS, instance="a")],
                "3m": [],
                "5m": [],
            },
        ),
        Case("none", {BAD: "0*60"}, {"1m": []}),
    ],
)

TROUBLE = (INTERNAL_ERROR, CLOCK_JUMP, LOG_GAP, TIMERS, QUARANTINED)
