"""The document as a page for people, with the document itself in it: one file, no scripts, nothing from elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from html import escape

import msgspec

from streams.console.view.record import instant, of_ms
from streams.console.why.labels import facts_of
from streams.console.why.words import said as in_words
from streams.evidence.dated import Dated
from streams.evidence.document import Document, encoded
from streams.evidence.effects import Effect
from streams.evidence.entries import Entry
from streams.evidence.in_force import InForce
from streams.evidence.records import Kept, Span
from streams.evidence.styles import STYLES
from topics.framing import unframed
from topics.records import Reason

BEGIN = b'<script type="application/json" id="evidence">\n'
END = b"\n</script>\n"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

EFFECTS = {
    Effect.MADE: "call made",
    Effect.HANDED_OUT: "handed out",
    Effect.NOT_MADE: "not made",
    Effect.NOT_KNOWN: "not known",
    Effect.TOLD: "",
}
_STATES = {"in_force": "in force", "removed": "removed before", "none": "there was none", "not_known": "not known"}


def page_of(document: Document) -> bytes:
    """The page, in UTF-8; the same document gives the same bytes."""
    parts = [
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{_title(document)}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLES}</style>\n</head>\n<body>\n<main>",
        *_head(document),
        *_limits(document),
        *_summary(document),
        *_callbacks(document),
        *_entries(document),
        *_read(document.read),
        *_records(document.records),
        "</main>",
    ]
    page = "\n".join(parts).encode() + b"\n"
    # In JSON a `<` stands within a text alone, where it may be escaped; so no text can end the element.
    return page + BEGIN + encoded(document).replace(b"<", b"\\u003c") + END + b"</body>\n</html>\n"


def document_in(content: bytes) -> bytes:
    """The JSON in the content of a file: a page, or the JSON alone. Raises ValueError where there is none."""
    if content.startswith(b"{"):
        return content
    begin, end = content.rfind(BEGIN), content.rfind(END)
    if begin < 0 or end < begin:
        raise ValueError("there is no document in it")
    return content[begin + len(BEGIN) : end]


def _title(document: Document) -> str:
    asked = document.asked
    return escape(f"Calls to {asked.phone_number}, {_day(asked.begin)} to {_day(asked.end, last=True)}")


def _head(document: Document) -> Iterator[str]:
    asked, made = document.asked, document.made
    yield f"<h1>{_title(document)}</h1>"
    yield (
        f"<p>Every call to this number that the records hold, made and not made, from {_at(asked.begin)} to "
        f"{_at(asked.end)}, the end not included. All instants are UTC, unless a zone is named.</p>"
    )
    others = [one for one in asked.spellings if one != asked.phone_number]
    rows = [
        ("Number", asked.phone_number + (f", also written {', '.join(others)}" if others else "")),
        ("Contacts", ", ".join(document.said.summary.contacts) or "none"),
        ("Made", f"{_at(made.at)} by {made.by}"),
        ("Installation", _installation(document)),
        ("Source", _source(document)),
        ("Events since", "the beginning" if asked.since is None else _at(asked.since)),
    ]
    yield "<table>" + "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows) + "</table>"


def _installation(document: Document) -> str:
    made = document.made
    # An export for the simulator does not say whose it is.
    return f"{made.app}, topics {made.prefix}*, cluster {made.cluster_id or 'not known'}" if made.app else "not known"


def _source(document: Document) -> str:
    archives = ", ".join(f"{one.name} (SHA-256 {one.sha256})" for one in document.made.archives)
    return f"archives: {archives}" if archives else "the topics themselves"


def _limits(document: Document) -> Iterator[str]:
    yield "<h2>What this file cannot show</h2>"
    found = document.said.cannot_show
    if not found:
        yield "<p>Nothing is missing: the records hold the whole period, as far as their offsets tell.</p>"
        return
    yield '<ul class="limits">' + "".join(f"<li>{escape(one)}</li>" for one in found) + "</ul>"


def _summary(document: Document) -> Iterator[str]:
    summary = document.said.summary
    yield "<h2>In numbers</h2>"
    counts = [(EFFECTS[effect] or "anything else", summary.effects.get(effect.value, 0)) for effect in Effect]
    reasons = [(in_words(Reason, reason), count) for reason, count in summary.reasons.items()]
    yield _table(("entries of the period", "how many"), [(name, f"{count:,}") for name, count in counts])
    if reasons:
        yield _table(("why not made", "how many"), [(name, f"{count:,}") for name, count in reasons])
    if summary.other_callbacks:
        yield f"<p>Callbacks of the same contacts about other numbers, not shown: {summary.other_callbacks:,}.</p>"


def _callbacks(document: Document) -> Iterator[str]:
    if not document.said.callbacks:
        return
    yield f"<h2>Callbacks, as of {_at(document.limits.as_of)}</h2>"
    rows = [(f"{one.contact_list_id}|{one.contact_id}", one.callback_id, one.words) for one in document.said.callbacks]
    yield _table(("contact", "callback", "why it was or was not dialed"), rows)


def _entries(document: Document) -> Iterator[str]:
    yield "<h2>In the order of time</h2>"
    yield "<table id='entries'><thead><tr><th>UTC</th><th>call</th><th>what happened</th></tr></thead><tbody>"
    for one in document.said.entries:
        kind = f"{one.effect.value}{'' if one.in_period else ' outside'}"
        yield (
            f'<tr class="{"" if one.in_period else "outside"}"><td class="at">{_at(one.at, bare=True)}</td>'
            f'<td class="{kind}">{EFFECTS[one.effect]}</td><td>{escape(one.words)}{_details(one)}</td></tr>'
        )
    yield "</tbody></table>"
    if any(not one.in_period for one in document.said.entries):
        yield '<p class="outside">Grey entries are outside the period; they belong to callbacks within it.</p>'


def _details(one: Entry) -> str:
    said = [("contact", f"{one.contact_list_id}|{one.contact_id}" if one.contact_id else None)]
    said += [("callback", one.callback_id), ("campaign", one.campaign_id), ("reasons", ", ".join(one.reasons))]
    said += [(fact.label, fact.value) for fact in facts_of(one.facts, Dated.of(one.at))] if one.facts else []
    said += [(f"{known.topic} {known.key}", _known(known)) for known in one.in_force]
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in said if text)
    places = ", ".join(_link(place) for place in (one.record, *one.rests_on))
    return f"<details><summary>facts and records</summary><dl>{pairs}<dt>records</dt><dd>{places}</dd></dl></details>"


def _link(place: str) -> str:
    return f'<a href="#{escape(place)}">{escape(place)}</a>'


def _known(known: InForce) -> str:
    if known.record is None or known.written_at is None:
        return _STATES[known.state.value]
    agrees = "; the facts differ" if known.agrees is False else ""
    digest = f", SHA-256 {known.sha256}" if known.sha256 else ""
    return f"{_STATES[known.state.value]} since {_at(known.written_at)}: {known.record}{digest}{agrees}"


def _read(spans: Sequence[Span]) -> Iterator[str]:
    yield "<h2>What was read</h2>"
    head = ("topic", "partition", "there from", "to", "read from", "to", "records", "oldest", "latest")
    yield _table(head, (_span(one) for one in spans))


def _span(one: Span) -> tuple[str, ...]:
    numbers = (one.partition, one.begin, one.end, one.read_from, one.read_to, one.records)
    return one.topic, *(str(number) for number in numbers), _ms(one.first_ms), _ms(one.last_ms)


def _records(records: Sequence[Kept]) -> Iterator[str]:
    yield "<h2>Records, as they stand in the logs</h2>"
    yield "<p>Topic, partition and offset; the timestamp of the record; its value."
    yield "The document at the end of this file has every byte.</p>"
    for one in records:
        head = f"{one.place}, {_at(one.written_at)}, key {one.key_text}"
        shown = f"<summary>{escape(head)}</summary><pre>{escape(_value(one))}</pre>"
        yield f'<details id="{escape(one.place)}">{shown}</details>'


def _value(one: Kept) -> str:
    if one.withheld is not None:
        return f"left out, since {one.withheld.why}: {one.withheld.bytes} bytes, SHA-256 {one.withheld.sha256}"
    if one.value is None:
        return "tombstone"
    try:
        text = msgspec.json.format(unframed(one.value), indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = one.value.decode(errors="replace")
    return f"{text}\n\nSHA-256 {one.sha256}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _day(at: datetime, *, last: bool = False) -> str:
    """A bound of the period: a day, where it is a midnight. last: the day that ends then."""
    if at.time() == time():
        return f"{at - timedelta(days=last):%Y-%m-%d}"
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _at(at: datetime, *, bare: bool = False) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}{'' if bare else ' UTC'}"


def _ms(timestamp_ms: int | None) -> str:
    return "" if timestamp_ms is None else _at(instant(of_ms(timestamp_ms)), bare=True)
