"""A filter as conditions of SQL, each with what it costs to begin from it. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from streams.console.view.model import OUTSTANDING, Filter, Standing
from streams.console.view.record import US_MIN, us
from streams.console.view.schema import CODE_OF, MASK_OF, NO_DUE, STANDINGS
from topics.records import Reason

_WORDS = re.compile(r'"([^"]*)"|(\S+)')
_AFTER_ALL = "\U0010ffff"
"""Follows every beginning in the order of texts."""
WORDS_MAX = 16
_CAMPAIGNS = "SELECT campaign_id FROM tally WHERE campaign_id >= ? COLLATE NOCASE AND campaign_id < ? COLLATE NOCASE"
_OF_CAMPAIGNS = f"SELECT id FROM callback WHERE campaign_id IN ({_CAMPAIGNS}) AND standing IS NOT NULL"  # noqa: S608


@dataclass(frozen=True)
class Condition:
    """Part of a WHERE clause. selects: the ids that meet it, by an index of their own; None where there is none.

    bits: of the reasons, one of which a callback has that meets it; beside: the ids that meet it without one.
    drive: the same condition, so that an index is used in which what meets it lies in due order; by_standing: that
    index begins with the standing.
    """

    sql: str
    parameters: tuple[object, ...] = ()
    selects: str | None = None
    select_parameters: tuple[object, ...] = ()
    bits: tuple[int, ...] = ()
    beside: str | None = None
    beside_parameters: tuple[object, ...] = ()
    drive: str | None = None
    drive_parameters: tuple[object, ...] = ()
    by_standing: bool = False


@dataclass(frozen=True)
class Meant:
    """What a filter means. codes: of the standings.

    is_plain: campaign, standings and origins are all that it asks for, so that what is counted says how many there are.
    """

    codes: tuple[int, ...]
    conditions: tuple[Condition, ...] = ()
    campaign_id: str | None = None
    list_id: str | None = None
    is_plain: bool = False
    origins: tuple[str, ...] = ()


def words(text: str) -> tuple[str, ...]:
    """The words of the box. What stands in quotes is one word, since ids may have blanks."""
    found = (quoted or plain for quoted, plain in _WORDS.findall(text))
    return tuple(word for word in found if word)[:WORDS_MAX]


def meant(by: Filter, now: datetime) -> Meant:
    """What a filter asks for at this instant."""
    codes = _codes(by)
    conditions = [*_equalities(by), *_window(by, now, codes), *map(_word, words(by.text))]
    if by.reasons:
        conditions.append(_reasons(by.reasons))
    is_plain = not conditions and by.contact_list_id is None
    origins = tuple(str(origin) for origin in by.origins)
    if origins:
        conditions.append(Condition(f"origin IN ({_marks(origins)})", origins))
    return Meant(codes, tuple(conditions), by.campaign_id, by.contact_list_id, is_plain, origins)


def _codes(by: Filter) -> tuple[int, ...]:
    standings: Iterable[Standing] = by.standings or STANDINGS
    if by.outstanding or by.overdue:
        standings = [standing for standing in standings if standing in OUTSTANDING]
    return tuple(sorted({CODE_OF[standing] for standing in standings}))


def _equalities(by: Filter) -> Iterable[Condition]:
    if by.contact_id is not None:
        select = "SELECT id FROM callback WHERE contact_id = ? COLLATE NOCASE AND +contact_id = ?"
        yield Condition("+contact_id = ?", (by.contact_id,), select, (by.contact_id, by.contact_id))
    for column, value in (("agent_id", by.agent_id), ("queue_id", by.queue_id)):
        if value is not None:
            where = f"{column} = ? COLLATE NOCASE AND +{column} = ?"
            select = f"SELECT id FROM callback WHERE {where}"  # noqa: S608
            yield Condition(
                f"+{column} = ?", (value,), select, (value, value), drive=where, drive_parameters=(value, value)
            )


def _window(by: Filter, now: datetime, codes: tuple[int, ...]) -> Iterable[Condition]:
    """When it is due: one window, of all that is said of it."""
    ends = [us(at) for at in (by.due_until, now if by.overdue else None) if at is not None]
    if by.due_from is None and not ends:
        return
    window = (US_MIN if by.due_from is None else us(by.due_from), min(ends, default=NO_DUE))
    select = f"SELECT id FROM callback WHERE standing IN ({_marks(codes)}) AND due_at >= ? AND due_at < ?"  # noqa: S608
    sql = "due_at >= ? AND due_at < ?"
    yield Condition(sql, window, select, (*codes, *window), drive=sql, drive_parameters=window, by_standing=True)


def _reasons(reasons: Iterable[str]) -> Condition:
    """One of them. A word that is no reason of this version is looked for as it stands."""
    known = [reason for reason in reasons if reason in MASK_OF]
    mask = sum({MASK_OF[reason] for reason in known})
    bits = [MASK_OF[reason].bit_length() - 1 for reason in known]
    strangers = [reason for reason in reasons if reason not in MASK_OF]
    if strangers:
        likes = " OR ".join("instr(' ' || reasons || ' ', ?)" for _ in strangers)
        return Condition(f"(mask & ? OR {likes})", (mask, *(f" {reason} " for reason in strangers)))
    select = f"SELECT callback FROM why WHERE reason IN ({_marks(bits)})"  # noqa: S608
    return Condition("mask & ?", (mask,), select, tuple(bits), tuple(bits))


def _word(word: str) -> Condition:
    """A word of the box: the beginning of an id, the last four digits of a number, or the beginning of a reason."""
    begin, end = word, word + _AFTER_ALL
    parts = [
        Condition(
            f"(+{column} >= ? COLLATE NOCASE AND +{column} < ? COLLATE NOCASE)",
            (begin, end),
            f"SELECT id FROM callback WHERE {column} >= ? COLLATE NOCASE AND {column} < ? COLLATE NOCASE",  # noqa: S608
            (begin, end),
        )
        for column in ("callback_id", "contact_id", "agent_id", "queue_id")
    ]
    parts.append(Condition(f"+campaign_id IN ({_CAMPAIGNS})", (begin, end), _OF_CAMPAIGNS, (begin, end)))
    if len(word) == 4 and word.isascii() and word.isdigit():
        select = "SELECT id FROM callback WHERE last_four = ? AND last_four != ''"
        parts.append(Condition("+last_four = ?", (word,), select, (word,)))
    beside = _either(parts)
    reasons = [str(reason) for reason in Reason if reason.startswith(word.lower())]
    if not reasons:
        return beside
    both = _either([*parts, _reasons(reasons)])
    return replace(both, bits=_reasons(reasons).bits, beside=beside.selects, beside_parameters=beside.select_parameters)


def _either(parts: Sequence[Condition]) -> Condition:
    """One of these."""
    return Condition(
        f"({' OR '.join(part.sql for part in parts)})",
        tuple(chain.from_iterable(part.parameters for part in parts)),
        " UNION ALL ".join(part.selects or "" for part in parts),
        tuple(chain.from_iterable(part.select_parameters for part in parts)),
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
