"""Engine and recovery: workers, partitions, restores, transactions, the loop, Kafka and the process."""

from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana.ringback_dashboards import adapters, findings, inputs
from grafana.ringback_dashboards.frame import alerts_now, frame
from grafana.ringback_dashboards.parts import CALM, as_text, graph, number, rows
from grafana.ringback_dashboards.promql import highest, increase, of_workers, once, quantile, rate, seen, series, total

YES_NO = as_text({0: ("no", "red"), 1: ("yes", "green")})
DOWN = 'job=~"ringback.*"'
"""Of `up`, which every job has: what the scrape jobs of workers are called (docs/metrics.md)."""
WORKER = ("instance", "process")
"""Without several processes under one worker, `process` is empty."""
ONE = "{{instance}} {{process}}"
PARTITION = "partition {{partition}}"


def build(docs: str) -> Dashboard:
    """The page."""
    page = frame(
        "ringback-engine",
        "Ringback / Engine and recovery",
        "How the workers do: who is there, who holds what, what is restored, and what Kafka, loop and process do.",
        docs,
    )
    for panel in _numbers():
        page = page.with_panel(panel)
    for title, panels in (
        ("Workers", _workers()), ("Partitions and recovery", _partitions()), ("Transactions", _transactions()),
        ("Kafka and the event loop", _kafka()), ("Events in", inputs.events()),
        ("Configuration", inputs.configuration()), ("Faults", _faults()), ("Process", _process()),
        ("Adapters", adapters.panels()),
    ):  # fmt: skip
        page = page.with_row(Row(title))
        for panel in panels:
            page = page.with_panel(panel)
    return page


def _numbers() -> list[Any]:
    bad = ((None, "green"), (1, "red"))
    restarts = of_workers("process_start_time_seconds", "changes({}[$__range])")
    not_ready = f"count({once('ringback_partition_ready')} == 0) or vector(0)"
    return [
        number("Workers that answer", "Workers whose metrics Prometheus reads now.",
               f"count({series('ringback_info')}) or vector(0)", "short", ((None, "red"), (1, "green")),
               alerts=["RingbackAllWorkersDown"]),
        number("Workers missing", "The expected workers, as typed at the top, less all that answer.",
               f"clamp_min($expected_workers - {findings.WORKERS}, 0)", "short", ((None, "green"), (1, "yellow")),
               alerts=["RingbackWorkerDown"]),
        number("Partitions not held", "Contact partitions that no worker holds, whichever workers are chosen.",
               f"sum({findings.NOT_HELD})", "short", bad, none="No worker", alerts=["RingbackPartitionNotHeld"]),
        number("Partitions not ready", "Partitions that are held, and restore or catch up: their timers do not fire.",
               not_ready, "short", bad, alerts=["RingbackNotReady", "RingbackAcquisitionStuck"]),
        number("Restarts", "Restarts of workers in the shown time.", f"sum({restarts})", "short",
               ((None, "green"), (1, "yellow"), (3, "red")), none="No worker", alerts=["RingbackCrashLoop"]),
        number("Internal errors", "Bugs of Ringback that workers met in the shown time. Please report them.",
               increase("ringback_internal_errors_total", over="$__range"), "short", bad, none="No worker", decimals=0,
               alerts=["RingbackInternalError"]),
    ]  # fmt: skip


