"""Attempts: how often a contact and its numbers were dialed, and the limits on that.

An attempt is counted in the quarter of an hour that it fell into, which is exact for every local day: the midnights of
all zones lie on quarters.
Source: docs/rules.md, section 3 and section 8 rows 4 and 23; docs/decisions/0014-attempts-by-quarter-of-an-hour.md.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from streams.logic.contact.limits import ATTEMPTS_KEPT, QUARTER_S
from streams.logic.contact.state import Contact
from streams.logic.hours.numbers import spellings
from streams.logic.hours.zones import zone_info
from topics.check_facts import AttemptFacts, CountFacts
from topics.configuration import AttemptLimits
from topics.records import Reason


def with_attempt(contact: Contact, at: datetime, campaign_id: str, phone_number: str, now: datetime) -> Contact:
    """The contact after one more attempt; quarters that no limit can ask for any more are forgotten, this one too."""
    by_number, last, last_by_number = contact.attempts_by_number, contact.last_attempts, contact.last_attempts_by_number
    return replace(
        contact,
        attempts=_kept(_with_one_more(contact.attempts, phone_number, _quarter(at)), now),
        attempts_total=contact.attempts_total + 1,
        attempts_by_number={**by_number, phone_number: by_number.get(phone_number, 0) + 1},
        last_attempts={**last, campaign_id: max(last.get(campaign_id, at), at)},
        last_attempts_by_number={**last_by_number, phone_number: max(last_by_number.get(phone_number, at), at)},
    )


def check_limits(
    limits: AttemptLimits, contact: Contact, phone_number: str, now: datetime
) -> tuple[tuple[Reason, ...], AttemptFacts]:
    """The limits that have been reached, and what was counted."""
    zone = zone_info(limits.time_zone)
    if zone is None:
        facts = AttemptFacts(reset_period=limits.reset_period, time_zone=limits.time_zone)
        return (Reason.TIME_ZONE_UNKNOWN,), facts
    since = None if limits.days is None else _quarter(_first_midnight(now, zone, limits.days))
    reasons = []
    of_contact = of_number = None
    if (limit := limits.max_attempts_per_contact) is not None:
        of_contact = CountFacts(count=_of_contact(contact, since), limit=limit)
        if of_contact.count >= limit:
            reasons.append(Reason.CONTACT_ATTEMPT_LIMIT)
    if (limit := limits.max_attempts_per_number) is not None:
        of_number = CountFacts(count=_of_number(contact, phone_number, since), limit=limit)
        if of_number.count >= limit:
            reasons.append(Reason.NUMBER_ATTEMPT_LIMIT)
    return tuple(reasons), AttemptFacts(
        reset_period=limits.reset_period, time_zone=limits.time_zone, contact=of_contact, number=of_number
    )


def _first_midnight(now: datetime, zone: ZoneInfo, days: int) -> datetime:
    """The beginning of the earliest local date that counts, today being the last of `days`."""
    first = now.astimezone(zone).date() - timedelta(days=days - 1)
    # Where midnight is skipped, this is the instant of the change.
    return datetime.combine(first, time(), zone).astimezone(UTC)


def _of_contact(contact: Contact, since: int | None) -> int:
    if since is None:
        return contact.attempts_total
    return sum(_counted(quarters, since) for quarters in contact.attempts.values())


def _of_number(contact: Contact, phone_number: str, since: int | None) -> int:
    same = spellings(phone_number)
    if since is None:
        return sum([count for number, count in contact.attempts_by_number.items() if number in same])
    return sum([_counted(quarters, since) for number, quarters in contact.attempts.items() if number in same])


def _counted(quarters: Mapping[int, int], since: int) -> int:
    return sum(count for quarter, count in quarters.items() if quarter >= since)


def _quarter(at: datetime) -> int:
    return int(at.timestamp() // QUARTER_S)


def _kept(attempts: dict[str, dict[int, int]], now: datetime) -> dict[str, dict[int, int]]:
    oldest = _quarter(now - ATTEMPTS_KEPT)
    if min([min(quarters, default=oldest - 1) for quarters in attempts.values()], default=oldest) >= oldest:
        return attempts  # Nearly always.
    kept = {
        number: {quarter: count for quarter, count in quarters.items() if quarter >= oldest}
        for number, quarters in attempts.items()
    }
    return {number: quarters for number, quarters in kept.items() if quarters}


def _with_one_more(attempts: dict[str, dict[int, int]], phone_number: str, quarter: int) -> dict[str, dict[int, int]]:
    quarters = attempts.get(phone_number, {})
    return {**attempts, phone_number: {**quarters, quarter: quarters.get(quarter, 0) + 1}}
