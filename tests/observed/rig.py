"""Two workers on a Kafka of their own, a supervisor, a load, and a Prometheus with all rules that scrapes them.

All of it can be broken, and it always ends.
"""

import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Self

from streams.dev.local import LocalWorker
from streams.dev.observe import Prometheus, rule_files
from tests.faults.brokers import Brokers
from tests.faults.proxy import HOST
from tests.kafka.cluster import PARTITIONS, Cluster, configured
from tests.observed.api import Api, until
from tests.observed.breakable_worker import BLOCKED
from tests.observed.load import Load
from tests.observed.network import Swallowing
from tests.ports import reserved_ports

ROOT = Path(__file__).parents[2]
WORKERS = 2
NETWORKS = 2
PORTS = 4
"""For workers that join later, too."""
SETTLED_S = 30.0
REVIVE_AFTER_S = 1.0
SUPERVISED_EVERY_S = 0.1


@dataclass
class Rig:
    """scale: of the rules, hours_scale: of those of a second Prometheus, for windows of hours and days.

    interval_s: between scrapes. settings: of the workers, besides those of the cluster.
    """

    folder: Path
    scale: float
    hours_scale: float
    interval_s: float = 1.0
    settings: dict[str, object] = field(default_factory=dict)
    down: set[int] = field(default_factory=set)
    """Workers that nobody starts again for now, by their number."""
    asked: set[str] = field(default_factory=set)
    """Alerts of the faults that were made: of some, windows outlast the repair."""
    prometheuses: list[Prometheus] = field(default_factory=list)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.network = Swallowing(NETWORKS)
            self.brokers = stack.enter_context(Brokers(self._made("brokers"), 1, self.network))
            command = ("-m", "tests.observed.breakable_worker", str(self.folder))
            self.cluster = stack.enter_context(
                Cluster(self.brokers.direct, "observed.", self._made("workers"), command)
            )
            self.load = stack.enter_context(Load(self.cluster))
            self._ports = reserved_ports(HOST, PORTS)
            for _ in range(WORKERS):
                self.add_worker()
            self.wait_ready()
            stack.enter_context(self._supervised())
            self.api = stack.enter_context(self.observed(self.scale, self.interval_s))
            self.hours = self.api
            if self.hours_scale != self.scale:
                self.hours = stack.enter_context(self.observed(self.hours_scale, self.interval_s))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def workers(self) -> list[LocalWorker]:
        """By their number."""
        return self.cluster.workers

    @property
    def instances(self) -> list[str]:
        """How Prometheus names the workers, by their number."""
        return [f"{HOST}:{port}" for port in self._ports]

    def add_worker(self, **more: object) -> LocalWorker:
        """Start one more, with a name of its own, on the next network and the next port."""
        number = len(self.workers)
        given = {
            "broker": self.brokers.proxied(number % NETWORKS), "metrics_port": self._ports[number],
            "clock_offset_file": self.offset_file(number),
        }  # fmt: skip
        return self.cluster.worker(**given | self.settings | more)

    def offset_file(self, number: int) -> Path:
        """Seconds by which the clock of a worker is wrong."""
        return self.folder / f"offset-{number}"

    def wait_ready(self) -> None:
        """Return when every worker is ready, and all partitions are shared out."""
        until(self.works, SETTLED_S, lambda: [worker.last_words() for worker in self.workers])

    def works(self) -> bool:
        """Whether each worker that should be there is ready, and each partition is on one of them."""
        up = [number for number in range(len(self.workers)) if number not in self.down]
        held = [
            set(status["partitions"]) for number in up if (status := self.workers[number].status()) is not None
        ]  # fmt: skip
        return all(self.ready(number) for number in up) and sum(map(len, held)) == PARTITIONS

    def ready(self, number: int) -> bool:
        """Whether /readyz of a worker is 200."""
        try:
            with _open(f"http://{self.instances[number]}/readyz", timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            return False

    @contextmanager
    def observed(self, scale: float, interval_s: float) -> Iterator[Api]:
        """A Prometheus that scrapes the workers, with rules of a scale."""
        folder = self._made(f"prometheus-{scale:g}-{interval_s:g}")
        rules = folder / "rules"
        command = [sys.executable, "grafana/build_rules.py", "--scale", f"{scale:g}", "--out", str(rules)]
        subprocess.run(command, cwd=ROOT, check=True)
        with Prometheus(folder, self.instances[:WORKERS], rule_files(rules), interval_s) as prometheus:
            self.prometheuses.append(prometheus)
            api = Api(prometheus.url)
            until(lambda: set(api.targets().values()) == {""}, SETTLED_S, api.targets)
            yield api

    @contextmanager
    def left_alone(self, *numbers: int) -> Iterator[None]:
        """The supervisor does not start these again in here; those that have ended are started at its end."""
        self.down |= set(numbers)
        try:
            yield
        finally:
            self.down -= set(numbers)

    def kill(self, *numbers: int) -> None:
        """SIGKILL."""
        for number in numbers:
            self.workers[number].kill()

    def campaign(self, campaign_id: str, *, on: bool = True, **more: object) -> None:
        """Set up a campaign; returns when the workers know it."""
        self.load.campaign(campaign_id, on=on, **more)
        self.load.run(configured(self.cluster))

    def block(self, number: int) -> None:
        """Have the event loop of a worker stand still, until `unblock`."""
        (self.folder / BLOCKED).touch()
        self.workers[number].signal(Signals.SIGUSR2)

    def unblock(self) -> None:
        """Let it run again."""
        (self.folder / BLOCKED).unlink(missing_ok=True)

    def leave(self, number: int) -> None:
        """Take the last worker away for good, as one that is scaled in."""
        assert number == len(self.workers) - 1
        self.down.add(number)
        self.workers[number].stop()
        self.workers.pop()
        self.cluster.changes.pop()
        self.down.discard(number)

    def scrape(self, count: int) -> None:
        """Have every Prometheus scrape so many workers."""
        for prometheus in self.prometheuses:
            prometheus.scrape(self.instances[:count])

    def stop(self, *numbers: int) -> None:
        """SIGTERM; they are no members of the group any more, unless they have a name."""
        for number in numbers:
            self.workers[number].stop()

    def restart(self, number: int, **changes: object) -> None:
        """Stop a worker and start it again, with other settings; None takes a setting back."""
        own = self.cluster.changes[number]
        own.update(changes)
        for name in [name for name, value in changes.items() if value is None]:
            del own[name]
        with self.left_alone(number):
            self.stop(number)
            self.cluster.replace(number, self.cluster.command)
        self.wait_ready()

    def state(self, number: int) -> Path:
        """The state folder of a worker."""
        return self.workers[number].log.with_suffix(".state")

    @contextmanager
    def loaded(self, rate: float) -> Iterator[None]:
        """So many callbacks a second are scheduled."""
        before, self.load.rate = self.load.rate, rate
        try:
            yield
        finally:
            self.load.rate = before

    @contextmanager
    def beside(self, work: Callable[[], object]) -> Iterator[None]:
        """Do something again and again until the context ends. Raises what it raised."""
        over, errors = threading.Event(), list[Exception]()

        def repeat() -> None:
            try:
                while not over.is_set():
                    work()
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=repeat, name="beside")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if errors:
            raise errors[0]

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    @contextmanager
    def _supervised(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._supervise, args=(over,), name="supervisor")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _supervise(self, over: threading.Event) -> None:
        """Start again what has ended. The kernel ends those with this thread, which is over at the end."""
        ended: dict[int, float] = {}
        while not over.wait(SUPERVISED_EVERY_S):
            for number, worker in enumerate(self.workers):
                if worker.exit_code is None or number in self.down:
                    ended.pop(number, None)
                elif time.monotonic() - ended.setdefault(number, time.monotonic()) > REVIVE_AFTER_S:
                    worker.revive()


_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
