"""Phone numbers: whether a numbering plan has one as it is written, and how else its subscriber's may be written.

A number is E.164 in shape: `+` and 2 to 15 digits. It is *canonical* when a numbering plan has it and `phonenumbers`
writes it as the very same text. Each canonical number stands for one subscriber, and so do its other spellings.
Source: docs/rules.md, section 3; docs/decisions/0020-spellings-of-a-number.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from streams.logic.contact.state import Contact
from streams.logic.hours.spelling_rows import ARGENTINA, BY_COUNTRY_CODE, Row
from topics.events import ContactNumber

DIGITS_MAX = 15
IN_NO_PLAN = "in no numbering plan"
NO_SPELLING = "not a spelling of any number"

_AT_HAND = 256
"""Steps of the latest few numbers that are kept: for one number each of them is asked for several times."""

_WORLDWIDE = "001"
"""What the tables have for a region of numbers that belong to no country."""


class _Known(NamedTuple):
    valid: bool
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What is asked about a country code. lengths: of national numbers. trunk: prefixes. rows: of the table."""

    country_code: str
    lengths: frozenset[int]
    trunk: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def is_plain(self) -> bool:
        """Whether nothing but one trunk prefix can stand in a spelling."""
        return not self.rows and len(self.trunk) <= 1


def is_valid_number(phone_number: str) -> bool:
    """True if a numbering plan has the number and it is written canonically. phone_number: E.164 in shape."""
    return _known(phone_number).valid


def spellings(phone_number: str) -> tuple[str, ...]:
    """All texts that stand for the same subscriber, itself first, canonical ones next; each is E.164 in shape.

    They are the same texts for each of them. A number in no plan, and one that could be a spelling of two subscribers,
    has only itself. Somebody else's canonical number is never among them.
    """
    return _known(phone_number).spellings


def entries_of(contact: Contact, phone_number: str) -> list[ContactNumber]:
    """The entries of the contact's record for a number, in any spelling; often one, or none."""
    same = spellings(phone_number)
    return [entry for entry in (contact.listed.numbers if contact.listed else ()) if entry.phone_number in same]


def why_unmatched(phone_number: str) -> str | None:
    """Why no number that can be called is spelled like this; None if one is. For Do Not Call entries."""
    if is_canonical(phone_number) or any(map(is_canonical, _known(phone_number).spellings)):
        return None
    return NO_SPELLING if _is_in_a_plan(phone_number) else IN_NO_PLAN


# An answer depends on nothing but the number and takes some 40 microseconds, hence the cache.
@lru_cache(maxsize=32_768)
def _known(phone_number: str) -> _Known:
    plan = _plan_of(phone_number)
    if plan is None:
        return _Known(False, (phone_number,))
    valid = is_canonical(phone_number)
    if valid and plan.is_plain:
        return _Known(True, _plain_spellings(plan, phone_number))
    return _Known(valid, _spellings(plan, phone_number))


@lru_cache(maxsize=1024)
def is_canonical(phone_number: str) -> bool:
    """The same as `is_valid_number`, for a great many numbers that are each asked about once."""
    plan = _plan_of(phone_number)
    if plan is None or (plan.lengths and len(phone_number) - len(plan.country_code) - 1 not in plan.lengths):
        return False
    try:
        number = phonenumbers.parse(phone_number)
    except phonenumbers.NumberParseException:
        return False
    # The text first: what is written otherwise differs in it, and the rest takes longer.
    national = phone_number[1 + len(plan.country_code) :]
    return national == phonenumbers.national_significant_number(number) and phonenumbers.is_valid_number(number)


def _is_in_a_plan(phone_number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(phone_number))
    except phonenumbers.NumberParseException:
        return False


def _plain_spellings(plan: _Plan, phone_number: str) -> tuple[str, ...]:
    """What `_spellings` says of a canonical number in a plain plan, which nearly all are: half of its time."""
    at = 1 + len(plan.country_code)
    trunked = [f"{phone_number[:at]}{prefix}{phone_number[at:]}" for prefix in plan.trunk]
    return (phone_number, *(text for text in trunked if len(text) <= 1 + DIGITS_MAX and not is_canonical(text)))


def _spellings(plan: _Plan, phone_number: str) -> tuple[str, ...]:
    begins = f"+{plan.country_code}"
    bases = _bases(plan, phone_number[len(begins) :])
    if len(bases) != 1:
        return (phone_number,)
    (base,) = bases
    # What leads to this subscriber alone needs no closer look.
    own = [form for form in _forms(plan, base) if _ends(plan, form) == bases or _bases(plan, form) == bases]
    others = {begins + form for form in own} - {phone_number}
    return (phone_number, *sorted(others, key=lambda text: (not is_canonical(text), len(text), text)))


