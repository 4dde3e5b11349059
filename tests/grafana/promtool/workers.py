"""Cases of the alerts about workers."""

from tests.grafana.promtool.cases import Case, Fires, Rows, Tests, fires

UP: Rows = {'up{instance="a"}': "1*60", 'up{instance="b"}': "1*60"}
NODE: Rows = {'up{instance="n", job="node"}': "0*60"}
"""A target of another job, which is down: none of these alerts is about it."""
NOBODY = "No worker answers: no callback goes out"
NO_TARGET = Fires(NOBODY, of={})
"""Of `absent`: nothing says of which installation."""

ALL_DOWN = Tests(
    "RingbackAllWorkersDown",
    "page",
    UP,
    [
        Case(
            "all workers are down for two minutes",
            {'up{instance="a"}': "1*8 0*40", 'up{instance="b"}': "1*4 0*40", **NODE},
            {"1m45s": [], "3m45s": [], "4m": [fires(NOBODY)], "10m": [fires(NOBODY)]},
        ),
        Case("one is left", {'up{instance="a"}': "0*60", 'up{instance="b"}': "1*60"}, {"10m": []}),
        Case(
            "Prometheus has no target any more, with series that have gone stale, and only other jobs answer",
            {'up{instance="a"}': "1*8 stale", 'up{instance="b"}': "1*8 stale", 'up{instance="n", job="node"}': "1*60"},
            {"3m45s": [], "4m": [fires(NOBODY), NO_TARGET], "12m": [fires(NOBODY), NO_TARGET]},
        ),
        Case(
            "without stale markers, as after a restart of Prometheus, five minutes later",
            {'up{instance="a"}': "1*9 _*60"},
            {"8m45s": [], "9m15s": [fires(NOBODY), NO_TARGET]},
        ),
        Case("no worker has ever been scraped", NODE, {"1m45s": [], "2m": [NO_TARGET]}),
        Case(
            "an installation vanished within six hours, and others answer",
            {'up{instance="a"}': "1*3 stale", 'up{instance="a", namespace="test"}': "1*420"},
            {"4m": [], "5m": [fires(NOBODY)], "6h1m": [fires(NOBODY)], "6h4m": []},
            "1m",
        ),
        *(
            Case(
                f"the only worker was restarted between two scrapes {every} apart",
                {
                    'up{instance="a"}': "1*9 0 1*30",
                },
                {at: [] for at in ("2m", "4m", "9m", "10m", "11m", "12m")},
                every,
            )
            for every in ("10s", "30s", "60s")
        ),
        Case("it was away for two scrapes", {'up{instance="a"}': "1*4 0*7 1*30"}, {"2m45s": [], "3m": [], "5m": []}),
    ],
)

AWAY = "Worker a does not answer; the others have its work to do"
ONE_DOWN = Tests(
    "RingbackWorkerDown",
    "page",
    UP,
    [
        Case(
            "one of two is down for five minutes",
            {'up{instance="a"}': "1*8 0*60", 'up{instance="b"}': "1*70", **NODE},
            {"6m45s": [], "7m": [fires(AWAY, instance="a")], "12m": [fires(AWAY, instance="a")]},
        ),
        Case(
            "it comes back",
            {'up{instance="a"}': "1*8 0*24 1*8", 'up{instance="b"}': "1*60"},
            {"7m45s": [fires(AWAY, instance="a")], "8m": []},
        ),
        Case(
            "all are down, which is another alert",
            {'up{instance="a"}': "0*60", 'up{instance="b"}': "0*60"},
            {"10m": []},
            beside=True,
        ),
        Case(
            "only a worker of another installation is left",
            {'up{instance="a"}': "0*60", 'up{instance="b", namespace="test"}': "1*60"},
            {"10m": []},
        ),
    ],
)

