"""Everything from an event to a phone that rings: topics, workers, dialers, an Asterisk, and who is called.

Whatever feeds events, such as an adapter, comes in front of `Telephony.feed`; the rest stays as it is.
"""

import asyncio
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any

from streams.dev.children import die_with_parent, stop
from tests.kafka.cluster import Cluster, Feeder, Reader, feeder, reader
from tests.shared_kafka import SharedKafka
from tests.telephony.asterisk import PASSWORD, USER, Asterisk
from tests.telephony.callee import Callee
from topics.callback_events import CallbackCancelled, CallbackRescheduled

ROOT = Path(__file__).parents[2]
SOON_S = 90.0
TOLD = ("wrap-up", "callback-scheduled", "callback-lifecycle", "dial-analysis", "dial-preview", "dead-letter")
SESSION_S = 3.0


class Dialer:
    """A process of the reference dialer, with its settings and its log."""

    def __init__(self, cluster: Cluster, ari: str, folder: Path, **changes: Any) -> None:
        self._settings, self.log = folder / "dialer.toml", folder / "dialer.log"
        folder.mkdir(parents=True, exist_ok=True)
        own = {"prefix": cluster.prefix, "agents_port": 0, "session_timeout_s": SESSION_S, "drain_s": 20.0}
        asterisk: dict[str, Any] = {"url": ari, "user": USER, "password": PASSWORD, "ring_s": 3}
        asterisk |= changes.pop("asterisk", {})
        kafka = changes.pop("kafka", {"bootstrap_servers": cluster.broker})
        tables: dict[str, dict[str, Any]] = {"": own | changes, "kafka": kafka, "asterisk": asterisk}
        self._settings.write_text(
            "".join(
                f"{f'[{name}]' if name else ''}\n"
                + "".join(f"{key} = {json.dumps(one)}\n" for key, one in table.items())
                for name, table in tables.items()
            )
        )
        self.process: subprocess.Popen[bytes] | None = None
        self._began = 0

    def start(self) -> "Dialer":
        """Start it, or start it again."""
        self._began = len(self.log.read_text()) if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "examples.asterisk_dialer", str(self._settings)],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent(),
            )  # fmt: skip
        return self

    def kill(self) -> None:
        """SIGKILL; harmless when it has ended."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        stop(self.process, 60.0)
        return int(self.process.returncode)

    @property
    def said(self) -> str:
        """What it has logged since it was started last."""
        return self.log.read_text()[self._began :] if self.log.exists() else ""

    async def until_said(self, words: str) -> re.Match[str]:
        """Return when its log has this. Raises RuntimeError when it has ended, TimeoutError."""
        async with asyncio.timeout(SOON_S):
            while not (found := re.search(words, self.said)):
                if self.process is None or self.process.poll() is not None:
                    raise RuntimeError(f"the dialer has ended: {self.said[-3000:]}")
                await asyncio.sleep(0.05)
        return found

    @property
    def found(self) -> int:
        """How many commands it has found in the journal, in the partitions that it has opened."""
        lines = re.findall(r"partition (\d+): (\d+) commands in hand", self.said)
        return sum({number: int(count) for number, count in lines if count != "0"}.values())

    async def agent(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """What the interface for agents answers: the status, and what is said with it."""
        url = (await self.until_said(r"agents at (http://\S+)/previews"))[1]
        return await asyncio.to_thread(http, method, url + path, body, headers)


def http(method: str, url: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} | headers, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text[:1] in (b"[", b"{") else None


@dataclass
class Telephony:
    """All of it. `taken` reads what workers and dialers write, `callee.rang` says what rang."""

    cluster: Cluster
    asterisk: Asterisk
    callee: Callee
    feed: Feeder
    taken: Reader
    dialers: list[Dialer] = field(default_factory=list)

    def dialer(self, ari: str | None = None, **changes: Any) -> Dialer:
        """Start one more; ari: another address for Asterisk."""
        folder = self.cluster.folder / f"dialer-{len(self.dialers)}"
        self.dialers.append(Dialer(self.cluster, ari or self.asterisk.url, folder, **changes).start())
        return self.dialers[-1]

    async def worker(self) -> None:
        """Start a worker, and wait until it is ready."""
        await asyncio.to_thread(self.cluster.worker().wait_ready, SOON_S)

    def wrap_ups(self) -> dict[str, tuple[str, str | None]]:
        """Code and analysis of each call that dialers told of, by callback id."""
        told = [one for one in self.taken.values("wrap-up") if one["callback_id"]]
        assert len({one["callback_id"] for one in told}) == len(told), "a call was told of twice"
        return {one["callback_id"]: (one["wrap_up_code"], one["call_analysis"]) for one in told}

    def returned(self) -> dict[str, str]:
        """Why each command came back, by callback id."""
        told = [one for one in self.taken.values("callback-scheduled") if one["type"] == "returned"]
        return {one["callback_id"]: one["reason"] for one in told}

    def ended(self) -> dict[str, list[str]]:
        """How each callback ended, with its reasons, by callback id."""
        ends = ("completed", "not_dialed", "expired", "blocked", "cancelled")
        steps = [one for one in self.taken.values("callback-lifecycle") if one["transition"] in ends]
        return {one["callback_id"]: [one["transition"], *one["reasons"]] for one in steps}

    def commands(self) -> int:
        """How many commands there have been."""
        out = ("dialing", "presented")
        return sum(one["transition"] in out for one in self.taken.values("callback-lifecycle"))

    async def cancel(self, callback_id: str, contact_id: str) -> None:
        """Somebody calls a callback off."""
        event = CallbackCancelled(
            event_id=f"x-{callback_id}", occurred_at=datetime.now(UTC), callback_id=callback_id, campaign_id="P",
            contact_list_id="L", contact_id=contact_id,
        )  # fmt: skip
        await self.feed.send("callback-scheduled", event)
        await self.feed.flush()

    async def reschedule(self, callback_id: str, contact_id: str) -> None:
        """Somebody moves a callback to now."""
        now = datetime.now(UTC)
        event = CallbackRescheduled(
            event_id=f"m-{callback_id}", occurred_at=now, callback_id=callback_id, campaign_id="P",
            contact_list_id="L", contact_id=contact_id, due_at=now + timedelta(milliseconds=1),
        )  # fmt: skip
        await self.feed.send("callback-scheduled", event)
        await self.feed.flush()

    async def hang_up(self) -> None:
        """Nobody answers any of the calls on their way."""
        for record in self.taken.records["dial-analysis"] + self.taken.records["dial-preview"]:
            with suppress(OSError):
                await asyncio.to_thread(self.asterisk.hang_up, json.loads(record.value)["command_id"])

    async def past(self, instant: datetime) -> None:
        """Let time pass, up to this instant."""
        await self.until(lambda: datetime.now(UTC) > instant)

    async def until(self, done: Any) -> None:
        """Read until `done()`. Raises TimeoutError with what everybody said last."""
        try:
            await self.taken.until(done, SOON_S, self._look)
        except TimeoutError as error:
            said = "\n".join(dialer.said[-3000:] for dialer in self.dialers)
            letters = [record.headers for record in self.taken.records["dead-letter"]]
            raise TimeoutError(f"{error}\n{self.ended()}\n{letters}\n{said}") from error

    def _look(self) -> None:
        for dialer in self.dialers:
            if dialer.process is not None and dialer.process.poll() not in (None, 0, -SIGKILL):
                raise RuntimeError(f"a dialer has ended: {dialer.said[-3000:]}")


@contextmanager
def servers(kafka: SharedKafka, prefix: str, folder: Path) -> Iterator[tuple[Cluster, Asterisk, Callee]]:
    """Topics, an Asterisk, and who is called through it. Workers that are started on the topics end with it."""
    with (
        Cluster(kafka.bootstrap, prefix, folder) as cluster,
        Callee(folder) as callee,
        Asterisk(folder, callee.port) as asterisk,
    ):
        yield cluster, asterisk, callee


@asynccontextmanager
async def telephony(cluster: Cluster, asterisk: Asterisk, callee: Callee) -> AsyncIterator[Telephony]:
    """All that is on these servers; dialers that are started end with it."""
    async with feeder(cluster) as feed, reader(cluster, TOLD) as taken:
        made = Telephony(cluster, asterisk, callee, feed, taken)
        try:
            yield made
        finally:
            for dialer in made.dialers:
                dialer.kill()
