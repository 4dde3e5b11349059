"""Real faults, each with the alerts that it has to raise: what breaks, and what repairs it.

A fault is a context: entered, it is broken, and yields when it broke; left, it is repaired. None decides what is right.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from signal import Signals

from aiokafka import AIOKafkaProducer
from aiokafka.errors import CommitFailedError

from streams.kafka.clients import client_options
from tests.kafka.cluster import SESSION_TIMEOUT_S
from tests.kafka.test_shorter_log import commit
from tests.observed.api import until
from tests.observed.load import LIST
from tests.observed.network import TRANSACTION, Request
from tests.observed.rig import WORKERS, Rig

ALL = tuple(range(WORKERS))
MANY = 3000
SLOW_S = 8.0
Break = Callable[[Rig], AbstractContextManager[float]]


@dataclass(frozen=True)
class Fault:
    """name: as a table has it. alerts: that have to fire, the one that tells most first. broken: see above.

    hours: their windows are of hours, so they are watched at the smaller of the scales.
    blind: workers that cannot be ready while it lasts. also: alerts that it may raise besides, which are as true.
    lasts_s: for at least so long at full length.
    """

    name: str
    alerts: tuple[str, ...]
    broken: Break
    blind: tuple[int, ...] = ()
    hours: bool = False
    also: frozenset[str] = frozenset()
    lasts_s: float = 0.0


LATE = frozenset(("RingbackLate", "RingbackLatenessBurnFast", "RingbackLatenessBurnSlow"))
STANDSTILL = LATE | {
    "RingbackOldestOverdue", "RingbackConsumerLag", "RingbackNotReady", "RingbackPartitionNotHeld", "RingbackCrashLoop",
    "RingbackTransactionStuck",
}  # fmt: skip
"""What else is true when callbacks stand still. A worker starts as slowly as ever, so that in a tenth of a quarter of
an hour the starts after two faults are a loop."""


@contextmanager
def all_killed(rig: Rig) -> Iterator[float]:
    """SIGKILL to all of them, and nobody starts them again."""
    with rig.left_alone(*ALL):
        rig.kill(*ALL)
        yield time.monotonic()


@contextmanager
def one_killed(rig: Rig) -> Iterator[float]:
    """SIGKILL to one, and nobody starts it again."""
    with rig.left_alone(0):
        rig.kill(0)
        yield time.monotonic()


@contextmanager
def crashing(rig: Rig) -> Iterator[float]:
    """It comes up and is killed, again and again."""

    def kill() -> None:
        if rig.ready(1):
            time.sleep(2 * rig.interval_s)  # Prometheus sees it once.
            rig.kill(1)
        time.sleep(0.2)

    began = time.monotonic()
    with rig.beside(kill):
        yield began


@contextmanager
def broker_away(rig: Rig) -> Iterator[float]:
    """The only broker is killed; its data stay."""
    rig.brokers.kill(0)
    try:
        yield time.monotonic()
    finally:
        rig.brokers.start(0)
        rig.brokers.await_started(0)


@contextmanager
def broker_stopped(rig: Rig) -> Iterator[float]:
    """It answers nobody, and its connections stay open."""
    rig.brokers.signal(0, Signals.SIGSTOP)
    try:
        yield time.monotonic()
    finally:
        rig.brokers.signal(0, Signals.SIGCONT)


@contextmanager
def loop_blocked(rig: Rig) -> Iterator[float]:
    """The event loop of one worker stands still; its threads go on."""
    rig.block(1)
    try:
        yield time.monotonic()
    finally:
        rig.unblock()


@contextmanager
def not_held(rig: Rig) -> Iterator[float]:
    """A worker with a long session is killed: the group waits for it, and nobody has its partitions."""
    rig.restart(1, session_timeout_s=600)
    with rig.left_alone(1):
        rig.kill(1)
        yield time.monotonic()
        rig.restart(1, session_timeout_s=None)


@contextmanager
def acquisition_stuck(rig: Rig) -> Iterator[float]:
    """A network swallows every request for a transactional id; a worker is started again meanwhile."""
    with rig.network.swallowing(Request.INIT_PRODUCER):
        began = time.monotonic()
        rig.kill(1)
        yield began


@contextmanager
def transaction_stuck(rig: Rig) -> Iterator[float]:
    """The brokers take nearly as long for each request of a transaction as the client waits for the answer."""
    with rig.loaded(2), rig.network.delaying(SLOW_S, *TRANSACTION):
        yield time.monotonic()


@contextmanager
def end_swallowed(rig: Rig) -> Iterator[float]:
    """A network swallows every request that ends a transaction."""
    with rig.loaded(2), rig.network.swallowing(Request.END_TRANSACTION):
        yield time.monotonic()


@contextmanager
def late(rig: Rig) -> Iterator[float]:
    """An event loop stands still for seconds, again and again, while callbacks fall due."""

    def still_and_on() -> None:
        with loop_blocked(rig):
            time.sleep(1.8)
        time.sleep(0.5)

    began = time.monotonic()
    with rig.loaded(10), rig.beside(still_and_on):
        yield began


@contextmanager
def very_late(rig: Rig) -> Iterator[float]:
    """An event loop stands still for seconds, once, while callbacks fall due."""
    with rig.loaded(5):
        began = time.monotonic()
        with loop_blocked(rig):
            time.sleep(60 * rig.scale + 2)
        yield began


@contextmanager
def campaign_off(rig: Rig) -> Iterator[float]:
    """A campaign is switched off for a while, again and again, while its callbacks fall due."""
    rig.campaign("autumn")
    began = time.monotonic()

    def off_and_on() -> None:
        rig.campaign("autumn", on=False)
        rig.load.wrap_up(20, 0.2, "autumn")
        time.sleep(1.5)
        rig.load.campaign("autumn")
        time.sleep(0.5)

    with rig.beside(off_and_on):
        yield began


@contextmanager
def blocked(rig: Rig) -> Iterator[float]:
    """A campaign names callable times that nobody has sent; its callbacks are blocked."""
    rig.campaign("blocked", callable_time_set_id="nobody")
    began = time.monotonic()

    def call() -> None:
        rig.load.wrap_up(5, 0.5, "blocked")
        time.sleep(0.5)

    with rig.beside(call):
        yield began


@contextmanager
def dialer_silent(rig: Rig) -> Iterator[float]:
    """Commands go out, and nobody answers any."""
    rig.load.silent = True
    began = time.monotonic()
    try:
        with rig.loaded(2):
            yield began
    finally:
        rig.load.silent = False


@contextmanager
def dead_letters(rig: Rig) -> Iterator[float]:
    """Somebody sends what is no event."""
    rig.load.send("wrap-up", f"{LIST}|c1", b"<wrap-up/>")
    yield time.monotonic()


@contextmanager
def held_back(rig: Rig) -> Iterator[float]:
    """Somebody leaves a transaction open on a configuration topic."""
    options = client_options(rig.cluster.settings())
    name = f"{rig.cluster.prefix}importer"

    async def begin() -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**options, transactional_id=name, transaction_timeout_ms=600_000)
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(f"{rig.cluster.prefix}campaigns", b"{", key=b"x", partition=0)
        return producer

    async def end(producer: AIOKafkaProducer) -> None:
        await producer.abort_transaction()
        await producer.stop()

    producer = rig.load.run(begin())
    try:
        yield time.monotonic()
    finally:
        rig.load.run(end(producer))


@contextmanager
def dnc_differs(rig: Rig) -> Iterator[float]:
    """The network of one worker swallows what it asks of the Do Not Call lists, to which entries are added."""
    with rig.network.starving(1, f"{rig.cluster.prefix}dnc-entries"):
        for number in range(3):
            entry = {"dnc_list_id": "D", "phone_number": f"+1212555019{number}"}
            rig.load.send("dnc-entries", f"D|{entry['phone_number']}", entry)
        yield time.monotonic()


@contextmanager
def quarantined(rig: Rig) -> Iterator[float]:
    """The state folder of a worker is damaged while it does not run."""
    with rig.left_alone(1):
        rig.kill(1)
        began = time.monotonic()
        for manifest in rig.state(1).rglob("MANIFEST-*"):
            manifest.write_bytes(os.urandom(512))
    rig.wait_ready()
    yield began
    rig.restart(1)


@contextmanager
def clock_set(rig: Rig) -> Iterator[float]:
    """The clock of a worker is set on by three seconds, and then right again: by it, callbacks are late."""
    rig.offset_file(1).write_text("3")
    yield time.monotonic()
    rig.offset_file(1).write_text("0")


@contextmanager
def bug(rig: Rig) -> Iterator[float]:
    """A bug of ours meets an event, and the timer of a callback; that is called off in the end."""
    rig.load.schedule(1, 1, callback_id="poison-event")
    rig.load.schedule_at("c3", 1, "poison-timer")
    yield time.monotonic()
    rig.load.cancel("c3", "poison-timer")


@contextmanager
def log_gap(rig: Rig) -> Iterator[float]:
    """A log ends before the offset that was read of it, as after an unclean election."""
    with rig.left_alone(*ALL):
        rig.stop(*ALL)
        began = time.monotonic()
        until(lambda: rig.load.run(_committed(rig)), SESSION_TIMEOUT_S * 10)
    rig.wait_ready()
    yield began


async def _committed(rig: Rig) -> bool:
    """Whether the group has taken an offset of nobody's, which it does once its members are gone."""
    with suppress(CommitFailedError):
        await commit(rig.cluster, 10_000_000)
        return True
    return False


