"""VICIdial as an adapter: each state of a row of `vicidial_callbacks`, with the number of its lead.

A record is the row as a JSON object, or the envelope of Debezium around it. `phone_code` and `phone_number` are those
of the lead: the query or the connector that feeds the topic joins them. Times have no zone: they are by the clock of
the server. `comments` is not read. Source: help_documentation.txt and MySQL_AST_CREATE_tables.sql of VICIdial.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.adapters.callback_changes import Known, between, called_off
from streams.adapters.numbers import to_dial
from streams.adapters.reading import ms_of, object_of, shaped
from streams.adapters.seam import Out, Raw, Routed, Rows, Skip, Stepped, Terms
from topics.callback_events import Owner
from topics.codec import BadEvent, ErrorCode

NAME = "vicidial"
CALLBACK = "callback"
STATES = ("ACTIVE", "LIVE", "INACTIVE", "DEAD", "ARCHIVE")
OUTSTANDING, UNDER_WAY = "ACTIVE", "LIVE"
USER_ONLY = "USERONLY"
PERSONAL = ("comments",)
KEPT_MS = 45 * 24 * 3600 * 1000
"""After its last change: nothing is promised more than 30 days ahead."""

Number = str | int


class CallbackRow(Struct, frozen=True):
    """A row of `vicidial_callbacks`, and the number of its lead."""

    callback_id: Number
    lead_id: Number
    list_id: Number
    campaign_id: Number
    status: str
    entry_time: str
    callback_time: str
    modify_date: str | None = None
    user: str | None = None
    recipient: str | None = None
    phone_code: Number | None = None
    phone_number: Number | None = None


class Remembered(Struct, frozen=True):
    """A callback as it was last told, and when it may be forgotten."""

    known: Known
    until_ms: int


_remembered = msgspec.msgpack.Decoder(Remembered)


class Vicidial:
    """The adapter of one installation."""

    name = NAME

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._zone = ZoneInfo(terms.time_zone)

    def route(self, raw: Raw) -> Routed | Skip:
        """By callback. Raises BadEvent."""
        document = object_of(raw.value)
        row, _ = _row_in(document)
        if row is None:
            return Skip.NOT_USED
        for name in PERSONAL:
            row.pop(name, None)
        callback = shaped(row, CallbackRow, "$")
        return Routed(str(callback.callback_id), msgspec.json.encode(document))

    def step(self, raw: Raw, rows: Rows, now: datetime) -> Stepped:
        """One more state of a row. Raises BadEvent; then nothing changes."""
        row, is_deleted = _row_in(object_of(raw.value))
        given = shaped(row, CallbackRow, "$")
        if given.status not in STATES:
            raise BadEvent(ErrorCode.UNSUPPORTED, "$.status", "A status that is not known")
        key = f"{CALLBACK}|{given.callback_id}"
        stored = rows.get(key)
        before = None if stored is None else _remembered.decode(stored).known
        after, found = self._told(given, before, raw, is_deleted)
        if after is None:
            return Stepped(skipped=[found]) if isinstance(found, Skip) else Stepped(outs=[found])
        done = Stepped(outs=[found]) if isinstance(found, Out) else Stepped(skipped=[found])
        if found is not Skip.SUPERSEDED:
            until_ms = ms_of(now) + KEPT_MS
            done.writes[key] = msgspec.msgpack.encode(Remembered(after, until_ms))
        return done

    def due_ms(self, key: str, row: bytes) -> int | None:
        """When it is forgotten."""
        return _remembered.decode(row).until_ms

    def expire(self, key: str, row: bytes, now_ms: int) -> Stepped:
        """It is forgotten."""
        return Stepped(writes={key: None}) if _remembered.decode(row).until_ms <= now_ms else Stepped()

    def _told(
        self, given: CallbackRow, before: Known | None, raw: Raw, is_deleted: bool
    ) -> tuple[Known | None, Out | Skip]:
        """The callback as it is now, and the event that leads there."""
        at_ms = self._at_ms(given, raw)
        if given.status == OUTSTANDING and not is_deleted:
            after = self._known(given, at_ms)
            return after, between(before, after)
        if before is None or before.ended:
            return None, Skip.NOT_OUTSTANDING
        if given.status == UNDER_WAY and not is_deleted:
            return None, Skip.UNCHANGED
        at_ms = max(at_ms, raw.timestamp_ms) if is_deleted else at_ms
        if at_ms < before.at_ms:
            return None, Skip.SUPERSEDED
        ended = replace(before, ended=True, at_ms=at_ms)
        return ended, called_off(before, at_ms, "deleted" if is_deleted else given.status.lower())

    def _known(self, given: CallbackRow, at_ms: int) -> Known:
        agent_id = (given.user or "").strip() or None
        is_own = given.recipient == USER_ONLY
        if is_own and agent_id is None:
            raise BadEvent(ErrorCode.INVALID, "$.user", "A callback for its user alone names none")
        code = str(given.phone_code or "").strip()
        text = str(given.phone_number or "").strip()
        return Known(
            callback_id=str(given.callback_id),
            campaign_id=str(given.campaign_id),
            contact_list_id=str(given.list_id),
            contact_id=str(given.lead_id),
            due_ms=self._ms(given.callback_time, "$.callback_time"),
            phone_number=to_dial(f"+{code}{text}" if code and text else text, self._terms.region, "$.phone_number"),
            owner=Owner.ONLY if is_own else Owner.ANYONE,
            agent_id=agent_id if is_own else None,
            at_ms=at_ms,
        )

    def _at_ms(self, given: CallbackRow, raw: Raw) -> int:
        """When the row was changed, else entered. The database has whole seconds."""
        if given.modify_date and not given.modify_date.startswith("0000"):
            return self._ms(given.modify_date, "$.modify_date")
        return self._ms(given.entry_time, "$.entry_time")

    def _ms(self, text: str, at: str) -> int:
        """An instant by the server's clock; of an hour that comes twice, the first."""
        try:
            return int(datetime.fromisoformat(text).replace(tzinfo=self._zone).astimezone(UTC).timestamp()) * 1000
        except (ValueError, OverflowError):
            raise BadEvent(ErrorCode.INVALID, at, "Expected a time as the database writes it") from None


def _row_in(document: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    """The row in a record, and whether it was deleted; None for a record that has no row of a table."""
    change = document.get("payload", document)
    if not isinstance(change, dict) or not ("after" in change or "before" in change):
        return document, False
    is_deleted = change.get("after") is None
    row = change.get("before") if is_deleted else change["after"]
    return (row if isinstance(row, dict) else None), is_deleted
