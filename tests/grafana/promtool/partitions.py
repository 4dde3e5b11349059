"""Cases of the alerts about partitions: held, ready, acquired, their transactions."""

from tests.grafana.promtool.cases import Case, Fires, Rows, Tests, fires


def ready(worker: str, partition: int) -> str:
    """The series of a partition on a worker."""
    return f'ringback_partition_ready{{instance="{worker}", partition="{partition}"}}'


A: Rows = {'up{instance="a"}': "1*90", 'ringback_contact_partitions{instance="a"}': "3*90"}
"""A worker that answers, in an installation of three partitions."""
B: Rows = {'up{instance="b"}': "1*90", 'ringback_contact_partitions{instance="b"}': "3*90"}
HELD: Rows = {**A, **{ready("a", partition): "1*90" for partition in range(3)}}


def missing(number: int) -> str:
    return f"No worker holds {number} of the contact partitions: their callbacks do not go out"


def changes(every: str) -> list[Case]:
    """A worker joins, leaves or is restarted, and the next scrape sees the rest: nothing is wrong."""
    silent: dict[str, list[Fires]] = {f"{minute}m": [] for minute in range(16)}
    return [
        Case(
            f"scraped {every} apart, a worker joins: its partition is shown by both, then by none, then by it",
            {
                **A,
                'up{instance="b"}': "_*5 1*90",
                'ringback_contact_partitions{instance="b"}': "_*5 0 3*90",
                ready("a", 0): "1*90",
                ready("a", 1): "1*90",
                ready("a", 2): "1*7 stale",
                ready("b", 2): "_*6 0*1 _ 1*90",
            },
            silent,
            every,
        ),
        Case(
            f"scraped {every} apart, a worker leaves, and another takes its partition over a scrape later",
            {
                **A,
                'up{instance="b"}': "1*7 0*90",
                'ringback_contact_partitions{instance="b"}': "3*7 stale",
                ready("a", 0): "1*90",
                ready("a", 1): "1*90",
                ready("b", 2): "1*7 stale",
                ready("a", 2): "_*8 0 1*90",
            },
            silent,
            every,
        ),
        Case(
            f"scraped {every} apart, the only worker is restarted, and one scrape finds none",
            {
                'up{instance="a"}': "1*7 0 1*90",
                'ringback_contact_partitions{instance="a"}': "3*7 stale 0 3*90",
                **{ready("a", partition): "1*7 stale 0 1*90" for partition in range(3)},
            },
            silent,
            every,
        ),
        Case(
            f"scraped {every} apart, three workers are restarted one after the other, so that always one is missing",
            {
                **{f'up{{instance="{one}"}}': "1*90" for one in "abc"},
                **{f'ringback_contact_partitions{{instance="{one}"}}': "3*90" for one in "abc"},
                ready("a", 0): "1*5 stale 1*90",
                ready("b", 1): "1*6 stale 1*90",
                ready("c", 2): "1*7 stale 1*90",
            },
            silent,
            every,
        ),
    ]


NOT_HELD = Tests(
    "RingbackPartitionNotHeld",
    "page",
    HELD,
    [
        Case(
            "its holder has gone for two minutes and two more, and nobody took the partition over",
            {
                **A,
                'up{instance="b"}': "1*20 0*90",
                ready("a", 0): "1*90",
                ready("a", 1): "1*90",
                ready("b", 2): "1*21 stale",
            },
            {"5m": [], "9m": [], "9m15s": [fires(missing(1))], "20m": [fires(missing(1))]},
        ),
        Case(
            "a partition that nobody has ever held",
            {**A, ready("a", 0): "1*90", ready("a", 2): "1*90"},
            {"1m45s": [], "2m": [fires(missing(1))]},
        ),
        Case("no partition is held by any worker", A, {"1m45s": [], "2m": [fires(missing(3))]}),
        Case("one that restores is held", {**HELD, ready("a", 1): "0*90"}, {"5m": [], "10m": []}),
        Case(
            "two workers show the same one, and it counts once",
            {**A, ready("a", 0): "1*90", ready("a", 1): "1*90", ready("b", 1): "1*90"},
            {"2m": [fires(missing(1))]},
        ),
        Case(
            "it is taken over before",
            {**A, ready("a", 0): "1*90", ready("a", 1): "1*90", ready("a", 2): "1*21 stale _*13 1*60"},
            {"9m15s": [], "12m": []},
        ),
        Case(
            "all workers are dead, which is another alert",
            {
                'up{instance="a"}': "1*8 0*90",
                'up{instance="b"}': "0*90",
                'ringback_contact_partitions{instance="a"}': "3*8 stale",
                **{ready("a", partition): "1*8 stale" for partition in range(3)},
            },
            {"8m": [], "20m": []},
            beside=True,
        ),
        Case(
            "the only partition there is, held",
            {'up{instance="a"}': "1*90", 'ringback_contact_partitions{instance="a"}': "1*90", ready("a", 0): "1*90"},
            {"2m": [], "10m": []},
        ),
        Case(
            "the only partition there is, not held",
            {'up{instance="a"}': "1*90", 'ringback_contact_partitions{instance="a"}': "1*90"},
            {"2m": [fires(missing(1))]},
        ),
        Case(
            "a worker that has not asked yet how many there are",
            {'up{instance="a"}': "1*90", 'ringback_contact_partitions{instance="a"}': "0*90"},
            {"2m": [], "10m": []},
        ),
        *(case for every in ("10s", "30s", "60s") for case in changes(every)),
    ],
)

