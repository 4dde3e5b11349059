"""A second look at records that do not fit: cell by cell, where a cell that decides counts as what permits nothing.

It is taken of contacts, of Do Not Call entries, and of the status and the attempt limits of a campaign. Of everything
else a record is read as a whole or not at all. A cell is a field of the record, an attribute, or a field of a number.
Source: docs/contract.md, section "Records that do not fit"; docs/decisions/0022-what-cannot-be-read.md.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from topics.configuration import NONE_LEFT, AttemptLimits, CampaignStatus
from topics.fields import FilledId, OptionalId, OptionalRegion, PhoneNumber, legible_number
from topics.names import TopicName

UNREADABLE_ZONE = "unreadable"
"""What a time zone that cannot be read counts as: no database has it, so callable time refuses."""

UNREADABLE_REGION = "ZZ"
"""The same for a region. ISO 3166 gives this code to nobody; a record that has it says that nobody knows the region."""

UNREADABLE_COLUMN = "unreadable"
"""The same for the column and the type of a number. The number is uncallable then."""

Cells = dict[str, Raw]


class Mended(NamedTuple):
    """A record without the cells that do not fit.

    value: what is left of it, to be decoded. bad_paths: paths of those cells, each once, as `$.numbers[1].column`.
    changes: what the decoded value has besides, since no record can say it.
    """

    value: bytes
    bad_paths: tuple[str, ...]
    changes: dict[str, Any]


_NO, _OFF, _NOTHING = Raw(b"false"), Raw(b'"off"'), Raw(b"{}")
_ZONE, _COLUMN = Raw(b'"%s"' % UNREADABLE_ZONE.encode()), Raw(b'"%s"' % UNREADABLE_COLUMN.encode())
_REGION = Raw(b'"%s"' % UNREADABLE_REGION.encode())

_Decoder = msgspec.json.Decoder[Any]
_CELLS: _Decoder = msgspec.json.Decoder(dict[str, Raw])
_LIST: _Decoder = msgspec.json.Decoder(list[Raw])
_TEXT: _Decoder = msgspec.json.Decoder(str)
_BOOL: _Decoder = msgspec.json.Decoder(bool)
_NAME: _Decoder = msgspec.json.Decoder(FilledId)
_NUMBER: _Decoder = msgspec.json.Decoder(PhoneNumber)
_ZONE_NAME: _Decoder = msgspec.json.Decoder(OptionalId | None)
_REGION_NAME: _Decoder = msgspec.json.Decoder(OptionalRegion | None)
_STATUS: _Decoder = msgspec.json.Decoder(CampaignStatus)
_LIMITS: _Decoder = msgspec.json.Decoder(AttemptLimits | None)


def mend(topic: str, value: bytes) -> Mended | None:
    """The record without the cells that do not fit; None if nothing is mended, as in records that are taken whole.

    Raises msgspec.ValidationError for a value that is no object, and DecodeError for one that is no JSON.
    """
    if topic not in _MENDERS:
        return None
    cells: Cells = _CELLS.decode(value)
    bad_paths: list[str] = []
    changes = _MENDERS[topic](cells, bad_paths)
    if changes is None:
        return None
    return Mended(msgspec.json.encode(cells), tuple(dict.fromkeys(bad_paths)), changes)


def _mend_contact(cells: Cells, bad_paths: list[str]) -> dict[str, Any]:
    _replace(cells, "callable", _BOOL, _NO, "$", bad_paths)
    _replace(cells, "time_zone", _ZONE_NAME, _ZONE, "$", bad_paths)
    _replace(cells, "region", _REGION_NAME, _REGION, "$", bad_paths)
    if "attributes" in cells:
        cells["attributes"] = _attributes(cells["attributes"], bad_paths)
    if "numbers" in cells:
        entries: list[Raw] | None = _read(_LIST, cells.pop("numbers"))
        if entries is None:
            bad_paths.append("$.numbers")
            cells["callable"] = _NO
        else:
            mended = (_number(entry, f"$.numbers[{at}]", bad_paths) for at, entry in enumerate(entries))
            cells["numbers"] = Raw(msgspec.json.encode([entry for entry in mended if entry is not None]))
    return {}


def _attributes(raw: Raw, bad_paths: list[str]) -> Raw:
    attributes: Cells | None = _read(_CELLS, raw)
    if attributes is None:
        bad_paths.append("$.attributes")
        return _NOTHING
    texts = {name: text for name, text in attributes.items() if _read(_TEXT, text) is not None}
    if len(texts) < len(attributes):
        bad_paths.append("$.attributes[...]")
    return Raw(msgspec.json.encode(texts))


def _number(raw: Raw, at: str, bad_paths: list[str]) -> Cells | None:
    """The entry of a number; None if it is not clear which number it is about.

    A number of another shape that stands for one without doubt is that one, and is uncallable.
    """
    entry: Cells | None = _read(_CELLS, raw)
    if entry is None:
        bad_paths.append(at)
        return None
    if "phone_number" not in entry or _read(_NUMBER, entry["phone_number"]) is None:
        bad_paths.append(f"{at}.phone_number")
        number = legible_number(_read(_TEXT, entry.get("phone_number", _NOTHING)) or "")
        if number is None:
            return None
        entry["phone_number"], entry["callable"] = Raw(b'"%s"' % number.encode()), _NO
    _replace(entry, "callable", _BOOL, _NO, at, bad_paths)
    _replace(entry, "time_zone", _ZONE_NAME, _ZONE, at, bad_paths)
    _replace(entry, "region", _REGION_NAME, _REGION, at, bad_paths)
    for name, decoder in (("column", _NAME), ("type", _TEXT)):
        if name not in entry or _read(decoder, entry[name]) is None:
            bad_paths.append(f"{at}.{name}")
            entry[name], entry["callable"] = _COLUMN, _NO
    return entry


def _mend_campaign(cells: Cells, bad_paths: list[str]) -> dict[str, Any]:
    if "status" not in cells or _read(_STATUS, cells["status"]) is None:
        bad_paths.append("$.status")
        cells["status"] = _OFF
    try:
        _LIMITS.decode(cells.get("attempt_limits", b"null"))
    except msgspec.ValidationError as error:
        bad_paths.append("$.attempt_limits" + path_of(error).removeprefix("$"))
        del cells["attempt_limits"]
        return {"attempt_limits": NONE_LEFT}
    return {}


def _mend_dnc_entry(cells: Cells, bad_paths: list[str]) -> dict[str, Any] | None:
    """Called for an entry that does not fit: if its list and its number do, it is `expires_at` that does not."""
    expires_at = cells.pop("expires_at", None)
    if expires_at is None:
        return None
    text: str | None = _read(_TEXT, expires_at)
    if text is None or text.strip():
        bad_paths.append("$.expires_at")
    return {}


_MENDERS: dict[str, Callable[[Cells, list[str]], dict[str, Any] | None]] = {
    TopicName.CONTACTS: _mend_contact,
    TopicName.CAMPAIGNS: _mend_campaign,
    TopicName.DNC_ENTRIES: _mend_dnc_entry,
}


def path_of(error: msgspec.ValidationError) -> str:
    """Where in the value it does not fit, as `$.numbers[1].column`; `$` is the whole."""
    before, marker, path = str(error).rpartition(" - at `")
    return path.removesuffix("`") if marker and path.endswith("`") and before else "$"


def _replace(cells: Cells, name: str, decoder: _Decoder, instead: Raw, at: str, bad_paths: list[str]) -> None:
    """Put something else in the place of a cell that does not fit; one that is absent does."""
    if name in cells:
        try:
            decoder.decode(cells[name])
        except msgspec.ValidationError:
            bad_paths.append(f"{at}.{name}")
            cells[name] = instead


def _read(decoder: _Decoder, raw: Raw) -> Any:
    """What a cell holds, None if it does not fit."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        return None
