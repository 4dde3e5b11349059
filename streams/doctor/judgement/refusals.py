"""Records that a worker would refuse for their key or their value, by what is wrong with them."""

from collections.abc import Callable, Iterable, Mapping

from streams.doctor.findings import Check, Finding, Result, counted, latest, unseen
from streams.doctor.judgement.keys import WrongKey, wrong_key
from streams.doctor.judgement.seen import Seen, SeenTopic
from streams.doctor.judgement.values import Sent, sent
from topics.catalog import CATALOG
from topics.cloud_events import is_attribute
from topics.codec import BadEvent, ErrorCode, Value, decode_cells, value_key
from topics.framing import is_framed

OF_CLOCKS = (ErrorCode.IN_THE_FUTURE, ErrorCode.TOO_OLD)
OF_BATCHES = (ErrorCode.DAMAGED,)
ELSEWHERE = (ErrorCode.WRONG_KEY, *OF_CLOCKS, *OF_BATCHES)
"""Codes that are no matter of the value."""

IDS = ("contact_list_id", "contact_id", "campaign_id", "callback_id", "event_id", "conversation_id", "phone_number")
"""Fields that people take for a key."""

_SENT_AS = {"cloud_events": "with headers of CloudEvents", "framed": "framed for a schema registry"}

Wrong = WrongKey | Sent


def judge_keys(topics: Iterable[SeenTopic]) -> list[Finding]:
    """One finding for each topic and way in which keys are wrong; or one for all topics."""
    return _judge(topics, Check.KEYS, _is_of_key, _of_key, "have the key of their value")


def judge_values(topics: Iterable[SeenTopic]) -> list[Finding]:
    """The same of values."""
    return _judge(topics, Check.VALUES, _is_of_value, _of_value, "can be read")


def _is_of_key(code: ErrorCode) -> bool:
    return code is ErrorCode.WRONG_KEY


def _is_of_value(code: ErrorCode) -> bool:
    return code not in ELSEWHERE


def _judge(
    topics: Iterable[SeenTopic],
    check: Check,
    is_meant: Callable[[ErrorCode], bool],
    wrong_of: Callable[[SeenTopic, Seen, BadEvent], Wrong],
    good: str,
) -> list[Finding]:
    found: list[Finding] = []
    looked_at = 0
    several = list(topics)
    for topic in several:
        unread = 0 if check is Check.VALUES else sum(_is_of_value(bad_event.code) for _, bad_event in topic.bad())
        looked_at += len(topic.records) - unread
        by_wrong: dict[Wrong, list[tuple[Seen, BadEvent]]] = {}
        for seen, bad_event in topic.bad():
            if is_meant(bad_event.code):
                by_wrong.setdefault(wrong_of(topic, seen, bad_event), []).append((seen, bad_event))
        found += [_finding(check, topic, wrong, those) for wrong, those in by_wrong.items()]
    if found:
        return sorted(found, key=lambda one: -int(one.figures["records"]))
    if not looked_at:
        return [unseen(check, "no record that can be read, on any topic" if several else "no topic")]
    figures = {"records": looked_at} | (_headers(several) if check is Check.VALUES else {})
    also = "".join(f", {figures[name]:,} {how}" for name, how in _SENT_AS.items() if figures.get(name))
    said = good if looked_at != 1 else good.replace("have", "has").replace("their", "its")
    what = f"{counted(looked_at, 'record')} {said}{also}"
    return [Finding(check, Result.OK, what, figures=dict(figures))]


def _headers(topics: Iterable[SeenTopic]) -> dict[str, int]:
    arrived = [seen.arrived for topic in topics for seen in topic.records]
    return {
        "cloud_events": sum(any(is_attribute(name) for name, _ in one.headers) for one in arrived),
        "framed": sum(is_framed(one.value or b"") for one in arrived),
    }


def _finding(check: Check, topic: SeenTopic, wrong: Wrong, those: list[tuple[Seen, BadEvent]]) -> Finding:
    codes = {bad_event.code for _, bad_event in those}
    result = Result.WARNING if codes == {ErrorCode.INVALID_CELL} else Result.PROBLEM
    count, of = len(those), counted(len(topic.records), "record")
    verb = "" if check is Check.KEYS else " is" if count == 1 else " are"
    what = f"{count:,} of {of}{':' if check is Check.KEYS or ':' in wrong.what else verb} {wrong.what}"
    key = "|".join(f"{{{name}}}" for name in CATALOG[topic.name].key.split("|")).replace("{", "").replace("}", "")
    return Finding(
        check,
        result,
        what,
        wrong.cure.replace("{key}", key),
        topic.full,
        latest([topic.place(seen) for seen, _ in those]),
        {"records": count, "of": len(topic.records), "code": ", ".join(sorted(codes))},
    )


def _of_key(topic: SeenTopic, seen: Seen, bad_event: BadEvent) -> WrongKey:
    value = _value(topic, seen)
    expected = None if value is None else value_key(topic.name, value)
    return wrong_key(seen.arrived.key, expected, _ids(value))


def _value(topic: SeenTopic, seen: Seen) -> Value | None:
    try:
        return None if seen.arrived.value is None else decode_cells(topic.name, seen.arrived.value)[0]
    except BadEvent:
        return None


def _ids(value: Value | None) -> Mapping[str, object]:
    return {name: found for name in IDS if (found := getattr(value, name, None)) is not None}


def _of_value(topic: SeenTopic, seen: Seen, bad_event: BadEvent) -> Sent:
    return sent(seen.arrived.value, seen.arrived.headers, bad_event)
