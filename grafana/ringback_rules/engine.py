"""Alerts of the engine: workers, partitions, brokers, transactions."""

from grafana.ringback_rules.model import INSTALLATION as K
from grafana.ringback_rules.model import UP, Alert, Number, Seconds
from grafana.ringback_rules.recordings import grown

SOME_WORKER_IS_UP = "ringback:workers_up:sum > 0"

WORKERS = (
    Alert(
        name="RingbackAllWorkersDown",
        severity="page",
        expr=f"""
ringback:workers_up:sum == 0
or
(max by ({K}) (max_over_time({UP}[6h])) unless ringback:workers_up:sum)
or
absent({UP})""",
        for_s=120,
        summary="No worker answers: no callback goes out",
        description="""
            Every worker of this installation is down, or Prometheus has no target left for them. Look at the
            supervisor that should have started them again, and at the last line of a worker's log.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackWorkerDown",
        severity="page",
        expr=f"up == 0 and on ({K}) ({SOME_WORKER_IS_UP})",
        for_s=300,
        summary="Worker {{ $labels.instance }} does not answer; the others have its work to do",
        description="""
            A worker has been gone for five minutes and nobody has started it again. Its partitions are with
            the others, if these are well. Look at its supervisor and at the last line of its log.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackCrashLoop",
        severity="page",
        expr='changes(process_start_time_seconds{job=~"ringback.*"}[15m]) > $restarts',
        numbers={"restarts": Number(2, step=1)},
        summary="Worker {{ $labels.instance }} was started {{ $value }} times in 15 minutes; callbacks wait each time",
        description="""
            It ends again and again. The last log line before each start has the reason, and the exit code
            says whether it is the environment (1), a setting (2) or the engine (70).""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackNoBroker",
        severity="page",
        expr="max_over_time(ringback_broker_silent_seconds[2m]) > $silent",
        numbers={"silent": Seconds(20, least=5)},
        summary="No broker answers {{ $labels.instance }}: its callbacks wait",
        description="""
            No broker had answered for {{ $value | humanizeDuration }}. The worker ends when that has lasted
            for transaction_timeout_s. Its log says why its connections fail; look at brokers, network, names
            and listeners.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackLoopBlocked",
        severity="page",
        expr="ringback_loop_stalled_seconds > $stalled",
        numbers={"stalled": Seconds(10, least=3)},
        summary="Worker {{ $labels.instance }} stands still: its callbacks do not go out",
        description="""
            Its event loop has not run for {{ $value | humanizeDuration }}, but it keeps its partitions.
            Something blocks its main thread: a disk that hangs, a stopped process, a bug. Take its stack,
            then start it again.""",
        dashboard="ringback-engine",
    ),
)
PARTITIONS = (
    Alert(
        name="RingbackPartitionNotHeld",
        severity="page",
        expr=f"""
ringback:partitions:max
  - on ({K})
  (
    count by ({K}) (count by ({K}, partition) (last_over_time(ringback_partition_ready[2m])))
    or
    0 * ringback:partitions:max
  )
> $none
and on ({K}) ({SOME_WORKER_IS_UP})""",
        numbers={"none": Number(0)},
        for_s=120,
        summary="No worker holds {{ $value }} of the contact partitions: their callbacks do not go out",
        description="""
            Workers are up, but they have not taken over these partitions for minutes. A worker that is gone
            may still be a member of the group (instance_id), or a rebalance does not end. Start the worker
            that is missing.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackNotReady",
        severity="page",
        expr="ringback_worker_ready == $ready",
        numbers={"ready": Number(0)},
        for_s=300,
        summary="Worker {{ $labels.instance }} has not been ready for 5 minutes: callbacks of its partitions wait",
        description="""
            It restores, catches up, has no broker, or its commits do not go through. /readyz says which, and
            /status what each partition waits for.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackAcquisitionStuck",
        severity="page",
        expr=f"""
max by ({K}, instance, partition) (ringback_acquisition_wait_seconds) > $waited
unless on ({K}, instance, partition) delta(ringback_restore_remaining_records[2m]) < 0""",
        numbers={"waited": Seconds(120)},
        summary="Partition {{ $labels.partition }} is stuck on its way to {{ $labels.instance }}: its callbacks wait",
        description="""
            It is being acquired, and has waited for the same thing for {{ $value | humanizeDuration }} while
            no restore goes on. `acquiring` in /status says what it waits for.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackTransactionStuck",
        severity="page",
        expr=f"max by ({K}, instance, partition) (ringback_transaction_open_seconds) > $open",
        numbers={"open": Seconds(20, least=3)},
        summary="A transaction of partition {{ $labels.partition }} does not end: its callbacks wait",
        description="""
            A Kafka transaction of {{ $labels.instance }} has been open for {{ $value | humanizeDuration }};
            usual are milliseconds. Look at the partition leaders of the contact topics and of
            __transaction_state.""",
        dashboard="ringback-engine",
    ),
)
TROUBLE = (
    Alert(
        name="RingbackInternalError",
        severity="page",
        expr=grown("ringback_internal_errors_total", "15m"),
        numbers={"none": Number(0)},
        summary="A bug on {{ $labels.instance }} ({{ $labels.kind }}): an event or callback was not handled",
        description="""
            An event went to dead-letter as internal_error, or a timer, a release or the work of a clear or
            recycle is retried. The log says where it happened. Please report it.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackTimersRetried",
        severity="page",
        expr=f"max by ({K}, partition) (ringback_timers_retried) > $none",
        numbers={"none": Number(0)},
        for_s=300,
        summary="{{ $value }} callbacks of partition {{ $labels.partition }} do not go out: a bug meets them",
        description="""
            Their timers meet a bug of Ringback each time they are retried, at most an hour apart. They are
            outstanding, and go out when the worker is replaced by a version without the bug. /status names
            them.""",
        dashboard="ringback-on-time",
    ),
    Alert(
        name="RingbackStateQuarantined",
        severity="ticket",
        expr="ringback_state_quarantined_total > $none",
        numbers={"none": Number(0)},
        summary="{{ $labels.instance }} could not rely on its state folder and has read everything from Kafka",
        description="""
            Nothing is lost, but the start took longer. The log says why. Look at the folder that ends in
            .bad, then remove it; the alert ends with the next start.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackClockJump",
        severity="ticket",
        expr=grown("ringback_clock_jumps_total", "15m"),
        numbers={"none": Number(0)},
        summary="The clock of {{ $labels.instance }} was set ({{ $labels.direction }}): callbacks are early or late",
        description="""
            Callbacks are due by the clock of their worker. Find out what sets it; a time daemon should slew
            it instead.""",
        dashboard="ringback-engine",
    ),
)
ALERTS = (*WORKERS, *PARTITIONS, *TROUBLE)
