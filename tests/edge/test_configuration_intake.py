"""Configuration records taken in as a fetch brings them: what comes of them is the same as one by one."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord

from streams.base.clock import SystemClock
from streams.engine import configuration_intake
from streams.engine.batch import arrived
from streams.engine.configuration_intake import Intake
from streams.engine.dnc_maintenance import DncMaintenance
from streams.engine.pace import Pace
from streams.kafka.fetched import DamagedRecord
from streams.kafka.record_parts import HEADER_IS_NO_TEXT
from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.prepared import is_refused, prepare, report_on
from streams.logic.configuration.recycles import Recycles
from streams.logic.configuration.reports import PORTION_MAX, BadRecord, Report
from streams.logic.dnc.records import change_of, left_of
from tests.hostile import STOPPING, TOPICS, Hostile, hostile
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.codec import BadEvent, decode_cells, decode_or_none

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
AT_MS = 1_795_449_600_000


@cache
def all_hostile() -> list[Hostile]:
    """Of all topics; made when the first test asks for them."""
    return list(hostile(8_000, seed=3, topics=(*TOPICS, STOPPING)))


def hostile_of(topic: str) -> list[Hostile]:
    return [one for one in all_hostile() if one.topic == topic]


class Maintenance:
    """What an intake tells about Do Not Call entries."""

    def taken(self, count: int) -> None:
        """Nothing to do with them."""


def record_of(one: Hostile, offset: int, *, damaged: bool = False) -> Any:
    made = (one.topic, 0, offset, AT_MS, 0, one.key, one.value, None, 0, 0, ())
    return DamagedRecord(*made, HEADER_IS_NO_TEXT) if damaged else ConsumerRecord(*made)


def stretches(topic: str) -> list[Any]:
    """Records by the hundred of which all are refused, all are not, or some are, with a few damaged ones."""
    chance = random.Random(7)
    judged: dict[bool, list[Hostile]] = {True: [], False: []}
    for one in hostile_of(topic):
        if len(one.value or b"") < 100_000:
            judged[report_on(arrived(topic, record_of(one, 0)), Recycles()) is not None].append(one)
    kinds = [judged[True], judged[False], judged[True] + judged[False]]
    found = [one for kind in (0, 1, 2, 0, 2, 1, 0, 0) for one in chance.choices(kinds[kind], k=300)]
    return [record_of(one, 3 * n, damaged=chance.random() < 0.01) for n, one in enumerate(found)]


def said(report: Report) -> tuple[Any, ...]:
    return (report.arrived, *(report.bad_event.args if isinstance(report, BadRecord) else (report.accepted_at,)))


def known(told: Configuration) -> dict[str, Any]:
    """All that a configuration holds, to be compared."""
    topics = CONFIGURATION_TOPICS
    return {
        "reports": [said(report) for report in told.reports],
        "forgotten": {name: told.reports.forgotten(name) for name in topics},
        "unreadable": {name: list(told.unreadable.of(name) or ()) for name in topics},
        "campaigns": (told.campaigns, list(told.filters), [told.campaign_offset(name) for name in ("P", "Q")]),
        "sets": (list(told.rule_sets), list(told.times), told.clears),
        "holds": [told.holds.on(name) for name in ("P", "Q")],
        "dnc": (sorted(told.dnc.entries()), told.dnc.names, told.dnc.offset),
        "version": told.version,
    }


async def taken(
    topic: str, records: Sequence[Any], at_once: int, changed: list[int], slice_s: float = 0.0
) -> Configuration:
    configuration, maintenance = Configuration(), cast(DncMaintenance, Maintenance())
    intake = Intake(
        configuration,
        maintenance,
        SystemClock(),
        Pace(slice_s=slice_s),
        lambda: changed.append(configuration.reports.news),
    )
    for first in range(0, len(records), at_once):
        await intake.take(topic, records[first : first + at_once])
    return configuration


@pytest.mark.parametrize("at_once", [1, 70, 650, 10_000])
@pytest.mark.parametrize("topic", CONFIGURATION_TOPICS)
async def test_what_comes_of_a_fetch_is_the_same_as_one_by_one(topic: str, at_once: int) -> None:
    """What is known, which reports are kept and what they say, and which are not, in the order of offsets."""
    records, singly = stretches(topic), Configuration()
    for record in records:
        singly.apply(arrived(topic, record), NOW)
    at_a_time = await taken(topic, records, at_once, [])
    assert known(at_a_time) == known(singly)
    kept = len(list(at_a_time.reports))
    assert at_a_time.reports.forgotten(topic)[1] > 0 and PORTION_MAX / 2 < kept <= PORTION_MAX


@pytest.mark.parametrize("topic", CONFIGURATION_TOPICS)
async def test_of_those_that_are_refused_in_bulk_only_what_is_kept_is_looked_at_for_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    judged: list[int] = []

    def counted(one: Any, recycles: Recycles) -> Report | None:
        judged.append(one.offset)
        return report_on(one, recycles)

    monkeypatch.setattr(configuration_intake, "report_on", counted)
    count = 20 * PORTION_MAX
    records = [record_of(Hostile(topic, b"house|%d" % n, b'{"list":"%d"}' % n), n) for n in range(count)]
    told = await taken(topic, records, count, [], slice_s=600.0)
    assert judged == list(range(count - PORTION_MAX, count))
    assert told.reports.forgotten(topic) == (0, count - PORTION_MAX - 1)


async def test_an_intake_that_is_cut_off_has_reported_all_that_it_has_taken_in() -> None:
    """What has been taken in of the lists is in their snapshot, and is not read again."""
    configuration = Configuration()
    intake = Intake(configuration, cast(DncMaintenance, Maintenance()), SystemClock(), Pace(slice_s=0.0), lambda: None)
    records = [record_of(Hostile("dnc-entries", b"D|%d" % n, b"{}"), n) for n in range(20_000)]
    taking = asyncio.create_task(intake.take("dnc-entries", records))
    while configuration.dnc.offset < 5000:
        await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    until = configuration.dnc.offset
    assert until < 19_999, "it was cut off"
    kept = [report.arrived.offset for report in configuration.reports]
    assert kept == list(range(until + 1 - PORTION_MAX, until + 1))
    assert configuration.reports.forgotten("dnc-entries") == (0, until - PORTION_MAX)


def test_what_is_told_fast_is_what_is_told_with_reasons() -> None:
    """Of each of thousands of hostile records."""
    refused = 0
    for one in all_hostile():
        if one.value is None or not CATALOG[one.topic].values:
            continue
        try:
            value, fault = decode_cells(one.topic, one.value)
        except BadEvent:
            assert decode_or_none(one.topic, one.value) is None
            refused += 1
        else:
            assert decode_or_none(one.topic, one.value) == (value, fault is not None)
    assert 500 < refused < len(all_hostile()) - 500


@pytest.mark.parametrize("topic", CONFIGURATION_TOPICS)
def test_who_is_refused_fast_is_refused(topic: str) -> None:
    fast = 0
    for one in hostile_of(topic):
        if topic == "dnc-entries":
            change, fault = change_of(one.key, one.value)
            assert left_of(one.key, one.value) == (change, fault is not None)
        if is_refused(topic, one.key, one.value):
            fast += 1
            assert prepare(arrived(topic, record_of(one, 0))).refused
    slow = sum(prepare(arrived(topic, record_of(one, 0))).refused for one in hostile_of(topic))
    assert fast > slow / 2