READY: Rows = {'ringback_worker_ready{instance="a"}': "1*60"}
NOT_READY_SAYS = "Worker a has not been ready for 5 minutes: callbacks of its partitions wait"
NOT_READY = Tests(
    "RingbackNotReady",
    "page",
    READY,
    [
        Case(
            "not ready for five minutes",
            {'ringback_worker_ready{instance="a"}': "1*4 0*60"},
            {"5m45s": [], "6m": [fires(NOT_READY_SAYS, instance="a")], "10m": [fires(NOT_READY_SAYS, instance="a")]},
        ),
        Case(
            "ready again before",
            {'ringback_worker_ready{instance="a"}': "1*4 0*20 1*60"},
            {"5m45s": [], "6m": [], "9m": []},
        ),
        Case(
            "one of several processes is not",
            {
                'ringback_worker_ready{instance="a", process="1"}': "1*60",
                'ringback_worker_ready{instance="a", process="2"}': "1*4 0*60",
            },
            {"5m45s": [], "6m": [fires(NOT_READY_SAYS, instance="a", process="2")]},
        ),
        Case("it is ready", READY, {"5m": [], "10m": []}),
        *(
            Case(
                f"scraped {every} apart, a worker joins and restores for two minutes",
                {'ringback_worker_ready{instance="a"}': f"_*3 0*{scrapes} 1*60"},
                {f"{minute}m": [] for minute in range(12)},
                every,
            )
            for every, scrapes in (("10s", 12), ("30s", 4), ("60s", 2))
        ),
    ],
)

WAIT = 'ringback_acquisition_wait_seconds{instance="a", partition="2"}'
LEFT = 'ringback_restore_remaining_records{instance="a", partition="2"}'
STUCK_SAYS = "Partition 2 is stuck on its way to a: its callbacks wait"
ACQUISITION = Tests(
    "RingbackAcquisitionStuck",
    "page",
    {WAIT: "0+15*90", LEFT: "90000-900*90"},
    [
        Case(
            "it has waited for the same thing for more than two minutes",
            {
                WAIT: "0*4 10 120 121 0*9",
                'ringback_acquisition_wait_seconds{instance="a", partition="1"}': "110*60",
                'ringback_restore_remaining_records{instance="a", partition="1"}': "5000-50*60",
                'ringback_restore_remaining_records{instance="b", partition="2"}': "5000-50*60",
            },
            {"1m15s": [], "1m30s": [fires(STUCK_SAYS, "2m 1s", instance="a", partition="2")], "1m45s": []},
        ),
        Case("exactly two minutes", {WAIT: "120*60"}, {"1m": [], "5m": []}),
        Case("a restore goes on", {WAIT: "0+15*60", LEFT: "90000-900*60"}, {"3m": [], "10m": []}),
        Case(
            "nothing is left to restore",
            {WAIT: "121*60", LEFT: "0*60"},
            {"3m": [fires(STUCK_SAYS, "2m 1s", instance="a", partition="2")]},
        ),
        Case(
            "a restore that stopped more than two minutes ago",
            {WAIT: "300*60", LEFT: "90000-900*13 79200*60"},
            {"4m45s": [], "5m": [fires(STUCK_SAYS, "5m 0s", instance="a", partition="2")]},
        ),
        Case(
            "a restore that grows does not go on",
            {WAIT: "300*60", LEFT: "100+10*60"},
            {"3m": [fires(STUCK_SAYS, "5m 0s", instance="a", partition="2")]},
        ),
    ],
)

OPEN = 'ringback_transaction_open_seconds{instance="a", partition="2"}'
OPEN_SAYS = "A transaction of partition 2 does not end: its callbacks wait"
TRANSACTION = Tests(
    "RingbackTransactionStuck",
    "page",
    {OPEN: "0.1*60"},
    [
        Case(
            "open for more than 20 s",
            {OPEN: "0*4 20.5 0*60"},
            {"45s": [], "1m": [fires(OPEN_SAYS, "20.5s", instance="a", partition="2")], "1m15s": []},
        ),
        Case(
            "no longer than 20 s",
            {OPEN: "20*60", 'ringback_transaction_open_seconds{instance="a", partition="1"}': "19*60"},
            {"1m": [], "5m": []},
        ),
    ],
)

PARTITIONS = (NOT_HELD, NOT_READY, ACQUISITION, TRANSACTION)