def _workers() -> list[Any]:
    started, memory = of_workers("process_start_time_seconds"), of_workers("process_resident_memory_bytes")
    columns = {
        "instance": "Worker", "process": "Process", "version": "Version", "Value #B": "Ready",
        "Value #C": "Broker", "Value #D": "Partitions",
        "Value #E": "Up for", "reason": "Last exit", "Value #G": "Memory",
    }  # fmt: skip
    queries = {
        "version": f"max by (instance, process, version) ({series('ringback_info')})",
        "ready": highest("ringback_worker_ready", group=WORKER),
        "broker": highest("ringback_broker_connected", group=WORKER),
        "partitions": highest("ringback_partitions_held", group=WORKER),
        "up for": f"max by (instance, process) (time() - {started})",
        "last exit": f"max by (instance, process, reason) ({series('ringback_last_exit_info')})",
        "memory": f"max by (instance, process) ({memory})",
    }
    ready = series("ringback_worker_ready")
    return [
        rows("Workers", "Every worker that answers, and each of its processes if it has several: version, whether it "
             "is ready and has a broker, and how its last run ended.", queries, columns=columns, size=(24, 6),
             units={"Up for": "s", "Memory": "bytes"}, mappings={"Ready": YES_NO, "Broker": YES_NO},
             none="No worker answers"),
        graph("Workers up and ready", "Workers that answer, workers that are ready, and scrape targets that "
              "do not answer. Of a worker with several processes, each counts.",
              {"answer": f"count({series('ringback_info')})", "ready": f"sum({ready})",
               "do not answer": f"count({series('up', DOWN)} == 0) or vector(0)"}, "short",
              alerts=["RingbackWorkerDown", "RingbackCrashLoop"]),
        graph("Rebalances", "Assignments of partitions by the consumer group. One worker that comes or goes "
              "makes a few.",
              {ONE: increase("ringback_rebalances_total", group=WORKER)}, "short"),
    ]  # fmt: skip


def _partitions() -> list[Any]:
    there = highest("ringback_contact_partitions", every=True)
    ready = f"count({once('ringback_partition_ready')} == 1) or vector(0)"
    progress = once("ringback_restore_progress_ratio")
    return [
        graph("Partitions held and ready", "How many contact partitions there are, are held, and are ready. Each is "
              "counted once, whoever shows it.",
              {"there are": there, "held": f"count({once('ringback_partition_ready')})", "ready": ready}, "short",
              size=(8, 8), alerts=["RingbackPartitionNotHeld", "RingbackNotReady"]),
        graph("Partitions by worker", "Contact partitions that the group assigned to each worker.",
              {ONE: highest("ringback_partitions_held", group=WORKER)}, "short", size=(8, 8)),
        graph("Acquisition waits", "How long a partition that is being acquired has waited for what it waits for now. "
              "/status and the log say for what.",
              {PARTITION: f"max by (partition) ({once('ringback_acquisition_wait_seconds')} > 0)"}, "s", size=(8, 8),
              steps=((None, "green"), (60, "red")), none="None is being acquired", alerts=["RingbackAcquisitionStuck"]),
        graph("Restore progress", "Share of the changelog that has been read, while a restore runs.",
              {PARTITION: f"max by (partition) ({progress} < 1)"}, "percentunit", size=(8, 8), most=1,
              none="No restore in this time", alerts=["RingbackNotReady"]),
        graph("Restore: records to read", "Records of changelogs that present restores have still to read.",
              {PARTITION: f"max by (partition) ({once('ringback_restore_remaining_records')} > 0)"}, "short",
              size=(8, 8), none="No restore in this time"),
        rows("Last restores", "How long the last restore of each partition took, and how many rows it read.",
             {"seconds": f"max by (partition) ({once('ringback_restore_seconds')})",
              "rows": f"max by (partition) ({once('ringback_restored_rows')})"},
             columns={"partition": "Partition", "Value #A": "Duration", "Value #B": "Rows"}, size=(8, 8),
             units={"Duration": "s", "Rows": "short"}, none="No partition is held"),
    ]  # fmt: skip


