"""Codecs, repeats and dead letters: what else shows how records were sent."""

from datetime import timedelta

import pytest

from streams.doctor.findings import Check, Result
from streams.doctor.judgement import batches, producers
from streams.doctor.judgement.seen import NOBODY, Batch, SeenTopic
from streams.kafka import codecs
from tests.doctor.seen import NOW, arrived, topic_of, wrap_up
from topics.names import TopicName

ALL = {"none": True, "gzip": True, "snappy": True, "lz4": True, "zstd": True}


def dead_letters(*written: tuple[str, timedelta]) -> SeenTopic:
    of_original = ("ce_time", b"of the original")
    letters = [
        arrived(
            b"{",
            headers=(of_original, ("ringback.error", code.encode()), ("ce_time", (NOW - ago).isoformat().encode())),
        )
        for code, ago in written
    ]
    return topic_of(letters, TopicName.DEAD_LETTER)


def test_every_codec_of_kafka_can_be_read_here() -> None:
    assert codecs.readable() == ALL


def test_a_codec_whose_library_fails_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(codecs._INTO, codecs.ZSTD)
    assert codecs.readable() == ALL | {"zstd": False}


def test_codecs_are_counted_and_one_that_cannot_be_read_is_a_problem_with_its_cure() -> None:
    topic = topic_of([arrived(wrap_up(), offset=n) for n in range(3)], batch=Batch("zstd", 7))
    (good,) = batches.judge([topic], ALL)
    assert good.seen == "3 batches: zstd. Gzip, lz4, snappy and zstd can be read here"
    (bad,) = batches.judge([topic], ALL | {"zstd": False})
    assert (bad.check, bad.result, bad.figures) == (Check.CODECS, Result.PROBLEM, {"zstd": 3})
    assert "cramjam" in (bad.change or "") and "compression.type" in (bad.change or "")


def test_a_codec_that_nobody_knows_is_one_that_cannot_be_read() -> None:
    (finding,) = batches.judge([topic_of([arrived(wrap_up())], batch=Batch(codecs.name_of(6)))], codecs.readable())
    assert finding.result is Result.PROBLEM and "unknown (6)" in finding.seen


def test_an_event_that_comes_twice_in_a_row_is_a_hint_with_the_setting_for_it() -> None:
    twice = [arrived(wrap_up(event_id=name), offset=n) for n, name in enumerate(["a", "b", "b", "c", "b"])]
    (finding,) = producers.judge([topic_of(twice, batch=Batch("none", NOBODY))], dead_letters())
    assert finding.result is Result.WARNING and finding.seen.startswith("1 record of 5 repeats the event before")
    assert "enable.idempotence=true" in (finding.change or "") and finding.examples == ("x.wrap-up-0@2",)
    (other,) = producers.judge([topic_of(twice, batch=Batch("none", 7))], dead_letters())
    assert "from an idempotent producer" in other.seen and "acknowledged" in (other.change or "")


def test_records_without_an_event_id_are_no_repeats() -> None:
    same = [arrived(b"{}", offset=n) for n in range(4)] + [arrived(b"\xff", offset=5), arrived(None, offset=6)]
    (finding,) = producers.judge([topic_of(same)], dead_letters())
    assert finding.result is Result.OK


def test_dead_letters_of_the_last_hour_are_told_by_code() -> None:
    minute = timedelta(minutes=1)
    letters = dead_letters(
        ("wrong_key", minute), ("wrong_key", 2 * minute), ("invalid", minute), ("too_old", 90 * minute)
    )
    (finding,) = producers.judge([], letters)
    assert finding.seen == "workers have refused 3 records within the last hour: wrong_key 2, invalid 1"
    assert finding.result is Result.WARNING and "dead-letters list" in (finding.change or "")


def test_letters_with_headers_that_mean_nothing_are_passed_over_and_topics_that_cannot_be_read_are_told() -> None:
    odd = topic_of([arrived(b"{", headers=(("ce_time", b"\xff"), ("ringback.error", b"x")))], TopicName.DEAD_LETTER)
    assert producers.judge([], odd)[0].result is Result.OK
    assert producers.judge([], None, "no right")[0].result is Result.COULD_NOT_LOOK
