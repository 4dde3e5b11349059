"""Configuration: what is told of one object becomes one of our records, or waits for the objects that it names.

A campaign waits for its contact list and the limits of that, a contact for its list. A record that is refused leaves
behind one that no worker can read: what was there before permits nothing any more.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.adapters.genesys import contacts, rule_sets, shapes
from streams.adapters.genesys.campaigns import Parts, composed
from streams.adapters.genesys.envelopes import Envelope, Kind, opened
from streams.adapters.genesys.order import noted
from streams.adapters.reading import out, shaped
from streams.adapters.seam import Letter, Out, Raw, Rows, Skip, Stepped, Terms
from topics.codec import BadEvent, ErrorCode, contact_key
from topics.configuration import CallableTime, CallableTimeSet, Slot
from topics.names import TopicName

_SHAPES: dict[Kind, type[Struct]] = {
    Kind.CONTACT_LIST: shapes.ContactList,
    Kind.ATTEMPT_LIMITS: shapes.AttemptLimits,
    Kind.WRAP_UP_MAPPING: shapes.WrapUpMapping,
}
"""What is kept for campaigns and contacts to be made of."""

ALL_CODES = "all"


class Kept(Struct, frozen=True):
    """A campaign or contact. written: its record as it was last written. until_ms: how long it waits for the rest."""

    raw: Raw
    written: bytes | None = None
    until_ms: int | None = None


_kept = msgspec.msgpack.Decoder(Kept)


def step(envelope: Envelope, raw: Raw, rows: Rows, terms: Terms, now_ms: int) -> Stepped:
    """One object as it is configured now. Raises BadEvent for one that cannot be read."""
    until_ms = now_ms + terms.window_ms
    if envelope.kind is Kind.CONTACT:
        return _contact(envelope, raw, rows, terms, until_ms)
    if envelope.kind is Kind.DNC_NUMBERS:
        numbers = shaped(envelope.shown, shapes.DncNumbers, envelope.at)
        return contacts.listed(envelope.object_id, numbers, raw, terms, envelope.at)
    latest = noted(envelope, _object_id(envelope), rows)
    if latest is None:
        return Stepped(skipped=[Skip.SUPERSEDED])
    match envelope.kind:
        case Kind.CAMPAIGN:
            done = _campaign(envelope, raw, rows, until_ms)
        case Kind.RULE_SET | Kind.CALLABLE_TIME_SET:
            done = _plain(envelope, raw)
        case _:
            done = _part(envelope, raw, rows, terms, until_ms)
    done.writes.update(latest)
    return done


def expire(key: str, row: bytes, now_ms: int) -> Stepped:
    """A campaign or contact whose list, or limits, nobody has told; what was written of it permits nothing more."""
    kept = _kept.decode(row)
    if kept.until_ms is None or kept.until_ms > now_ms:
        return Stepped()
    what = "Its contact list, or the attempt limits of that, were not told within adapter_window_s"
    letter = Letter(kept.raw, BadEvent(ErrorCode.CONTACT_LIST_UNKNOWN, "$", what))
    if key.startswith(f"{Kind.CONTACT}|"):
        return Stepped(letters=[letter], writes={key: None})
    stub = _nothing(TopicName.CAMPAIGNS, key.partition("|")[2])
    outs = [] if kept.written in (None, stub.value) else [stub]
    written = kept.written if kept.written is None else stub.value
    return Stepped(outs=outs, letters=[letter], writes={key: msgspec.msgpack.encode(Kept(kept.raw, written))})


def due_ms(row: bytes) -> int | None:
    """When it has waited for long enough."""
    return _kept.decode(row).until_ms


def _part(envelope: Envelope, raw: Raw, rows: Rows, terms: Terms, until_ms: int) -> Stepped:
    """What campaigns and contacts are made of: whatever it changes is composed again."""
    kind, object_id = envelope.kind, _object_id(envelope)
    key = f"{kind}|{object_id}"
    if envelope.body is None:
        done, parts = Stepped(writes={key: None}), _Changed(rows, {key: None})
    else:
        shaped(envelope.body, _SHAPES[kind], envelope.at)
        encoded = msgspec.json.encode(envelope.body)
        if rows.get(key) == encoded:
            return Stepped(skipped=[Skip.UNCHANGED])
        done, parts = Stepped(writes={key: encoded}), _Changed(rows, {key: encoded})
    for name, row in rows.under(f"{Kind.CAMPAIGN}|"):
        kept = _kept.decode(row)
        _compose(done, name, replace(kept, until_ms=kept.until_ms or until_ms), parts, raw)
    if kind is Kind.CONTACT_LIST:
        for name, row in rows.under(f"{Kind.CONTACT}|{object_id}|"):
            _release(done, name, _kept.decode(row), parts, terms)
    return done


class _Changed:
    """Rows, with those of this step in their place."""

    def __init__(self, rows: Rows, changes: dict[str, bytes | None]) -> None:
        self._rows, self._changes = rows, changes

    def get(self, key: str) -> bytes | None:
        return self._changes[key] if key in self._changes else self._rows.get(key)

    def under(self, prefix: str) -> Iterable[tuple[str, bytes]]:
        return self._rows.under(prefix)


def _campaign(envelope: Envelope, raw: Raw, rows: Rows, until_ms: int) -> Stepped:
    object_id = _object_id(envelope)
    key = f"{Kind.CAMPAIGN}|{object_id}"
    if envelope.body is None:
        return Stepped(outs=[Out(TopicName.CAMPAIGNS, object_id, None)], writes={key: None})
    shaped(envelope.body, shapes.Campaign, envelope.at)
    before = rows.get(key)
    written = None if before is None else _kept.decode(before).written
    done = Stepped()
    _compose(done, key, Kept(raw, written, until_ms), rows, raw)
    return done


def _compose(done: Stepped, key: str, kept: Kept, rows: Rows, because: Raw) -> None:
    """Make a campaign, if all that it names is there. because: the record to be refused if that cannot be done."""
    envelope = opened(kept.raw)
    assert isinstance(envelope, Envelope), "it was read before"
    campaign = shaped(envelope.shown, shapes.Campaign, envelope.at)
    parts = _parts_of(campaign, rows)
    if parts is None:
        done.waiting += kept.until_ms is not None
        done.writes[key] = msgspec.msgpack.encode(kept)
        return
    try:
        record = composed(campaign, parts)
    except BadEvent as bad:
        done.letters.append(Letter(because, bad))
        record = _nothing(TopicName.CAMPAIGNS, campaign.id)
    if record.value == kept.written:
        done.skipped.append(Skip.UNCHANGED)
    else:
        done.outs.append(record)
    done.writes[key] = msgspec.msgpack.encode(Kept(kept.raw, record.value))


def _parts_of(campaign: shapes.Campaign, rows: Rows) -> Parts | None:
    """What the campaign is made of; None while something is not known."""
    list_id = campaign.contact_list.id if campaign.contact_list else None
    found = rows.get(f"{Kind.CONTACT_LIST}|{list_id}")
    if found is None:
        return None
    named = shaped(msgspec.json.decode(found), shapes.ContactList, "$").attempt_limits
    limits = None
    if named is not None and named.id:
        stored = rows.get(f"{Kind.ATTEMPT_LIMITS}|{named.id}")
        if stored is None:
            return None
        limits = shaped(msgspec.json.decode(stored), shapes.AttemptLimits, "$")
    mapping = rows.get(f"{Kind.WRAP_UP_MAPPING}|{ALL_CODES}")
    return Parts(limits, None if mapping is None else shaped(msgspec.json.decode(mapping), shapes.WrapUpMapping, "$"))


def _contact(envelope: Envelope, raw: Raw, rows: Rows, terms: Terms, until_ms: int) -> Stepped:
    contact = shaped(envelope.shown, shapes.Contact, envelope.at)
    key = f"{Kind.CONTACT}|{contact_key(contact.contact_list_id, contact.id)}"
    waits = {key: None} if rows.get(key) is not None else {}
    if envelope.shown.get("removed") is True:
        return Stepped(outs=[contacts.removed(contact)], writes=dict(waits))
    columns = rows.get(f"{Kind.CONTACT_LIST}|{contact.contact_list_id}")
    if columns is None:
        return Stepped(writes={key: msgspec.msgpack.encode(Kept(raw, None, until_ms))}, waiting=1)
    done = contacts.mapped(contact, _columns(columns), raw, terms, envelope.at)
    done.writes.update(waits)
    return done


def _release(done: Stepped, key: str, kept: Kept, rows: Rows, terms: Terms) -> None:
    """A contact that has waited for its list."""
    envelope = opened(kept.raw)
    assert isinstance(envelope, Envelope), "it was read before"
    contact = shaped(envelope.shown, shapes.Contact, envelope.at)
    columns = rows.get(f"{Kind.CONTACT_LIST}|{contact.contact_list_id}")
    if columns is None:
        return
    try:
        made = contacts.mapped(contact, _columns(columns), kept.raw, terms, envelope.at)
        done.outs += made.outs
        done.letters += made.letters
    except BadEvent as bad:
        done.letters.append(Letter(kept.raw, bad))
    done.writes[key] = None


def _columns(row: bytes) -> shapes.ContactList:
    return shaped(msgspec.json.decode(row), shapes.ContactList, "$")


def _plain(envelope: Envelope, raw: Raw) -> Stepped:
    """What is made of itself alone."""
    of_rules = envelope.kind is Kind.RULE_SET
    topic = TopicName.RULE_SETS if of_rules else TopicName.CALLABLE_TIME_SETS
    object_id = _object_id(envelope)
    if envelope.body is None:
        return Stepped(outs=[Out(topic, object_id, None)])
    try:
        if of_rules:
            made = rule_sets.mapped(shaped(envelope.body, shapes.RuleSet, envelope.at), envelope.at)
        else:
            made = _hours(shaped(envelope.body, shapes.CallableTimeSet, envelope.at))
    except BadEvent as bad:
        return Stepped(outs=[_nothing(topic, object_id)], letters=[Letter(raw, bad)])
    return Stepped(outs=[made])


def _hours(given: shapes.CallableTimeSet) -> Out:
    times = tuple(
        CallableTime(
            time_zone=one.time_zone_id,
            slots=tuple(Slot(day=at.day, start=at.start_time, stop=at.stop_time) for at in one.time_slots or ()),
        )
        for one in given.callable_times or ()
    )
    return out(TopicName.CALLABLE_TIME_SETS, CallableTimeSet(callable_time_set_id=given.id, times=times))


def _nothing(topic: str, object_id: str) -> Out:
    """A record that no worker can read, so that the one before it permits nothing any more."""
    return Out(topic, object_id, msgspec.json.encode({"refused_by": "adapter"}))


def _object_id(envelope: Envelope) -> str:
    if envelope.kind is Kind.WRAP_UP_MAPPING:
        return ALL_CODES
    found = (envelope.body or {}).get("id") or envelope.object_id
    if not isinstance(found, str) or not found:
        raise BadEvent(ErrorCode.INVALID, envelope.at, "Object missing required field `id`")
    return found