@contextmanager
def lagging(rig: Rig) -> Iterator[float]:
    """The brokers take their time for each request of a transaction, and thousands of events come at once."""
    with rig.network.delaying(1.5, *TRANSACTION):
        began = time.monotonic()
        rig.load.calls(MANY)
        yield began


ALL_DOWN = Fault("all workers killed", ("RingbackAllWorkersDown",), all_killed, ALL, also=STANDSTILL)
ONE_DOWN = Fault("one worker killed", ("RingbackWorkerDown",), one_killed, (0,), also=STANDSTILL)
AWAY = Fault("the broker is killed", ("RingbackNoBroker",), broker_away, ALL, also=STANDSTILL, lasts_s=60)
BLOCKED_LOOP = Fault("an event loop stands still", ("RingbackLoopBlocked",), loop_blocked, (1,), also=STANDSTILL)
STUCK = Fault("transactions hang", ("RingbackTransactionStuck",), transaction_stuck, also=STANDSTILL)
BLOCKED_CAMPAIGN = Fault("a campaign blocks every call", ("RingbackBlockedJump",), blocked, hours=True)
SILENT = Fault("the dialer is silent", ("RingbackDialerSilent",), dialer_silent)

DRILL = ((BLOCKED_CAMPAIGN, SILENT), (ALL_DOWN,), (ONE_DOWN,), (AWAY,), (BLOCKED_LOOP,), (STUCK,))
"""What the outage drill goes through; those of a group at once."""

