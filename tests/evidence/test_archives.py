"""An archive has records byte for byte; one that was cut off, changed or is of something else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence.archives import BadArchive, Head, Lines, Read, is_archive
from streams.evidence.records import Kept
from tests.builders import instant
from tests.evidence.days import whole_day
from tests.evidence.logs import Memory
from topics.names import TopicName

HEAD = Head(
    ringback_archive=1, made_at=instant("2026-12-01T00:00:00Z"), made_by="ringback test", app="ringback",
    prefix="ringback.", cluster_id="C",
)  # fmt: skip


def archived(records, head: Head = HEAD) -> list[bytes]:
    lines = Lines()
    return [lines.head(head), *map(lines.record, records), lines.end(Memory(records).spans())]


@given(
    st.lists(
        st.builds(
            Kept,
            topic=st.sampled_from(TopicName),
            partition=st.integers(0, 99),
            offset=st.integers(0, 2**62),
            timestamp_ms=st.integers(-1, 2**53),
            key=st.none() | st.binary(),
            value=st.none() | st.binary(),
            headers=st.lists(st.tuples(st.text(), st.none() | st.binary()), max_size=3).map(tuple),
        ),
        max_size=8,
    )
)
def test_every_record_comes_out_byte_for_byte(records):
    read = Read("a")
    assert list(read.records(archived(records))) == records
    assert read.head == HEAD and read.end is not None and len(read.sha256) == 64


def test_an_archive_is_known_by_its_first_line_and_lines_for_the_simulator_are_none():
    assert is_archive(archived([])[0])
    assert not is_archive(b'{"topic":"wrap-up","at":"2026-11-23T15:00:01Z"}\n')


@given(data=st.data())
def test_an_archive_that_is_cut_off_or_changed_is_refused(data):
    whole = b"".join(archived(whole_day().records))
    if data.draw(st.booleans()):
        spoiled = whole[: data.draw(st.integers(0, len(whole) - 2))]
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
        spoiled = whole[:at] + bytes([other]) + whole[at + 1 :]
    end = whole.rindex(b"\n", 0, -1) + 1
    if spoiled[:end] == whole[:end]:
        return  # Of what is behind the digest, the spans alone could be changed; the file that is made names them.
    with pytest.raises(BadArchive):
        list(Read("a").records(spoiled.splitlines(keepends=True)))


def test_a_format_of_a_later_version_is_named():
    later = archived([])[0].replace(b'"ringback_archive":1', b'"ringback_archive":2')
    with pytest.raises(BadArchive, match="its format is 2; this program reads 1"):
        list(Read("a").records([later]))


def test_nothing_may_follow_the_end():
    lines = archived(whole_day().records)
    with pytest.raises(BadArchive, match="something follows the end"):
        list(Read("a").records([*lines, lines[1]]))
