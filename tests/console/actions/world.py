"""A worker's core on a virtual clock, with what a view would say of it and an outbox that hands it what is sent."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Self

from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.console.actions.model import Outgoing
from streams.console.actions.runs import Runs
from streams.console.view.model import CallbackKey, CallbackRow, Filter, Standing, Story, Told
from tests.builders import Json, Said, Worker, instant
from topics.audit import ConsoleAudit
from topics.codec import decode
from topics.names import TopicName
from topics.partitions import partition_for

NOW = "2026-11-23T14:45:00Z"
PARTITIONS = 4
CLIENTS: Any = SimpleNamespace(settings=SimpleNamespace(prefix="p."))
ENDS = ("completed", "cancelled", "blocked", "expired", "owner_expired", "not_dialed")


@dataclass
class At(SystemClock):
    """A clock that stands where a test sets it."""

    text: str = NOW

    def now(self) -> datetime:
        return datetime.fromisoformat(self.text)


@dataclass
class World:
    """The view of a worker's core, as far as actions ask for it."""

    worker: Worker = field(default_factory=lambda: Worker(partitions=PARTITIONS))
    rows: dict[CallbackKey, CallbackRow] = field(default_factory=dict)
    told: dict[str, list[Told]] = field(default_factory=dict)
    sent: list[Outgoing] = field(default_factory=list)
    clock: At = field(default_factory=At)
    is_deaf: bool = False
    """Whether the worker reads nothing: it is down."""

    def schedule(self, *events: Json) -> None:
        """Have agents schedule callbacks, or do anything else to them."""
        for event in events:
            self.hear(self.worker.schedule(event))

    def hear(self, said: Said) -> None:
        for line in said.lines:
            value = line["value"]
            if line["topic"] == "callback-lifecycle":
                self._tell(value["cause"]["event_id"], TopicName.CALLBACK_LIFECYCLE, value, {})
                self._stand(value)
            elif line["topic"] == "dead-letter":
                self._tell((value or {}).get("event_id"), TopicName.DEAD_LETTER, value, line["headers"])

    def _tell(self, event_id: str | None, topic: TopicName, value: Json, headers: Mapping[str, str]) -> None:
        at = instant(self.worker.at)
        offset = sum(map(len, self.told.values()))
        told = Told(
            topic=topic, partition=0, offset=offset, at=at, written_at=at, value=value, headers=headers,
            contact_id=(value or {}).get("contact_id"), callback_id=(value or {}).get("callback_id"),
        )  # fmt: skip
        self.told.setdefault(event_id or "", []).append(told)

    def _stand(self, value: Json) -> None:
        key = CallbackKey(value["contact_list_id"], value["contact_id"], value["callback_id"])
        if value["transition"] == "rejected":
            return
        before, facts = self.rows.get(key), value["facts"]
        after = facts.get("after", facts) if value["transition"] in ("scheduled", "changed") else {}
        kept: dict[str, Any] = {
            name: after.get(name, getattr(before, name, None)) for name in ("agent_id", "owner", "queue_id")
        }
        standing = value["transition"] if value["transition"] in {*Standing} - {"rejected"} else "scheduled"
        self.rows[key] = CallbackRow(
            callback_id=key.callback_id,
            contact_list_id=key.contact_list_id,
            contact_id=key.contact_id,
            campaign_id=value["campaign_id"],
            standing=before.standing if before and value["transition"] == "changed" else Standing(standing),
            due_at=instant(value["due_at"]),
            changed_at=instant(value["occurred_at"]),
            **kept,
        )

    # ---- what actions ask of a view

    def each(self, by: Filter, now: datetime) -> Iterator[CallbackRow]:
        for row in self.rows.values():
            fits = by.agent_id in (None, row.agent_id) and by.campaign_id in (None, row.campaign_id)
            if fits and (row.is_outstanding or not by.outstanding):
                yield row

    def callback(self, key: CallbackKey) -> CallbackRow | None:
        return self.rows.get(key)

    def story(self, key: CallbackKey) -> Story | None:
        found = [told for some in self.told.values() for told in some if told.callback_id == key.callback_id]
        mine = [told for told in found if told.contact_id == key.contact_id]
        return Story(row=self.rows[key], told=tuple(sorted(mine, key=lambda told: told.offset)))

    def events_by(self, event_ids: Collection[str]) -> Mapping[str, tuple[Told, ...]]:
        return {one: tuple(self.told[one]) for one in event_ids if one in self.told}

    # ---- what is sent

    def outbox(self, _: object = None) -> "Box":
        return Box(self)

    @property
    def audited(self) -> list[ConsoleAudit]:
        found = [decode("console-audit", one.value or b"") for one in self.sent if one.topic == "p.console-audit"]
        return [one for one in found if isinstance(one, ConsoleAudit)]

    @property
    def events(self) -> list[Outgoing]:
        return [one for one in self.sent if one.topic != "p.console-audit"]

    def due(self, callback_id: str, contact_id: str = "c1") -> str:
        at = self.rows[CallbackKey("L", contact_id, callback_id)].due_at
        return "" if at is None else at.isoformat().replace("+00:00", "Z")


@dataclass
class Box:
    """Hands what is sent to the worker, or breaks after so many records."""

    world: World
    breaks_after: int | None = None
    has_audit: bool = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def partitions(self, topic: str) -> int:
        if topic == "p.console-audit" and not self.has_audit:
            raise OperatorError("there is no topic p.console-audit. Create it with `ringback topics create`")
        return PARTITIONS

    async def send(self, records: Iterable[Outgoing]) -> None:
        for one in records:
            if self.breaks_after is not None and len(self.world.events) >= self.breaks_after:
                raise OperatorError("no broker")
            self.world.sent.append(one)
            if one.topic == "p.console-audit" or self.world.is_deaf:
                continue
            self.world.worker.at = max(self.world.worker.at, self.world.clock.text)
            assert one.key is not None and one.partition == partition_for(one.key, PARTITIONS)
            headers = {name: text.decode() for name, text in one.headers}
            value = (one.value or b"null").decode()
            self.world.hear(self.world.worker.send_raw(one.topic.removeprefix("p."), value, one.key.decode(), headers))


def runs(world: World, folder: Any, clock: At, outbox: Callable[[object], Any] | None = None) -> Runs:
    world.clock = clock
    return Runs(folder, clock, outbox or world.outbox)  # type: ignore[arg-type]