def _bases(plan: _Plan, number: str) -> set[str]:
    """The subscribers that a national number may stand for, each by the number that the table takes for its own."""
    return {base for base in _ends(plan, number) if number in _forms(plan, base) and _is_alive(plan, base)}


def _is_alive(plan: _Plan, base: str) -> bool:
    """Whether one of the forms is a number of the plan, and this subscriber's."""
    return any(_is_in(plan, form) and _ends(plan, form) == {base} for form in _forms(plan, base))


@lru_cache(_AT_HAND)
def _ends(plan: _Plan, number: str) -> frozenset[str]:
    """Where a national number leads to when prefixes are taken off, and what is old is replaced, as often as it goes.

    A number that the plan has is taken for what it is, but for rows that join two numbers of the plan.
    """
    nexts = list(_nexts(plan, number))
    return frozenset(end for one in nexts for end in _ends(plan, one)) if nexts else frozenset((number,))


def _nexts(plan: _Plan, number: str) -> Iterator[str]:
    own = _is_in(plan, number)
    for row in plan.rows:
        if (row.both or not own) and (now := row.towards(number)) is not None:
            yield now
    if own:
        return
    yield from (number[len(prefix) :] for prefix in plan.trunk if number.startswith(prefix))
    if plan.country_code == ARGENTINA:
        yield from _without_15(number)


@lru_cache(_AT_HAND)
def _forms(plan: _Plan, base: str) -> tuple[str, ...]:
    """Every way to write a subscriber's number, as national numbers of no more digits than E.164 has room for."""
    forms = [base, *(other for row in plan.rows if (other := row.away(base)) is not None)]
    if plan.country_code == ARGENTINA:
        forms += [with_15 for form in forms if (with_15 := _with_15(form)) is not None]
    forms += [prefix + form for prefix in plan.trunk for form in forms]
    return tuple(form for form in forms if len(form) + len(plan.country_code) <= DIGITS_MAX)


def _is_in(plan: _Plan, number: str) -> bool:
    return is_canonical(f"+{plan.country_code}{number}")


def _with_15(number: str) -> str | None:
    """A mobile of Argentina as it is dialed in its country: 15 between area code and subscriber."""
    nine = "9" if len(number) == 11 and number[0] == "9" else ""
    area = _area_digits(number[len(nine) :])
    at = len(nine) + area
    return f"{number[:at]}15{number[at:]}" if area else None


def _without_15(number: str) -> Iterator[str]:
    nine = "9" if len(number) == 13 and number[0] == "9" else ""
    digits = number[len(nine) :]
    for area in (2, 3, 4):
        if len(digits) == 12 and digits[area : area + 2] == "15":
            without = digits[:area] + digits[area + 2 :]
            if _area_digits(without) == area:
                yield nine + without


@lru_cache(_AT_HAND)
def _area_digits(digits: str) -> int:
    """How long the area code of ten digits is in Argentina; 0 if there is no such mobile."""
    if len(digits) != 10:
        return 0
    number = phonenumbers.parse(f"+{ARGENTINA}9{digits}")
    # The library counts the 9 in, and says 0 of a number that is not in the plan.
    return max(phonenumbers.length_of_national_destination_code(number) - 1, 0)


def _plan_of(phone_number: str) -> _Plan | None:
    return next((plan for end in (2, 3, 4) if (plan := _plan(phone_number[1:end])) is not None), None)


@lru_cache(maxsize=2048)
def _plan(country_code: str) -> _Plan | None:
    if not country_code.isdigit() or int(country_code) not in COUNTRY_CODE_TO_REGION_CODE:
        return None
    regions = COUNTRY_CODE_TO_REGION_CODE[int(country_code)]
    found = [PhoneMetadata.metadata_for_region(region) for region in regions if region != _WORLDWIDE]
    tables = [table for table in found if table is not None]
    if not tables:
        return _Plan(country_code, frozenset(), (), ())
    general = [table.general_desc for table in tables if table.general_desc is not None]
    lengths = frozenset(length for one in general for length in one.possible_length)
    # The first is the one that the library reads prefixes by, for all countries that share the code.
    return _Plan(country_code, lengths, _trunk(tables[0]), BY_COUNTRY_CODE.get(country_code, ()))


def _trunk(table: PhoneMetadata) -> tuple[str, ...]:
    """The trunk prefix of a plan, and what its table takes for one besides, such as a former one, of up to two digits.

    What follows a prefix in the table selects a carrier, or belongs to the number; neither is a prefix by itself.
    """
    prefixes = {table.national_prefix} if table.national_prefix else set()
    pattern = re.compile(table.national_prefix_for_parsing or "x")
    for digits in (*map(str, range(10)), *(f"{two:02}" for two in range(100))):
        found = pattern.fullmatch(digits)
        if found is not None and not any(found.groups()):
            prefixes.add(digits)
    return tuple(sorted(prefixes))
