"""Where a reader goes on, and when what it has read is void."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.console.view.places import AGE_MAX, Known, Source, Span, begin, progress, why_void
from streams.console.view.writer import Position

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
READ = {
    ("campaigns", 0): Position("campaigns", 0, 7, 9, "id-1"),
    ("contacts", 0): Position("contacts", 0, 3, 3, "id-2"),
}
KNOWN = Known("cluster", NOW - timedelta(days=1), READ)
SPANS = {("campaigns", 0): Span(0, 9), ("contacts", 0): Span(3, 5)}
THERE = Source("cluster", {"campaigns": "id-1", "contacts": "id-2"}, SPANS)


def test_what_was_read_counts_where_nothing_is_different():
    assert why_void(KNOWN, THERE, NOW) is None
    assert {place: one.position for place, one in begin(KNOWN, THERE).items()} == {
        ("campaigns", 0): 7,
        ("contacts", 0): 3,
    }
    assert [one.end for one in begin(KNOWN, THERE).values()] == [9, 5]


@pytest.mark.parametrize(
    ("known", "there", "why"),
    [
        (KNOWN._replace(cluster="other"), THERE, "another cluster"),
        (KNOWN._replace(written_at=NOW - AGE_MAX - timedelta(seconds=1)), THERE, "not within the last"),
        (KNOWN._replace(written_at=NOW + timedelta(hours=1)), THERE, "not within the last"),
        (KNOWN._replace(written_at=None), THERE, "not within the last"),
        (KNOWN, THERE._replace(topic_ids={"campaigns": "id-3"}), "campaigns was recreated"),
        (KNOWN, THERE._replace(spans={**SPANS, ("campaigns", 0): Span(0, 6)}), "ends at offset 6, and 7"),
        (KNOWN, THERE._replace(spans={**SPANS, ("contacts", 0): Span(4, 5)}), "begins at offset 4, and 3"),
        (KNOWN, THERE._replace(spans={**SPANS, ("contacts", 1): Span(0, 0)}), "contacts has more partitions"),
    ],
)
def test_what_was_read_is_void(known, there, why):
    assert why in (why_void(known, there, NOW) or "")


def test_a_topic_that_is_new_or_cannot_be_seen_now_makes_nothing_void():
    there = THERE._replace(spans={("campaigns", 0): Span(7, 9), ("holds", 0): Span(2, 4)})
    assert why_void(KNOWN, there, NOW) is None
    assert begin(KNOWN, there)["holds", 0] == Position("holds", 0, 2, 4, "")


def test_before_the_first_time_nothing_is_void():
    assert why_void(Known("", None, {}), THERE, NOW) is None


def test_progress_is_counted_in_offsets():
    assert progress(begin(KNOWN, THERE), SPANS) == (7, 11)
    assert progress(begin(Known("", None, {}), THERE), SPANS) == (0, 11)
