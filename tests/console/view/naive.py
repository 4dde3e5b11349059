"""What the view should say, worked out from all lines at once, in the plainest way: no batches, no SQL, no order."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from streams.console.view.memory import Line
from streams.console.view.model import OUTSTANDING, CallbackKey, CallbackRow, Filter, Standing
from topics.commands import Origin

WORDS = {str(standing) for standing in Standing}


def value_of(line: Line) -> dict[str, Any]:
    try:
        found = json.loads(line[5] or b"null")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def at(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


class Naive:
    """rows: each callback that is to be shown, without agent, queue, owner and digits, by key."""

    def __init__(self, lines: Iterable[Line]) -> None:
        lifecycle: dict[CallbackKey, list[dict[str, Any]]] = {}
        lists: dict[tuple[str, str], tuple[dict[str, Any], int]] = {}
        for line in lines:
            value = value_of(line)
            if line[0] == "callback-lifecycle" and value.get("callback_id") and isinstance(value["transition"], str):
                key = CallbackKey(value["contact_list_id"], value["contact_id"], value["callback_id"])
                lifecycle.setdefault(key, []).append(value)
            if line[0] == "outstanding-callbacks" and b"|" in (line[4] or b"") and line[4] != b"L|stranger":
                assert line[4] is not None
                list_id, _, contact_id = line[4].decode().partition("|")
                lists[list_id, contact_id] = (value, line[3])
        self.rows: dict[CallbackKey, CallbackRow] = {}
        for (list_id, contact_id), (value, ms) in lists.items():
            for one in value.get("callbacks", ()):
                key = CallbackKey(list_id, contact_id, one["callback_id"])
                self.rows[key] = _row(key, one, Standing(one["state"]), datetime.fromtimestamp(ms / 1000, UTC))
        for key, records in lifecycle.items():
            if (row := self._lived(key, records)) is not None:
                self.rows[key] = row

    def _lived(self, key: CallbackKey, records: list[dict[str, Any]]) -> CallbackRow | None:
        moved = [record for record in records if record["transition"] != "rejected"]
        if not moved:
            return self.rows.get(key) or _of(key, records[-1], Standing.REJECTED, records[-1]["reasons"], None)
        steps = [record["transition"] for record in moved]
        known = ["scheduled" if step == "rescheduled" else step for step in steps]
        known = [step for step in known if step in WORDS]
        listed = self.rows.get(key)
        standing = Standing(known[-1]) if known else listed.standing if listed else Standing.COMPLETED
        reasons = next((record["reasons"] for record in reversed(moved) if record["reasons"]), ())
        scheduled = [record["occurred_at"] for record in moved if record["transition"] == "scheduled"]
        return _of(key, moved[-1], standing, reasons, at(scheduled[-1]) if scheduled else None)


def _row(key: CallbackKey, one: dict[str, Any], standing: Standing, changed_at: datetime, **more: Any) -> CallbackRow:
    return CallbackRow(
        callback_id=key.callback_id, contact_list_id=key.contact_list_id, contact_id=key.contact_id,
        campaign_id=one["campaign_id"], standing=standing, due_at=at(one.get("due_at")), changed_at=changed_at,
        origin=Origin(one["origin"]) if one.get("origin") else None, **more,
    )  # fmt: skip


def _of(
    key: CallbackKey, record: dict[str, Any], standing: Standing, reasons: Iterable[str], scheduled_at: datetime | None
) -> CallbackRow:
    changed_at = at(record["occurred_at"])
    assert changed_at is not None
    return _row(key, record, standing, changed_at, reasons=tuple(reasons), scheduled_at=scheduled_at)


def matches(row: CallbackRow, by: Filter, now: datetime) -> bool:
    """Whether a callback is meant, condition by condition, as the words of the filter say it."""
    is_outstanding = row.standing in OUTSTANDING
    return all(
        (
            all(_has(row, word) for word in by.text.split()),
            by.campaign_id in (None, row.campaign_id),
            by.contact_list_id in (None, row.contact_list_id),
            by.contact_id in (None, row.contact_id),
            by.agent_id in (None, row.agent_id),
            by.queue_id in (None, row.queue_id),
            not by.standings or row.standing in by.standings,
            not by.reasons or any(reason in row.reasons for reason in by.reasons),
            not by.origins or row.origin in by.origins,
            by.due_from is None or (row.due_at is not None and row.due_at >= by.due_from),
            by.due_until is None or (row.due_at is not None and row.due_at < by.due_until),
            not by.outstanding or is_outstanding,
            not by.overdue or (is_outstanding and row.due_at is not None and row.due_at < now),
        )
    )


def _has(row: CallbackRow, word: str) -> bool:
    ids = (row.callback_id, row.contact_id, row.campaign_id, row.agent_id or "", row.queue_id or "")
    low = word.lower()
    return (
        any(one.lower().startswith(low) for one in ids)
        or (word == row.last_four != "")
        or any(reason.startswith(low) for reason in row.reasons)
    )