NOT_HELD = Fault("partitions are not taken over", ("RingbackPartitionNotHeld",), not_held, (1,), also=STANDSTILL)
CRASHING = Fault("a worker ends again and again", ("RingbackCrashLoop",), crashing, (1,), also=STANDSTILL)
HANGING = Fault(
    "an acquisition hangs", ("RingbackAcquisitionStuck", "RingbackNotReady"), acquisition_stuck, (1,), also=STANDSTILL
)
UNANSWERED = Fault("ends of transactions get lost", ("RingbackOldestOverdue",), end_swallowed, also=STANDSTILL)
BEHIND = Fault("a worker is behind", ("RingbackConsumerLag",), lagging, also=STANDSTILL)
DEAF = Fault(
    "the broker answers nobody", ("RingbackNoBroker", "RingbackNotReady"), broker_stopped, ALL, also=STANDSTILL
)
DAMAGED = Fault("the state folder is damaged", ("RingbackStateQuarantined",), quarantined, also=STANDSTILL)

ALONE = (NOT_HELD, CRASHING, HANGING, UNANSWERED, BEHIND, DEAF, DAMAGED)
"""Each stops callbacks or workers, so that they would hide each other."""

SMALL = (
    Fault("a log lost its end", ("RingbackLogGap",), log_gap, also=STANDSTILL),
    Fault("callbacks are very late", ("RingbackLate",), very_late, also=STANDSTILL | {"RingbackLoopBlocked"}),
    Fault("events that cannot be read", ("RingbackDeadLetters",), dead_letters),
    Fault("a transaction of others on a configuration topic", ("RingbackConfigurationHeldBack",), held_back),
    Fault("Do Not Call lists differ", ("RingbackDncDiffers",), dnc_differs),
    Fault("a clock is set", ("RingbackClockJump",), clock_set, also=LATE),
    Fault(
        "a bug of ours",
        ("RingbackInternalError", "RingbackTimersRetried"),
        bug,
        also=frozenset(("RingbackOldestOverdue",)),
    ),
)
"""At once: each raises its own alerts and no other's."""

HOURS = (
    Fault("callbacks are late", ("RingbackLatenessBurnFast", "RingbackLatenessBurnSlow"), late, hours=True, also=LATE),
    Fault("a campaign is off", ("RingbackCampaignLate",), campaign_off, hours=True),
)
"""At once, too."""

FAULTS = (*(fault for group in DRILL for fault in group), *ALONE, *SMALL, *HOURS)
