"""What the records cannot show is said plainly, from the offsets; what they can show is not doubted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence.coverage import Covers, Limits, cannot_show, coverage_of
from streams.evidence.in_force import State, Versions
from streams.evidence.records import Kept, Span
from tests.builders import instant
from topics.names import TopicName

BEGIN, END = instant("2026-11-01T00:00:00Z"), instant("2026-11-27T00:00:00Z")
WHOLE = Limits(as_of=END)


def ms(text: str) -> int:
    return int(instant(text).timestamp() * 1000)


def span(topic="callback-lifecycle", partition=0, begin=0, end=10, **changes) -> Span:
    given = {"read_from": begin, "read_to": end, "records": end - begin, "first": begin, "last": end - 1}
    times = {"first_ms": ms("2026-10-01T00:00:00Z"), "last_ms": ms("2026-11-26T00:00:00Z")}
    return Span(topic=TopicName(topic), partition=partition, begin=begin, end=end, **(given | times | changes))


def gaps(*spans: Span, limits: Limits = WHOLE) -> tuple[str, ...]:
    return cannot_show(coverage_of(spans, BEGIN), spans, limits, (BEGIN, END))


def test_a_log_that_has_lost_nothing_is_not_doubted():
    assert gaps(span(), span("campaigns"), span("dnc-entries", end=0, first=None, records=0)) == ()


def test_a_log_that_was_trimmed_before_the_period_holds_all_of_it():
    assert gaps(span(begin=5)) == ()
    assert gaps(span(begin=5, first_ms=int(BEGIN.timestamp() * 1000))) == ()
    later = ms("2026-11-20T00:00:00Z")
    assert gaps(span(begin=5, end=20, read_from=9, first_ms=later)) == (), (
        "older records are there, and were not asked for"
    )


def test_a_log_whose_oldest_record_is_from_within_the_period_says_since_when():
    (words,) = gaps(span(begin=5, first_ms=ms("2026-11-20T00:00:00Z")), span(partition=1))
    assert words == (
        "callback-lifecycle: older records have been deleted from partition 0; the oldest record that is left is of "
        "2026-11-20 00:00:00 UTC, 19 days after the period begins."
    )


def test_a_log_of_which_nothing_is_left_says_so():
    (words,) = gaps(span("dial-preview", begin=7, end=7, first=None, last=None, first_ms=None, last_ms=None, records=0))
    assert words == "dial-preview: older records have been deleted from partition 0; no record is left."


def test_a_compacted_topic_with_offsets_without_records_may_have_lost_earlier_ones():
    (words,) = gaps(span("campaigns", records=7))
    assert words.startswith("campaigns: it keeps the latest record of each key, and records are missing in")
    assert gaps(span("callback-lifecycle", records=7)) == (), "there they are ends of transactions"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(as_of=END - timedelta(days=2)), "nothing is known of the time after 2026-11-25"),
        (Limits(as_of=END, archive_from=BEGIN + timedelta(days=3)), "no events and decisions of before 2026-11-04"),
        (Limits(as_of=END, archive_until=END - timedelta(days=1)), "nothing that was written 2026-11-26"),
        (Limits(as_of=END, is_recomputed=True), "recomputed"),
    ],
)
def test_what_bounds_an_archive_is_said(limits, words):
    (said,) = gaps(span(), limits=limits)
    assert words in said


def test_archives_that_follow_each_other_have_no_hole_and_others_have():
    first, second = span(end=100, read_to=50, archive=1), span(end=100, read_from=50, archive=2)
    assert gaps(first, second) == ()
    (words,) = gaps(first, span(end=100, read_from=60, archive=2))
    assert words.startswith("callback-lifecycle: the archives have a hole in partition 0")
    assert [one.covers for one in coverage_of([second, first], BEGIN)] == [Covers.WHOLE]


def test_records_that_cannot_be_decoded_are_counted():
    assert gaps(span(damaged=2)) == (
        "callback-lifecycle: 2 records could not be decoded; what they say of the number is not known.",
    )


def version(offset: int, at: datetime, value: bytes | None = b"{}", key: bytes = b"P") -> Kept:
    timestamp_ms = int(at.timestamp() * 1000)
    return Kept(topic=TopicName.CAMPAIGNS, partition=0, offset=offset, timestamp_ms=timestamp_ms, key=key, value=value)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from([b"P", b"Q"]), st.booleans()), max_size=25),
    st.integers(0, 60),
    st.integers(0, 25),
)
def test_what_compaction_leaves_never_names_another_record_than_was_in_force(history, asked, compacted_up_to):
    start = datetime(2026, 11, 1, tzinfo=UTC)
    hours = sorted(hour for hour, _, _ in history)
    log = [
        version(offset, start + timedelta(hours=hour), None if gone else b'{"v":%d}' % offset, key)
        for offset, (hour, (_, key, gone)) in enumerate(zip(hours, history, strict=True))
    ]
    latest = {one.key: one.offset for one in log[:compacted_up_to]}
    left = [one for one in log if one.offset >= compacted_up_to or latest[one.key] == one.offset]
    whole = [span("campaigns", end=len(log))]
    after = [span("campaigns", end=len(log), records=len(left))]
    at = start + timedelta(hours=asked)
    for key in ("P", "Q"):
        then, _ = Versions(log, whole).at(TopicName.CAMPAIGNS, key, at)
        found, _ = Versions(left, after).at(TopicName.CAMPAIGNS, key, at)
        assert found.state is State.NOT_KNOWN or (found.state, found.record) == (then.state, then.record)
        if len(left) == len(log):
            assert found == then


def test_a_record_is_in_force_from_its_own_instant_on():
    first, second = version(0, BEGIN), version(1, BEGIN + timedelta(hours=1))
    versions = Versions([first, second], [span("campaigns", end=2)])
    for at, place in ((BEGIN, 0), (BEGIN + timedelta(minutes=59), 0), (BEGIN + timedelta(hours=1), 1)):
        assert versions.at(TopicName.CAMPAIGNS, "P", at)[0].record == f"campaigns/0/{place}"


def test_that_there_was_no_record_is_known_only_of_a_log_that_is_whole():
    before = BEGIN - timedelta(days=1)
    for one, state in ((span("campaigns", end=1), State.NONE), (span("campaigns", begin=5, end=6), State.NOT_KNOWN)):
        assert Versions([version(one.begin, BEGIN)], [one]).at(TopicName.CAMPAIGNS, "P", before)[0].state is state
