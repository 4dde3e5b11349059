"""Whether this installation can read the batches that producers made: their compression, and whether they are whole."""

from collections import Counter
from collections.abc import Iterable, Mapping

from streams.doctor.findings import Check, Finding, Result, counted, latest, listed
from streams.doctor.judgement.refusals import OF_BATCHES
from streams.doctor.judgement.seen import SeenTopic

NOT_COMPRESSED = "none"


def judge(topics: Iterable[SeenTopic], readable: Mapping[str, bool]) -> list[Finding]:
    """One finding for each topic and codec that cannot be read, and for each with damaged records; or one for all.

    readable: by codec, whether it is known and its library is there.
    """
    several = list(topics)
    seen = sum((topic.codecs() for topic in several), Counter[str]())
    found = [
        _unreadable(topic, codec) for topic in several for codec in topic.codecs() if not readable.get(codec, False)
    ]
    found += [one for topic in several if (one := _damaged(topic, readable)) is not None]
    if found:
        return found
    if not seen:
        return [Finding(Check.CODECS, Result.COULD_NOT_LOOK, "no batch on any topic yet")]
    known = [codec for codec in readable if codec != NOT_COMPRESSED]
    used = listed("without compression" if codec == NOT_COMPRESSED else codec for codec, _ in seen.most_common())
    what = f"{counted(seen.total(), 'batch', 'batches')}: {used}. {listed(sorted(known)).capitalize()} can be read here"
    return [Finding(Check.CODECS, Result.OK, what, figures=dict(seen))]


def _unreadable(topic: SeenTopic, codec: str) -> Finding:
    count = topic.codecs()[codec]
    cure = (
        f"install what workers decompress {codec} with (pip install --upgrade cramjam), or have senders use another "
        "codec: compression.type=lz4, or none"
    )
    what = f"{counted(count, 'batch', 'batches')} with {codec}, which this installation cannot read"
    return Finding(Check.CODECS, Result.PROBLEM, what, cure, topic.full, figures={codec: count})


def _damaged(topic: SeenTopic, readable: Mapping[str, bool]) -> Finding | None:
    those = [(seen, bad_event) for seen, bad_event in topic.bad() if bad_event.code in OF_BATCHES]
    # Of a codec that cannot be read at all, every batch is lost, and it has been said.
    if not those or not all(readable.get(codec, False) for codec in topic.codecs()):
        return None
    why, _ = Counter(bad_event.message for _, bad_event in those).most_common(1)[0]
    what = f"{counted(len(those), 'place')} with records that cannot be decoded: {why[0].lower()}{why[1:]}"
    cure = (
        "look at the disks of the brokers, and at the client that writes there: no Kafka client makes such a batch. "
        "What stands there is lost to every reader, so send it again"
    )
    places = latest([topic.place(seen) for seen, _ in those])
    return Finding(Check.CODECS, Result.PROBLEM, what, cure, topic.full, places, {"places": len(those)})
