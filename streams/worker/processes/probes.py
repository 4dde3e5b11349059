"""The answers of several processes to a probe as one, and their status pages as one. Reasons name the process."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from streams.worker.health import Answer, instant
from streams.worker.processes.asking import PAGE_S, PROBE_S, Reply, ask_all
from streams.worker.processes.process import Standing

log = logging.getLogger(__name__)

Standings = Callable[[], Sequence[Standing]]


class AllOfThem:
    """Asks every process at each probe; has it all from nobody else."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._has_started = False

    def live(self) -> Answer:
        """200 while each process that listens lives. One that ends is started again: no restart of all is needed."""
        asked = [(one, reply) for one, reply in self._asked("/livez") if one.port is not None]
        return _together(asked, "live", "not_live")

    def ready(self) -> Answer:
        """200 when each process is ready."""
        return _together(self._asked("/readyz"), "ready", "not_ready")

    def started(self) -> Answer:
        """200 for ever once each process had started."""
        asked = [] if self._has_started else self._asked("/startupz")
        answer = _together(asked, "started", "starting")
        self._has_started = self._has_started or answer.ok
        return answer

    def status(self) -> dict[str, object]:
        """`partitions` of all, each with its process, and the rest of each process's page under `processes`."""
        partitions: dict[str, Any] = {}
        processes: dict[str, Any] = {}
        for one, reply in ask_all(self._standings(), "/status", PAGE_S):
            page = _body(reply) if reply is not None and reply.status == 200 else {}
            for number, partition in page.pop("partitions", {}).items():
                known = partitions.get(number)
                if known is None or not known["ready"]:  # For a moment two may have it, and one is ready.
                    partitions[number] = {**partition, "process": one.name}
            known_of = {"pid": one.pid, "port": one.port, "since": one.since, "last_end": one.ended or None}
            processes[one.name] = {**known_of, "answers": reply is not None, **page}
        return {"partitions": dict(sorted(partitions.items(), key=lambda each: int(each[0]))), "processes": processes}

    def _asked(self, path: str) -> list[tuple[Standing, Reply | None]]:
        return ask_all(self._standings(), path, PROBE_S)


def _together(asked: Iterable[tuple[Standing, Reply | None]], well: str, unwell: str) -> Answer:
    """One answer of all. Every process that is not well has at least one reason."""
    reasons: list[str] = []
    waits_for: dict[str, object] = {}
    for one, reply in asked:
        if reply is None:
            reasons.append(_missing(one))
            continue
        body = _body(reply)
        found = [f"process {one.name}: {reason}" for reason in body.get("reasons", ())]
        if reply.status != 200:
            reasons += found or [f"process {one.name} answers {reply.status}"]
        waits_for |= {f"process {one.name}: {who}": what for who, what in body.get("waits_for", {}).items()}
    return Answer(not reasons, {"status": unwell if reasons else well, "reasons": reasons, "waits_for": waits_for})


def _missing(one: Standing) -> str:
    since = instant(one.since)
    if one.port is not None:
        return f"process {one.name} does not answer"
    if one.pid is not None:
        return f"process {one.name} starts (since {since})"
    if one.ended:
        return f"process {one.name} ended ({one.ended}) at {since} and is started again soon"
    return f"process {one.name} has not been started"


def _body(reply: Reply) -> dict[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(reply.body)
        return dict(found)
    except (ValueError, TypeError):
        return {}
