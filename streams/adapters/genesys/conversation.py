"""What is kept of a conversation until all of its events are there, and a turn in which one more event comes.

Its events come in any order, late and more than once. Only `outbound`, and a callback that has a preview, say which
contact a conversation is about; what comes before that is put by, up to a window.
"""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.adapters.callback_changes import Known
from streams.adapters.seam import Letter, Out, Raw, Skip, Stepped, Terms
from topics.codec import BadEvent, ErrorCode

WAITING_MAX = 8
"""Events of a conversation that wait for its contact; there are one or two."""

WRITTEN_MAX = 64
"""Ids of a conversation's wrap-ups that are remembered, so that a repeat is known."""

AGENTS_MAX = 32
CALLBACK_KEPT_MS = 8 * 24 * 3600 * 1000
"""After its due time: a presentation without an outcome ends after 7 days, and its wrap-up names no contact."""

KEPT_MS_MAX = 45 * 24 * 3600 * 1000
"""Nothing is promised more than 30 days ahead, so a callback of later is refused by the worker anyway."""


class Facts(Struct, frozen=True):
    """Which contact a conversation is about. called_ms: when it was dialed, of a call of its campaign."""

    campaign_id: str
    contact_list_id: str
    contact_id: str
    phone_number: str | None = None
    called_ms: int | None = None


class Half(Struct, frozen=True):
    """A record that waits for its other half, up to an instant."""

    raw: Raw
    until_ms: int


class Conversation(Struct, frozen=True):
    """The row of a conversation.

    until_ms: when it is forgotten. outbound: waits for a wrap-up. waiting: wait for the contact. written: ids of the
    wrap-ups there were. agents: by participant. linked: the callback that the call was, as its attributes say.
    participant_id: who has the callback. over_ms: when a callback was last seen to be over.
    """

    until_ms: int = 0
    facts: Facts | None = None
    outbound: Half | None = None
    waiting: tuple[Half, ...] = ()
    written: tuple[str, ...] = ()
    attributes: dict[str, str] = {}
    agents: dict[str, str] = {}
    linked: str | None = None
    callback: Known | None = None
    participant_id: str | None = None
    over_ms: int = 0


_decoder = msgspec.msgpack.Decoder(Conversation)


def row_of(stored: bytes | None) -> Conversation:
    """The row, or that of a conversation of which nothing is known."""
    return Conversation() if stored is None else _decoder.decode(stored)


def stored(row: Conversation) -> bytes:
    """The row as it is kept."""
    return msgspec.msgpack.encode(row)


class Turn:
    """One event comes: `row` is what is known so far, `done` what becomes of it so far."""

    def __init__(self, row: Conversation, terms: Terms, now_ms: int) -> None:
        self.row, self.terms, self.now_ms = row, terms, now_ms
        self.done = Stepped()

    def learn(self, **changes: object) -> None:
        """Change the row."""
        self.row = replace(self.row, **changes)

    def skip(self, why: Skip) -> None:
        """Nothing becomes of the event."""
        self.done.skipped.append(why)

    def refuse(self, raw: Raw, bad: BadEvent) -> None:
        """An event that waited cannot be mapped."""
        self.done.letters.append(Letter(raw, bad))

    def put_by(self, raw: Raw) -> None:
        """The event waits for the contact; one that was sent twice waits once. Raises BadEvent where too many do."""
        if any(half.raw.value == raw.value for half in self.row.waiting):
            self.skip(Skip.REPEATED)
            return
        if len(self.row.waiting) >= WAITING_MAX:
            raise BadEvent(ErrorCode.TOO_LARGE, "$", f"More than {WAITING_MAX} events of a conversation wait")
        self.learn(waiting=(*self.row.waiting, Half(raw, self.now_ms + self.terms.window_ms)))
        self.done.waiting += 1

    def wrap_up(self, event_id: str, out: Out) -> None:
        """Write a wrap-up, once."""
        if event_id in self.row.written:
            self.skip(Skip.REPEATED)
            return
        self.done.outs.append(out)
        self.learn(written=(*self.row.written, event_id)[-WRITTEN_MAX:], outbound=None)

    def ended(self) -> Conversation:
        """The row to keep: it is remembered for a window longer, and with a callback until after that."""
        until_ms = max(self.row.until_ms, self.now_ms + self.terms.window_ms)
        if self.row.callback is not None:
            until_ms = max(until_ms, self.row.callback.due_ms + CALLBACK_KEPT_MS)
        return replace(self.row, until_ms=min(until_ms, self.now_ms + KEPT_MS_MAX))


def due_ms(row: Conversation) -> int:
    """When something of the row has waited for long enough, or all of it is old."""
    halves = row.waiting if row.outbound is None else (*row.waiting, row.outbound)
    return min([row.until_ms, *(half.until_ms for half in halves)])


def expire(row: Conversation, now_ms: int) -> tuple[Conversation | None, list[Letter]]:
    """The row without what has waited for too long, None for one that is old, and the dead letters of it."""
    letters = [Letter(half.raw, _alone("its contact")) for half in row.waiting if half.until_ms <= now_ms]
    left = replace(row, waiting=tuple(half for half in row.waiting if half.until_ms > now_ms))
    if row.outbound is not None and row.outbound.until_ms <= now_ms:
        letters.append(Letter(row.outbound.raw, _alone("its wrap-up")))
        left = replace(left, outbound=None)
    is_old = left.until_ms <= now_ms and not left.waiting and left.outbound is None
    return (None if is_old else left), letters


def _alone(missing: str) -> BadEvent:
    what = f"No event of its conversation told {missing} within adapter_window_s"
    return BadEvent(ErrorCode.NO_PARTNER, "$", what)
