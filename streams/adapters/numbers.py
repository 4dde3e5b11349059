"""Phone numbers of other systems as E.164."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from topics.codec import BadEvent, ErrorCode
from topics.fields import legible_number

_WRAPPED = re.compile(r"\A(?:tel|sips?):", re.IGNORECASE)
_CLUTTER = re.compile(r"[;@?].*\Z", re.DOTALL)
_E164 = re.compile(r"\A\+[1-9][0-9]{1,14}\Z")
_PHONE = re.compile(r"\A[+0-9 ()./\-]+\Z")


def e164(text: str | None, region: str | None) -> str | None:
    """The E.164 text of a number, or of the address `tel:` or `sip:` of one; None for what is none without doubt.

    region: of numbers without a country code. Digits alone are never taken for a whole number.
    """
    bare = _bare(text)
    if bare is None:
        return None
    try:
        number = phonenumbers.parse(bare, region)
    except NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    found = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return found if _E164.match(found) else None  # Some plans have numbers of more than 15 digits.


def to_dial(text: str | None, region: str | None, at: str) -> str:
    """The same, of a number that there must be. Raises BadEvent, `not_e164`, without the number."""
    if found := e164(text, region):
        return found
    what = "There is no phone number" if not text else "The number has no E.164 form that is beyond doubt"
    raise BadEvent(ErrorCode.NOT_E164, at, what)


def to_protect(text: str, region: str | None) -> str | None:
    """The same for a number that must not be dialed: also one that is E.164 but for its plus sign."""
    return e164(text, region) or legible_number(text)


def _bare(text: str | None) -> str | None:
    """The digits and what belongs to them, without the scheme, host and parameters of an address."""
    stripped = (text or "").strip()
    without = _WRAPPED.sub("", stripped)
    bare = _CLUTTER.sub("", without) if without != stripped else without
    return bare if _PHONE.match(bare) and "ext=" not in without.lower() else None
