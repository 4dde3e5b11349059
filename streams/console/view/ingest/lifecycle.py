"""`callback-lifecycle`: transitions of callbacks, and rejections of events. Pure."""

import msgspec
from msgspec import Struct

from streams.console.view.ingest.reading import About, about, read, tell
from streams.console.view.record import NUMBER_OF, OFFSETS, Record, number_of, of_ms, us
from streams.console.view.rows import Key, Move, Refuse, Row, Tick
from topics.fields import Instant
from topics.names import TopicName
from topics.records import Transition

ENDS = frozenset(
    (
        Transition.COMPLETED,
        Transition.BLOCKED,
        Transition.CANCELLED,
        Transition.EXPIRED,
        Transition.OWNER_EXPIRED,
        Transition.NOT_DIALED,
    )
)
"""After one of these a callback is not outstanding."""


class Fields(Struct, frozen=True, gc=False):
    """Those of a callback that are lines of a list."""

    agent_id: str | None = None
    queue_id: str | None = None
    owner: str | None = None
    phone_number: str | None = None


class Facts(Fields, frozen=True, gc=False):
    """What is needed of the facts; they may change with any version."""

    before: Fields | None = None
    after: Fields | None = None


class Cause(Struct, frozen=True, gc=False):
    """The event behind it, and where that stands."""

    event_id: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None

    @property
    def number(self) -> int | None:
        """The place of the event as a number; None if it has none."""
        if self.topic not in NUMBER_OF or self.partition is None or self.offset is None:
            return None
        return number_of(TopicName(self.topic), self.partition, self.offset % OFFSETS)


class Lifecycle(Struct, frozen=True, gc=False):
    """A record, as far as the view reads it: words are texts, so that those of another version are taken, too."""

    transition: str
    occurred_at: Instant
    campaign_id: str
    callback_id: str | None = None
    contact_list_id: str | None = None
    contact_id: str | None = None
    reasons: tuple[str, ...] = ()
    due_at: Instant | None = None
    origin: str | None = None
    facts: msgspec.Raw = msgspec.Raw()
    cause: Cause = Cause()


_records = msgspec.json.Decoder(Lifecycle)
_facts = msgspec.json.Decoder(Facts)
_NO_FACTS = Facts()


def rows(record: Record) -> list[Row]:
    """The transition, a count of its end, and the record for the story."""
    found = read(_records, record.value)
    if found is None:
        return [] if record.value is None else [tell(record, about(record.value))]
    who = About(found.contact_list_id, found.contact_id, found.callback_id, None, found.occurred_at)
    told = tell(record, who, found.cause.event_id if found.cause.topic else None)
    key = told.callback
    if key is None:
        return [told]
    if found.transition == Transition.REJECTED:
        return [told, _refusal(record, found, key)]
    moved = _moved(record, found, key)
    if found.transition in ENDS:
        return [told, moved, Tick(kind=found.transition, at=moved.at)]
    return [told, moved]


def _refusal(record: Record, found: Lifecycle, key: Key) -> Refuse:
    return Refuse(
        key=key,
        number=record.number,
        at=us(found.occurred_at),
        due=None if found.due_at is None else us(found.due_at),
        campaign=found.campaign_id,
        origin=found.origin,
        reasons=found.reasons,
    )


def _moved(record: Record, found: Lifecycle, key: Key) -> Move:
    fields, digits = _said(found)
    return Move(
        key=key,
        number=record.number,
        transition=found.transition,
        at=us(found.occurred_at),
        written=of_ms(record.timestamp_ms),
        due=None if found.due_at is None else us(found.due_at),
        campaign=found.campaign_id,
        origin=found.origin,
        reasons=found.reasons,
        fields=fields,
        cause=None if digits is None else found.cause.number,
        digits=digits or "",
    )


def _said(found: Lifecycle) -> tuple[dict[str, str | None], str | None]:
    """The fields as they are from now on, and the last digits of a number that is new; None if there is none.

    Of a number the facts have at most two digits. The event that led to it has them all.
    """
    if found.transition not in (Transition.SCHEDULED, Transition.CHANGED):
        return {}, None
    facts = read(_facts, bytes(found.facts)) or _NO_FACTS
    if found.transition == Transition.SCHEDULED:
        return {"agent_id": facts.agent_id, "queue_id": facts.queue_id, "owner": facts.owner}, ""
    after, before = facts.after or Fields(), facts.before or Fields()
    fields = {
        name: getattr(after, name)
        for name in ("agent_id", "queue_id", "owner")
        if getattr(after, name) is not None or getattr(before, name) is not None
    }
    return fields, after.phone_number
