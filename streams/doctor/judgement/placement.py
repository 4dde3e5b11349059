"""Whether records are in the partition of their key, and if not, which client's way of choosing explains it.

A record elsewhere is a dead letter. The client is named by those: one that is right by chance shows nothing.
Source: docs/contract.md, section "Keys and partitions".
"""

from collections.abc import Iterable

from streams.doctor.findings import Check, Finding, Result, counted, latest, listed
from streams.doctor.judgement.partitioners import OF_ANY, Explained, explain, scattered
from streams.doctor.judgement.seen import Seen, SeenTopic
from topics.partitions import partition_for

KEYS_TRIED_MAX = 300
"""Different keys that explanations are tried on: more say the same, and take longer."""


def judge(topics: Iterable[SeenTopic]) -> list[Finding]:
    """One finding for each topic with misplaced records; or one for all of them."""
    contact_topics = [topic for topic in topics if topic.partitions > 1]
    found = [finding for topic in contact_topics if (finding := _of_topic(topic)) is not None]
    if found:
        return found
    looked_at = sum(bool(seen.arrived.key) for topic in contact_topics for seen in topic.records)
    if not looked_at:
        return [
            Finding(
                Check.PARTITIONER, Result.COULD_NOT_LOOK, "no record with a key on a topic of several partitions yet"
            )
        ]
    seen = f"{counted(looked_at, 'record')} {'is' if looked_at == 1 else 'are'} where murmur2 of the key puts them"
    return [Finding(Check.PARTITIONER, Result.OK, seen, figures={"records": looked_at})]


def _of_topic(topic: SeenTopic) -> Finding | None:
    # Clients take an empty key for none.
    keyed = [seen for seen in topic.by_time() if seen.arrived.key]
    misplaced = [seen for seen in keyed if not _is_right(seen, topic.partitions)]
    if not misplaced:
        return None
    places = {seen.arrived.key or b"": seen.arrived.partition for seen in misplaced}
    tried = dict(list(places.items())[-KEYS_TRIED_MAX:])
    found, left = explain(tried, topic.partitions)
    twice = scattered((seen.arrived.key or b"", seen.arrived.partition) for seen in keyed)
    what = f"{counted(len(misplaced), 'record')} of {len(keyed):,} are not where murmur2 of the key puts them"
    return Finding(
        Check.PARTITIONER,
        Result.PROBLEM,
        f"{what}. {' '.join(_explanations(found, left, len(tried), twice))}",
        _cure(found, left),
        topic.full,
        latest([topic.place(seen) for seen in misplaced]),
        _figures(len(misplaced), len(keyed), found, left),
    )


def _is_right(seen: Seen, partitions: int) -> bool:
    return partition_for(seen.arrived.key or b"", partitions) == seen.arrived.partition


def _explanations(found: list[Explained], left: int, tried: int, twice: int) -> Iterable[str]:
    for one in found:
        way, of = one.partitioner, counted(tried, "key")
        keys = "that key" if tried == 1 else f"all {of}" if one.keys == tried else f"{one.keys:,} of {of}"
        if one.certain:
            yield f"{way.name} puts {keys} there: {way.whose}."
        else:
            few = "that key" if tried == 1 else f"those {tried} keys, which are few"
            yield f"{way.name} would put {few}, there: {way.whose}. Look again when there are more."
    if left:
        which = "the others" if found else "them"
        yield f"Nothing known puts {which} there ({counted(left, 'key')}): round robin, or sticky."
    if left and twice:
        verb = "is" if twice == 1 else "are"
        yield f"{counted(twice, 'key')} {verb} in several partitions, which are not chosen by the key then."


def _cure(found: list[Explained], left: int) -> str:
    cures = list(dict.fromkeys([one.partitioner.cure for one in found] + ([OF_ANY] if left else [])))
    return listed(cures, "; and") if len(cures) > 1 else cures[0]


def _figures(misplaced: int, keyed: int, found: list[Explained], left: int) -> dict[str, int | float | str]:
    explained: dict[str, int | float | str] = {one.partitioner.name: one.keys for one in found}
    return {"misplaced": misplaced, "records": keyed, "unexplained_keys": left} | explained
