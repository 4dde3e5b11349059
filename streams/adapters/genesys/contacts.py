"""Contacts, by the columns of their list, and the numbers of Do Not Call lists."""

from streams.adapters.genesys import shapes
from streams.adapters.genesys.joining import as_text
from streams.adapters.numbers import e164, to_protect
from streams.adapters.reading import instant, instant_ms, out
from streams.adapters.seam import Letter, Out, Raw, Stepped, Terms
from topics.codec import PATHS_NAMED_MAX, BadEvent, ErrorCode, contact_key
from topics.configuration import DncEntry
from topics.events import ContactNumber, ContactRecord
from topics.names import TopicName

VOICE = "Voice"
_ADDED, _REMOVED = ("add",), ("remove", "delete")


def mapped(contact: shapes.Contact, columns: shapes.ContactList, raw: Raw, terms: Terms, at: str) -> Stepped:
    """The record of a contact. A cell that is no number becomes a dead letter, and the rest counts. Raises BadEvent."""
    bad_cells: list[str] = []
    numbers = []
    for column in columns.phone_columns or ():
        text = as_text((contact.data or {}).get(column.column_name)) or ""
        if not text.strip():
            continue
        if number := e164(text, terms.region):
            numbers.append(_number(contact, column, number))
        else:
            bad_cells.append(f"{at}.data[...]")
    voice = (contact.contactable_status or {}).get(VOICE)
    record = ContactRecord(
        contact_list_id=contact.contact_list_id,
        contact_id=contact.id,
        callable=contact.callable is True and (voice is None or voice.contactable is not False),
        time_zone=_zip_zone(contact),
        attributes=_attributes(contact, terms),
        numbers=tuple(numbers),
    )
    return Stepped(outs=[out(TopicName.CONTACTS, record)], letters=_letters(raw, bad_cells))


def removed(contact: shapes.Contact) -> Out:
    """The tombstone of a contact."""
    return Out(TopicName.CONTACTS, contact_key(contact.contact_list_id, contact.id), None)


def listed(dnc_list_id: str, given: shapes.DncNumbers, raw: Raw, terms: Terms, at: str) -> Stepped:
    """Numbers that are put on a list or taken off it. Those that cannot be read become a dead letter, as cells do."""
    action = (given.action or "").lower()
    if action not in (*_ADDED, *_REMOVED) or not dnc_list_id:
        raise BadEvent(ErrorCode.UNSUPPORTED, f"{at}.action", "Numbers of a named list are added or removed")
    expires = given.expiration_date_time
    expires_at = instant(instant_ms(expires, f"{at}.expirationDateTime"), at) if expires else None
    done, bad_cells = Stepped(), []
    for index, text in enumerate(given.phone_numbers or ()):
        number = to_protect(text, terms.region)
        if number is None:
            bad_cells.append(f"{at}.phoneNumbers[{index}]")
            continue
        entry = out(
            TopicName.DNC_ENTRIES, DncEntry(dnc_list_id=dnc_list_id, phone_number=number, expires_at=expires_at)
        )
        done.outs.append(entry if action in _ADDED else Out(entry.topic, entry.key, None))
    done.letters = _letters(raw, bad_cells)
    return done


def _number(contact: shapes.Contact, column: shapes.PhoneColumn, number: str) -> ContactNumber:
    name = column.column_name
    status = (contact.phone_number_status or {}).get(name)
    voice = (contact.contactable_status or {}).get(VOICE)
    of_voice = ((voice.column_status if voice else None) or {}).get(name)
    return ContactNumber(
        column=name,
        type=column.type or name,
        phone_number=number,
        callable=not (status and status.callable is False) and not (of_voice and of_voice.contactable is False),
        time_zone=_zone(contact, column),
    )


def _zone(contact: shapes.Contact, column: shapes.PhoneColumn) -> str | None:
    """The zone that a column of the contact says, else the one that Genesys found for the number."""
    said = as_text((contact.data or {}).get(column.callable_time_column)) if column.callable_time_column else None
    if said and said.strip():
        return said
    found = (contact.contact_column_time_zones or {}).get(column.column_name)
    return found.time_zone if found else None


def _zip_zone(contact: shapes.Contact) -> str | None:
    found = (one for one in (contact.contact_column_time_zones or {}).values() if one.column_type == "ZIP")
    return next((one.time_zone for one in found), None)


def _attributes(contact: shapes.Contact, terms: Terms) -> dict[str, str]:
    data = contact.data or {}
    return {name: text for name in sorted(terms.attributes) if (text := as_text(data.get(name))) is not None}


def _letters(raw: Raw, paths: list[str]) -> list[Letter]:
    if not paths:
        return []
    more = f"; also {', '.join(paths[1:PATHS_NAMED_MAX])}" if paths[1:] else ""
    return [Letter(raw, BadEvent(ErrorCode.INVALID_CELL, paths[0], f"It is no number beyond doubt{more}"))]
