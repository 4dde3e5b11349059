"""The page *Now*: whether callbacks go out on time and why not, what is outstanding, and the day ahead."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from streams.console.view.model import Filter, Now, Quarter, Standing, Told
from streams.console.web import filters
from streams.console.web.asking import Asking
from streams.console.web.open_zones import open_zones
from topics.names import TopicName

QUARTER = timedelta(minutes=15)
QUARTERS = 96
LATE = timedelta(minutes=1)
"""A callback that is overdue by less is about to be written."""


LATE_BY = Filter(overdue=True, standings=(Standing.SCHEDULED, Standing.DUE, Standing.WAITING))
"""What should have gone out by now and has not. What an agent or the dialer has is overdue, too, but has gone out."""


class Overdue(Struct, frozen=True):
    """How many should have gone out, and since when the first of them."""

    count: int
    oldest_at: datetime | None = None


class Verdict(Struct, frozen=True):
    """Whether callbacks go out on time. word: of the style; text: one sentence; why: what is known to hold them up."""

    word: str
    text: str
    why: tuple[str, ...] = ()


class Slot(Struct, frozen=True):
    """A quarter of an hour of the day ahead. capacity: how many the rates permit in it, None if there is no rate."""

    begins_at: datetime
    due: int
    capacity: int | None
    zones: tuple[str, ...]

    @property
    def ends_at(self) -> datetime:
        """When the next one begins."""
        return self.begins_at + QUARTER


def now_page(ask: Asking) -> Response:
    """The start page."""
    return ask.page("now.html", **_standing(ask), **_ahead(ask))


def now_part(ask: Asking) -> Response:
    """Only what changes, as the stream of events sends it."""
    return ask.page("now_live.html", **_standing(ask))


def _standing(ask: Asking) -> dict[str, Any]:
    """How things stand: what both templates show."""
    looks = ask.site.looks
    standing = looks.now(ask.now)
    oldest = looks.find(LATE_BY, ask.now, limit=1, count_max=None).rows
    overdue = Overdue(looks.count(LATE_BY, ask.now) if oldest else 0, oldest[0].due_at if oldest else None)
    return {
        "standing": standing,
        "overdue": overdue,
        "overdue_address": filters.address(LATE_BY),
        "verdict": verdict(standing, overdue, looks.configuration(), ask.now),
        "states": _by(standing, 0),
        "campaigns": _by(standing, 1),
        "origins": _by(standing, 2),
    }


def _ahead(ask: Asking) -> dict[str, Any]:
    """The day ahead."""
    looks, campaign = ask.site.looks, ask.asked("campaign") or None
    quarters = looks.day_ahead(quarter_of(ask.now), QUARTERS, campaign)
    return {
        "slots": slots(quarters, looks.configuration(), campaign),
        "campaign": campaign,
        "names": looks.campaigns(),
        "line": "ringback callbacks list --outstanding",
    }


def quarter_of(at: datetime) -> datetime:
    """The beginning of the quarter of an hour in which an instant is."""
    return at.astimezone(UTC).replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def verdict(standing: Now, overdue: Overdue, told: tuple[Told, ...], now: datetime) -> Verdict:
    """Whether callbacks go out on time, in a sentence, and what holds up those that do not."""
    why = tuple(_held_up(standing, told))
    oldest = overdue.oldest_at
    if not overdue.count:
        return Verdict("good", f"On time: none of {standing.outstanding:,} outstanding callbacks is overdue.", why)
    late = now - oldest if oldest else timedelta()
    since = int(late.total_seconds() // 60)
    if late <= LATE:
        return Verdict("good", f"On time: {_callbacks(overdue.count)} due within the last minute.", why)
    by = f"by {since:,} min" if overdue.count == 1 else f"the oldest by {since:,} min"
    return Verdict("bad", f"Late: {_callbacks(overdue.count)} overdue, {by}.", why)


def _callbacks(count: int) -> str:
    return "1 callback is" if count == 1 else f"{count:,} callbacks are"


def _held_up(standing: Now, told: tuple[Told, ...]) -> list[str]:
    """What holds up callbacks, as far as the topics say so: holds, and campaigns that are off."""
    with_callbacks = {campaign for _, campaign, _, count in standing.by if count}
    latest = latest_by_key(told)
    said = []
    for record in latest.get(TopicName.HOLDS, {}).values():
        campaign = record.get("campaign_id")
        said.append(f"A hold stops {f'campaign {campaign}' if campaign else 'all campaigns'}: {record.get('reason')}.")
    for name, record in latest.get(TopicName.CAMPAIGNS, {}).items():
        if name in with_callbacks and record.get("status") != "on":
            said.append(f"Campaign {name} is {record.get('status', 'unreadable')}.")
    missing = with_callbacks - set(latest.get(TopicName.CAMPAIGNS, {}))
    return [*said, *(f"Campaign {name} has no record." for name in sorted(missing))]


KEY_FIELDS = {
    TopicName.CAMPAIGNS: "campaign_id",
    TopicName.RULE_SETS: "rule_set_id",
    TopicName.CALLABLE_TIME_SETS: "callable_time_set_id",
    TopicName.HOLDS: "hold_id",
}


def latest_by_key(told: tuple[Told, ...]) -> dict[TopicName, dict[str, Mapping[str, Any]]]:
    """The latest value of each key, by topic; those that were removed are left out."""
    latest: dict[TopicName, dict[str, Mapping[str, Any]]] = {}
    for one in told:
        field = KEY_FIELDS.get(one.topic)
        if field and one.value is not None and isinstance(one.value.get(field), str):
            latest.setdefault(one.topic, {})[one.value[field]] = one.value
    return latest


def _by(standing: Now, place: int) -> list[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for row in standing.by:
        totals[str(row[place])] += row[3]
    return totals.most_common(25)


def slots(quarters: tuple[Quarter, ...], told: tuple[Told, ...], campaign: str | None) -> tuple[Slot, ...]:
    """The day ahead: what is due, what the rates permit, and which time zones may be called."""
    latest = latest_by_key(told)
    campaigns = latest.get(TopicName.CAMPAIGNS, {})
    meant = {name: record for name, record in campaigns.items() if campaign in (None, name)}
    sets = latest.get(TopicName.CALLABLE_TIME_SETS, {})
    used = [sets[name] for name in {str(one.get("callable_time_set_id")) for one in meant.values()} if name in sets]
    zones = open_zones(used, quarters[0].begins_at, len(quarters)) if quarters else ()
    capacity = _capacity({name for one in quarters for name, due in one.by_campaign.items() if due}, meant)
    return tuple(Slot(one.begins_at, one.due, capacity, names) for one, names in zip(quarters, zones, strict=True))


def _capacity(due: set[str], campaigns: Mapping[str, Mapping[str, Any]]) -> int | None:
    """How many commands the rates permit in a quarter of an hour; None if a campaign that has callbacks has no rate.

    A campaign that is off writes none.
    """
    rates = [one.get("dial_rate_per_s") for name, one in campaigns.items() if name in due and one.get("status") == "on"]
    if not rates or not all(isinstance(rate, int | float) for rate in rates):
        return None
    return int(sum(float(rate or 0) for rate in rates) * QUARTER.total_seconds())
