"""What a partition wrote to a Do Not Call list holds until it has been read back, whoever has the partition then."""

from datetime import UTC, datetime

from streams.logic.dnc.lists import DncLists
from tests.logic.test_dnc import NUMBER, entry, send

SOON = datetime(2026, 11, 24, tzinfo=UTC)
OTHER = "+12125550102"


def taken_over(*entries, owner=1, read=()):
    lists = DncLists()
    send(lists, *read)
    lists.take_over(owner, {one.phone_number.encode(): one for one in entries})
    return lists


def test_what_was_taken_over_holds_until_everything_has_been_read_that_had_been_written_by_then():
    lists = taken_over(entry())
    lists.appended.until(1, 7)
    lists.appended.read_to(6)
    assert lists.find("D", NUMBER) == entry() and lists.appended.read_back(1) == []
    lists.appended.read_to(7)
    assert lists.find("D", NUMBER) is None, "it was taken off again before that"
    assert len(lists.appended.read_back(1)) == 1 and lists.appended.read_back(1) == []


def test_what_was_taken_over_does_not_give_way_to_an_equal_record_that_may_be_older():
    lists = taken_over(entry())
    send(lists, entry())
    lists.take(f"D|{NUMBER}".encode(), None, lists.offset + 1)
    assert lists.find("D", NUMBER) == entry()


def test_what_was_taken_over_holds_as_long_as_nobody_has_said_how_far_the_topic_goes():
    lists = taken_over(entry())
    lists.appended.read_to(10**9)
    assert lists.find("D", NUMBER) == entry()


def test_a_partition_that_is_taken_over_again_knows_what_its_rows_say_and_nothing_else():
    """Its transaction was given up: what it had written in it is not there."""
    lists = taken_over(entry())
    lists.append(entry(OTHER), 1)
    lists.take_over(1, {b"row": entry()})
    assert lists.find("D", NUMBER) == entry() and lists.find("D", OTHER) is None


def test_each_partition_reads_its_own_record_back_though_others_wrote_the_same():
    lists = DncLists()
    for owner in (1, 2):
        lists.append(entry(), owner)
    send(lists, entry())
    assert [len(lists.appended.read_back(owner)) for owner in (1, 2)] == [1, 0]
    send(lists, entry())
    assert [len(lists.appended.read_back(owner)) for owner in (1, 2)] == [0, 1]
    assert not lists.appended


def test_of_two_entries_that_partitions_wrote_the_later_one_counts():
    lists = DncLists()
    lists.append(entry(), 1)
    lists.append(entry(expires_at=SOON), 2)
    assert lists.find("D", NUMBER) == entry(expires_at=SOON)
    lists.append(entry(), 1)
    assert lists.find("D", NUMBER) == entry()


def test_what_a_partition_writes_anew_is_read_back_by_its_own_record():
    lists = taken_over(entry())
    lists.appended.until(1, 50)
    lists.append(entry(), 1)
    lists.appended.read_to(50)
    assert lists.appended, "the new one was written after that"
    send(lists, entry())
    assert not lists.appended
