"""Why a worker would refuse a record, found by the functions that a worker reads with.

Of a topic that is compacted only the last record of a key counts. Refusals that depend on what else a worker knows,
such as an unknown campaign, are left to it.
"""

from collections.abc import Iterable
from datetime import datetime

from streams.logic.configuration.prepared import prepare
from streams.logic.contact.clock_check import written_at
from streams.logic.contact.exchange import Arrived
from streams.logic.dnc.records import change_of
from streams.logic.partition.intake import read_event
from topics.catalog import CATALOG, CONTACT_TOPICS_IN
from topics.codec import BadEvent, ErrorCode
from topics.names import TopicName
from topics.topic import Cleanup


def why_refused(arrived: Arrived, now: datetime) -> BadEvent | None:
    """What is wrong with a record of a topic in, or with cells of it; its partition is looked at elsewhere.

    now: the present. A record of last month was read last month: what is too old is measured by its own timestamp.
    """
    read_at = min(written_at(arrived.timestamp_ms) or now, now) if arrived.timestamp_ms > 0 else now
    try:
        return _of_event(arrived, read_at) if arrived.topic in CONTACT_TOPICS_IN else _of_configuration(arrived)
    except BadEvent as bad_event:
        return bad_event.bare()
    except Exception:  # The text of what nobody foresaw may quote the record.
        return BadEvent(ErrorCode.INTERNAL_ERROR, "$", "A fault of the processor")


def _of_event(arrived: Arrived, now: datetime) -> BadEvent | None:
    return read_event(arrived, partitions=1, key_is_known=True, now=now).bad_event


def _of_configuration(arrived: Arrived) -> BadEvent | None:
    if arrived.topic == TopicName.DNC_ENTRIES and arrived.damage is None:
        return change_of(arrived.key, arrived.value)[1]
    report = prepare(arrived).report
    return None if report is None else report.bad_event


def that_count(name: TopicName, records: Iterable[Arrived]) -> list[Arrived]:
    """All records of a topic; of a compacted one the last of each key, and those without a key."""
    if CATALOG[name].cleanup is not Cleanup.COMPACT:
        return list(records)
    last: dict[object, Arrived] = {}
    for number, arrived in enumerate(records):
        name_of_it = number if arrived.key is None else (arrived.partition, arrived.key)
        last.pop(name_of_it, None)
        last[name_of_it] = arrived
    return list(last.values())
