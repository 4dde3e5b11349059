"""Records wait for their transaction in order, none passes twice, and none is missed unseen."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.engine import inbox as inboxes
from streams.engine.batch import Batch, SourceRecord
from streams.engine.handed import Handed
from streams.engine.handover import Handover
from streams.engine.inbox import BYTES_MAX, RECORDS_MAX, MissingRecords


@dataclass
class Record:
    offset: int
    topic: str = "wrap-up"
    partition: int = 0
    key: bytes | None = None
    value: bytes | None = None
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


class Inbox(inboxes.Inbox):
    """With what is on its way beside it, as an engine has it."""

    def __init__(self) -> None:
        super().__init__()
        self.handed = Handed()
        engine: Any = SimpleNamespace(inbox=self, handed=self.handed, active=True, wake=lambda: None)
        self.handover = Handover({0: engine}, cast(Any, None))

    def open(self, starts: Mapping[str, int], anew: Collection[str] = ()) -> None:
        super().open(starts, anew)
        self.handed.open(starts)

    def is_all_taken(self) -> bool:
        return self.handed.is_all_before("wrap-up", self.next["wrap-up"])


def batch(inbox: Inbox, *offsets: int, topic: str = "wrap-up") -> Batch:
    records: list[SourceRecord] = [Record(offset) for offset in offsets]
    return Batch(topic, 0, records, 1, inbox.handed.note(topic, records))


def offsets(inbox: Inbox) -> list[tuple[str, int]]:
    return [(topic, record.offset) for topic, record in inbox.take()]


async def test_records_are_taken_in_the_order_in_which_their_batches_came():
    inbox = Inbox()
    inbox.open({"wrap-up": 5, "contacts": 0})
    await inbox.put(batch(inbox, 5, 6))
    await inbox.put(batch(inbox, 0, topic="contacts"))
    await inbox.put(batch(inbox, 7))
    assert offsets(inbox) == [("wrap-up", 5), ("wrap-up", 6), ("contacts", 0), ("wrap-up", 7)]
    assert inbox.next == {"wrap-up": 8, "contacts": 1} and not inbox


async def test_a_batch_that_is_taken_in_part_goes_on_where_it_was_left():
    inbox = Inbox()
    inbox.open({"wrap-up": 0})
    await inbox.put(batch(inbox, 0, 1, 2))
    for _, record in inbox.take():
        if record.offset == 1:
            break
    assert inbox.next == {"wrap-up": 2} and inbox
    assert offsets(inbox) == [("wrap-up", 2)]


async def test_what_was_taken_before_is_not_taken_again():
    inbox = Inbox()
    inbox.open({"wrap-up": 0})
    await inbox.put(batch(inbox, 0, 1))
    assert len(offsets(inbox)) == 2
    inbox.open({"wrap-up": 0})  # The committed offset may still be an older one.
    await inbox.put(batch(inbox, 0, 1, 2))
    assert offsets(inbox) == [("wrap-up", 2)]


async def test_gaps_in_the_offsets_are_natural_and_taken_over():
    inbox = Inbox()
    inbox.open({"wrap-up": 0})
    await inbox.put(batch(inbox, 3, 9))
    await inbox.put(batch(inbox, 20))
    assert [offset for _, offset in offsets(inbox)] == [3, 9, 20]


async def test_a_batch_that_never_arrived_is_noticed_with_the_next_one():
    inbox = Inbox()
    inbox.open({"wrap-up": 0})
    batch(inbox, 0, 1)  # Handed over, and dropped on its way.
    await inbox.put(batch(inbox, 2))
    with pytest.raises(MissingRecords, match="offsets 0 to 1"):
        offsets(inbox)


async def test_everything_is_taken_only_when_what_is_on_its_way_has_been():
    inbox = Inbox()
    inbox.open({"wrap-up": 4})
    assert inbox.is_all_taken()
    one = batch(inbox, 4)
    assert not inbox.is_all_taken()
    await inbox.put(one)
    assert not inbox.is_all_taken()
    offsets(inbox)
    assert inbox.is_all_taken()


async def test_a_full_inbox_keeps_the_sender_waiting_until_there_is_room():
    inbox = Inbox()
    inbox.open({"wrap-up": 0})
    waiting = asyncio.create_task(inbox.put(batch(inbox, *range(RECORDS_MAX + 1))))
    await asyncio.sleep(0)
    assert not waiting.done()
    next(inbox.take())
    await asyncio.sleep(0)
    assert not waiting.done(), "the batch is still there"
    offsets(inbox)
    await asyncio.wait_for(waiting, 5)


async def test_closing_keeps_nobody_waiting():
    inbox = Inbox()
    inbox.open({"wrap-up": 0})
    waiting = asyncio.create_task(inbox.put(batch(inbox, *range(RECORDS_MAX + 1))))
    await asyncio.sleep(0)
    inbox.close()
    await asyncio.wait_for(waiting, 5)


REQUESTS = "placement-requested"


def requests(inbox: Inbox, *offsets: int, after: dict[str, int]) -> Batch:
    records: list[SourceRecord] = [Record(offset, REQUESTS) for offset in offsets]
    return Batch(REQUESTS, 0, records, 1, inbox.handed.note(REQUESTS, records), after)


def opened(**starts: int) -> Inbox:
    inbox = Inbox()
    inbox.open({"wrap-up": 0, "contacts": 0, REQUESTS: 0, **starts})
    return inbox


async def test_a_request_goes_ahead_of_events_that_came_after_it():
    inbox = opened()
    await inbox.put(batch(inbox, 0))
    await inbox.put(requests(inbox, 0, after={"wrap-up": 0}))
    assert offsets(inbox) == [(REQUESTS, 0), ("wrap-up", 0)]


async def test_a_request_waits_for_what_had_arrived_before_it():
    inbox = opened()
    await inbox.put(requests(inbox, 0, 1, after={"wrap-up": 2, "contacts": 0}))
    assert offsets(inbox) == [] and inbox.waits_for() == {"wrap-up": 2}
    await inbox.put(batch(inbox, 0, 1, 2))
    assert offsets(inbox) == [("wrap-up", 0), ("wrap-up", 1), (REQUESTS, 0), (REQUESTS, 1), ("wrap-up", 2)]


async def test_events_do_not_wait_behind_a_request():
    inbox = opened()
    await inbox.put(requests(inbox, 0, after={"contacts": 5}))
    await inbox.put(batch(inbox, 0))
    assert offsets(inbox) == [("wrap-up", 0)] and inbox


async def test_a_topic_that_ends_in_markers_is_reached_without_a_record():
    inbox = opened()
    await inbox.put(requests(inbox, 0, after={"wrap-up": 3}))
    await inbox.put(batch(inbox, 0, 1))
    assert offsets(inbox) == [("wrap-up", 0), ("wrap-up", 1)]
    inbox.reached("wrap-up", 3)
    assert offsets(inbox) == [(REQUESTS, 0)]


async def test_no_request_is_taken_while_the_gate_is_closed():
    inbox = opened()
    await inbox.put(requests(inbox, 0, after={}))
    await inbox.put(batch(inbox, 0))
    assert [topic for topic, _ in inbox.take(requests=False)] == ["wrap-up"]
    assert offsets(inbox) == [(REQUESTS, 0)]


async def test_a_full_lane_of_requests_keeps_no_event_waiting():
    inbox = opened()
    full = asyncio.create_task(inbox.put(requests(inbox, *range(RECORDS_MAX + 1), after={"wrap-up": 1})))
    await asyncio.sleep(0)
    assert not full.done()
    await asyncio.wait_for(inbox.put(batch(inbox, 0)), 5)
    assert len(offsets(inbox)) == RECORDS_MAX + 2
    await asyncio.wait_for(full, 5)


async def test_a_few_records_that_are_very_large_fill_the_inbox_as_many_small_ones_do():
    inbox = Inbox()
    inbox.open({"wrap-up": 0})
    records: list[SourceRecord] = [Record(number, value=bytes(BYTES_MAX // 2)) for number in range(3)]
    waiting = asyncio.create_task(inbox.put(Batch("wrap-up", 0, records, 1, inbox.handed.note("wrap-up", records))))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert len(offsets(inbox)) == 3
    await asyncio.wait_for(waiting, 5)


async def test_markers_are_passed_when_everything_before_them_has_been_taken_and_what_follows_is_not_missed():
    inbox = Inbox()
    inbox.open({"wrap-up": 5})
    await inbox.put(batch(inbox, 5, 6))
    inbox.handover.pass_markers("wrap-up", 0, 8)
    assert (inbox.next, inbox.passed) == ({"wrap-up": 5}, False), "two records wait"
    assert offsets(inbox) == [("wrap-up", 5), ("wrap-up", 6)]
    inbox.handover.pass_markers("wrap-up", 0, 7)
    assert (inbox.next, inbox.passed) == ({"wrap-up": 7}, False), "there are none"
    inbox.handover.pass_markers("wrap-up", 0, 8)
    assert (inbox.next, inbox.passed) == ({"wrap-up": 8}, True)
    inbox.handover.pass_markers("wrap-up", 0, 6)
    assert inbox.next == {"wrap-up": 8}, "never back"
    await inbox.put(batch(inbox, 8))
    assert offsets(inbox) == [("wrap-up", 8)]
