"""Stories as the view tells them, made of what the simulator reads and writes: a stand-in without Kafka and SQLite."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from streams.console.view.model import OUTSTANDING, CallbackKey, CallbackRow, Standing, Story, Told
from streams.console.why.reading import as_instant
from streams.simulator.lines import Line
from streams.simulator.simulate import Written
from topics.commands import Origin
from topics.names import TopicName
from topics.partitions import partition_for

STANDINGS = {
    "scheduled": Standing.SCHEDULED,
    "rescheduled": Standing.SCHEDULED,
}
OF_CALLBACKS = {
    TopicName.WRAP_UP,
    TopicName.CALLBACK_SCHEDULED,
    TopicName.PLACEMENT_REQUESTED,
    TopicName.PLACEMENT_DECIDED,
    TopicName.CALLBACK_LIFECYCLE,
    TopicName.DIAL_PREVIEW,
    TopicName.DIAL_ANALYSIS,
}


def told_of(entries: Iterable[Line | Written]) -> Iterator[Told]:
    """Every record that names a callback or a contact, as the view keeps it."""
    offsets: dict[str, int] = {}
    for one in entries:
        topic, key, value = (
            (one.topic, one.key, one.value)
            if isinstance(one, Line)
            else (one.record.topic, one.record.key, one.record.value)
        )
        offset = offsets[topic] = offsets.get(topic, -1) + 1
        yield told(topic, key, value, one.at, offset)


def told(topic: str, key: bytes | None, value: bytes | None, at: datetime, offset: int) -> Told:
    try:
        decoded = None if value is None else msgspec.json.decode(value)
    except msgspec.DecodeError:
        decoded = {}
    fields: dict[str, Any] = decoded if isinstance(decoded, dict) else {}
    names = {
        name: fields[name]
        for name in ("contact_list_id", "contact_id", "callback_id")
        if isinstance(fields.get(name), str)
    }
    return Told(
        topic=TopicName(topic),
        partition=0 if key is None else partition_for(key, 4),
        offset=offset,
        at=as_instant(fields.get("occurred_at")) or at,
        written_at=at,
        value=None if decoded is None else fields,
        **names,
    )


def stories(entries: Iterable[Line | Written]) -> list[Story]:
    """The story of every callback that has a lifecycle record, by its key."""
    by_key: dict[CallbackKey, list[Told]] = {}
    contacts: dict[tuple[str, str], dict[str, Any]] = {}
    for one in told_of(entries):
        if one.topic is TopicName.CONTACTS and one.contact_list_id and one.contact_id:
            contacts[one.contact_list_id, one.contact_id] = dict(one.value or {})
        if one.topic in OF_CALLBACKS and one.contact_list_id and one.contact_id and one.callback_id:
            by_key.setdefault(CallbackKey(one.contact_list_id, one.contact_id, one.callback_id), []).append(one)
    found = []
    for key, records in by_key.items():
        if any(one.topic is TopicName.CALLBACK_LIFECYCLE for one in records):
            contact = contacts.get((key.contact_list_id, key.contact_id))
            zone = contact.get("time_zone") if contact else None
            found.append(Story(row=row_of(key, records), told=tuple(records), contact=contact, time_zone=zone))
    return found


def row_of(key: CallbackKey, records: list[Told]) -> CallbackRow:
    """The line of the list that the records come to."""
    row = CallbackRow(
        callback_id=key.callback_id,
        contact_list_id=key.contact_list_id,
        contact_id=key.contact_id,
        campaign_id="?",
        standing=Standing.REJECTED,
        due_at=None,
        changed_at=records[0].at,
    )
    for one in records:
        value = one.value or {}
        if one.topic is not TopicName.CALLBACK_LIFECYCLE or value["transition"] in ("rejected", "changed"):
            continue
        row = msgspec.structs.replace(
            row,
            campaign_id=value["campaign_id"],
            standing=STANDINGS.get(value["transition"]) or Standing(value["transition"]),
            due_at=as_instant(value["due_at"]),
            changed_at=one.at,
            reasons=tuple(value["reasons"]),
            origin=Origin(value["origin"]),
        )
    assert row.due_at or row.standing not in OUTSTANDING
    return row