def _transactions() -> list[Any]:
    took = {f"p{share * 100:g}": quantile(share, "ringback_transaction_seconds") for share in (0.5, 0.99)}
    troubles = {
        "{{reason}}": increase("ringback_transaction_failures_total", group=("reason",)),
        "retries": increase("ringback_broker_retries_total"),
        "new epochs": increase("ringback_producer_epochs_total"),
    }
    return [
        graph("Transactions", "Kafka transactions committed a second, by worker.",
              {ONE: rate("ringback_transactions_total", group=WORKER)}, "cps", size=(8, 8), stack=True),
        graph("Duration of transactions", "From the beginning of a transaction to its commit. A p99 above 100 ms: the "
              "broker is slow.", took, "s", size=(8, 8), steps=((None, "green"), (0.1, "yellow")),
              none="No transaction in this time"),
        graph("Failures, retries, new epochs", "in_doubt: a request had no answer. fenced: another producer took the "
              "id. retries: a broker was away. A new epoch: a partition was acquired.", troubles, "short", size=(8, 8)),
        graph("Open transactions", "How long the present transaction of a partition has been open.",
              {PARTITION: f"max by (partition) ({once('ringback_transaction_open_seconds')})"}, "s",
              steps=((None, "green"), (10, "red")), alerts=["RingbackTransactionStuck"]),
        graph("Age of the last commit", "Time since a partition's last commit. It grows while there is "
              "nothing to commit.",
              {PARTITION: f"max by (partition) ({once('ringback_last_commit_age_seconds')})"}, "s",
              alerts=["RingbackTransactionStuck"]),
    ]  # fmt: skip


def _kafka() -> list[Any]:
    lag = quantile(0.99, "ringback_loop_lag_seconds", group=WORKER)
    return [
        graph("Brokers connected", "1 while brokers answer a worker, else 0.",
              {ONE: highest("ringback_broker_connected", group=WORKER)}, "bool_yes_no", size=(6, 8),
              alerts=["RingbackNoBroker"]),
        graph("Silence of the brokers", "Time since any broker last answered a worker.",
              {ONE: highest("ringback_broker_silent_seconds", group=WORKER)}, "s", size=(6, 8),
              steps=((None, "green"), (10, "red")), alerts=["RingbackNoBroker"]),
        graph("Loop lag, p99", "By how much the event loop woke up late. What blocks it delays every callback.",
              {ONE: lag}, "s", size=(6, 8), steps=((None, "green"), (1, "red")), alerts=["RingbackLoopBlocked"]),
        graph("Loop stalled", "How long the event loop has not run by now; 0 while it runs.",
              {ONE: highest("ringback_loop_stalled_seconds", group=WORKER)}, "s", size=(6, 8),
              steps=((None, "green"), (5, "red")), alerts=["RingbackLoopBlocked"]),
    ]  # fmt: skip


def _faults() -> list[Any]:
    rare = {
        "clock set {{direction}}": increase("ringback_clock_jumps_total", group=("direction",)),
        "state quarantined": increase("ringback_state_quarantined_total"),
    }
    gaps = seen("ringback_log_gaps_total", group=("topic", "kind"))
    return [
        graph("Internal errors by kind", "Bugs of Ringback, by what failed. Their effects were undone.",
              {"{{kind}}": increase("ringback_internal_errors_total", group=("kind",))}, "short", size=(6, 8),
              alerts=["RingbackInternalError"]),
        graph("Timers retried", "Timers and releases that are retried after an internal error.",
              {"timers": total("ringback_timers_retried")}, "short", size=(6, 8), alerts=["RingbackTimersRetried"]),
        graph("Clock and state", "Jumps of the clock by more than half a second, and state folders set aside.", rare,
              "short", size=(6, 8), alerts=["RingbackClockJump", "RingbackStateQuarantined"]),
        graph("Gaps of logs", "Logs of contact topics that lost records.", {"{{topic}} {{kind}}": gaps},
              "short",
              size=(6, 8), none="None in this time", alerts=["RingbackLogGap"]),
        alerts_now((24, 7)),
    ]  # fmt: skip


def _process() -> list[Any]:
    cpu = of_workers("process_cpu_seconds_total", "rate({}[$__rate_interval])")
    files, memory = of_workers("process_open_fds"), of_workers("process_resident_memory_bytes")
    return [
        graph("CPU", "Cores that each process uses; its loop uses one at most.",
              {ONE: f"max by (instance, process) ({cpu})"}, "short", size=(8, 8),
              steps=((None, "green"), (0.9, "red"))),
        graph("Memory", "Resident memory of each worker.",
              {ONE: f"max by (instance, process) ({memory})"}, "bytes", size=(8, 8)),
        graph("Open files", "Files and connections that each worker has open.",
              {ONE: f"max by (instance, process) ({files})"}, "short", size=(8, 8), steps=CALM),
    ]  # fmt: skip