STARTED: Rows = {'process_start_time_seconds{instance="a"}': "100*120"}
AGAIN = "Worker a was started 3 times in 15 minutes; callbacks wait each time"
CRASH_LOOP = Tests(
    "RingbackCrashLoop",
    "page",
    STARTED,
    [
        Case(
            "started three times in 15 minutes",
            {
                'process_start_time_seconds{instance="a"}': "100*4 200*28 300*30 400*60",
                'process_start_time_seconds{instance="n", job="node"}': "1*4 2*4 3*4 4*100",
            },
            {"15m15s": [], "15m30s": [fires(AGAIN, instance="a")], "15m45s": [fires(AGAIN, instance="a")], "16m": []},
        ),
        Case(
            "one of several processes was",
            {
                'process_start_time_seconds{instance="a", process="1"}': "100*100",
                'process_start_time_seconds{instance="a", process="2"}': "100*4 _ 200*26 _ 300*30 _ 400*60",
            },
            {"15m15s": [], "15m45s": [fires(AGAIN, instance="a", process="2")]},
        ),
        Case("twice", {'process_start_time_seconds{instance="a"}': "100*4 200*4 300*60"}, {"2m": [], "10m": []}),
        Case(
            "it answers only now and then",
            {'process_start_time_seconds{instance="a"}': "100*4 _*4 200 _*4 300 _*4 400 _*4"},
            {"5m": [fires(AGAIN, instance="a")]},
        ),
        Case(
            "a rolling restart starts each once",
            {
                f'process_start_time_seconds{{instance="{name}"}}': f"100*{at} 200*60"
                for at, name in enumerate("abcd", 4)
            },
            {"2m": [], "10m": []},
        ),
    ],
)

SILENT: Rows = {'ringback_broker_silent_seconds{instance="a"}': "1*60"}
NO_BROKER_SAYS = "No broker answers a: its callbacks wait"
NO_BROKER = Tests(
    "RingbackNoBroker",
    "page",
    SILENT,
    [
        Case(
            "no broker for more than 20 s, and for two minutes after",
            {'ringback_broker_silent_seconds{instance="a"}': "0*4 21 0*60"},
            {
                "45s": [],
                "1m": [fires(NO_BROKER_SAYS, "21s", instance="a")],
                "3m": [fires(NO_BROKER_SAYS, "21s", instance="a")],
                "3m15s": [],
            },
        ),
        Case(
            "for no more than 20 s",
            {
                'ringback_broker_silent_seconds{instance="a"}': "20*60",
                'ringback_broker_silent_seconds{instance="b"}': "19*60",
            },
            {"1m": [], "10m": []},
        ),
        Case(
            "the worker ended meanwhile",
            {
                'ringback_broker_silent_seconds{instance="a"}': "0*4 10 25 40 55 stale",
            },
            {
                "1m": [],
                "1m15s": [fires(NO_BROKER_SAYS, "25s", instance="a")],
                "3m": [fires(NO_BROKER_SAYS, "55s", instance="a")],
            },
        ),
    ],
)

STALLED: Rows = {'ringback_loop_stalled_seconds{instance="a"}': "0*60"}
BLOCKED_SAYS = "Worker a stands still: its callbacks do not go out"
LOOP_BLOCKED = Tests(
    "RingbackLoopBlocked",
    "page",
    STALLED,
    [
        Case(
            "the loop has stood still for more than 10 s",
            {'ringback_loop_stalled_seconds{instance="a"}': "0*4 10.5 0*60"},
            {"45s": [], "1m": [fires(BLOCKED_SAYS, "10.5s", instance="a")], "1m15s": []},
        ),
        Case(
            "for no more than 10 s",
            {
                'ringback_loop_stalled_seconds{instance="a"}': "10*60",
                'ringback_loop_stalled_seconds{instance="b"}': "9.5*60",
            },
            {"1m": [], "10m": []},
        ),
    ],
)

WORKERS = (ALL_DOWN, ONE_DOWN, CRASH_LOOP, NO_BROKER, LOOP_BLOCKED)
