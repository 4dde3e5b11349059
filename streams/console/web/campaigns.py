"""The page *Campaigns*: what each is set up with, read back in words; what is missing or unreadable stands out."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response

from streams.console.view.model import Filter, Told
from streams.console.web import filters, rule_words
from streams.console.web.asking import Asking
from streams.console.web.not_there import NotThere
from topics.codec import BadEvent, decode
from topics.configuration import CallableTimeSet, Campaign, CampaignStatus
from topics.names import TopicName
from topics.rules import RuleSet

SHOWN = (TopicName.CAMPAIGNS, TopicName.RULE_SETS, TopicName.CALLABLE_TIME_SETS)


class Read(Struct, frozen=True):
    """A record of configuration. value: None if it is not there or cannot be read; wrong: why, else empty."""

    value: Any
    wrong: str = ""
    told: Told | None = None


class Part(Struct, frozen=True):
    """A rule set or callable time set that a campaign names: its id, its lines in words, and what is wrong with it."""

    name: str
    lines: tuple[tuple[str, str], ...]
    wrong: str = ""
    told: Told | None = None


class Shown(Struct, frozen=True):
    """A campaign in words. settings: label and text. wrong: what is missing or unreadable."""

    name: str
    title: str
    is_on: bool
    settings: tuple[tuple[str, str], ...]
    filter: tuple[str, ...]
    rule_sets: tuple[Part, ...]
    hours: Part | None
    holds: tuple[str, ...]
    wrong: tuple[str, ...]
    told: Told | None


def campaigns_page(ask: Asking) -> Response:
    """All campaigns, those with something wrong first."""
    read = records(ask.site.looks.configuration())
    names = sorted({*ask.site.looks.campaigns(), *read[TopicName.CAMPAIGNS]})
    shown = sorted((shown_campaign(name, read) for name in names), key=lambda one: (not one.wrong, one.name))
    outstanding = ask.site.looks.counts(Filter(outstanding=True), ask.now)
    return ask.page(
        "campaigns.html",
        campaigns=shown,
        outstanding=outstanding,
        line=f"ringback export --masked --from {filters.utc(ask.now)}",
    )


def campaign_page(ask: Asking) -> Response:
    """One campaign."""
    name = ask.asked("id")
    read = records(ask.site.looks.configuration())
    if name not in read[TopicName.CAMPAIGNS] and name not in ask.site.looks.campaigns():
        raise NotThere("There is no such campaign.")
    by = Filter(campaign_id=name, outstanding=True)
    return ask.page(
        "campaign.html",
        campaign=shown_campaign(name, read),
        outstanding=ask.site.looks.count(by, ask.now),
        list_address=filters.address(by),
        line=filters.command("ringback callbacks list", by),
    )


def records(told: tuple[Told, ...]) -> dict[str, dict[str, Read]]:
    """The latest record of each key, by topic, read as a worker reads it; those that were removed are left out."""
    found: dict[str, dict[str, Read]] = {name: {} for name in (*SHOWN, TopicName.HOLDS)}
    for one in told:
        if one.topic in found and one.value is not None:
            found[one.topic][_name(one)] = _read(one)
    return found


def _name(told: Told) -> str:
    field = {
        TopicName.CAMPAIGNS: "campaign_id",
        TopicName.RULE_SETS: "rule_set_id",
        TopicName.CALLABLE_TIME_SETS: "callable_time_set_id",
        TopicName.HOLDS: "hold_id",
    }[told.topic]
    value: Mapping[str, Any] = told.value or {}
    return str(value.get(field, f"(offset {told.offset})"))


def _read(told: Told) -> Read:
    try:
        return Read(decode(told.topic, msgspec.json.encode(told.value)), told=told)
    except BadEvent as error:
        return Read(None, f"cannot be read: {error.message} (at {error.path})", told)


def shown_campaign(name: str, read: Mapping[str, Mapping[str, Read]]) -> Shown:
    """A campaign with all that it names."""
    own = read[TopicName.CAMPAIGNS].get(name, Read(None, "has no record"))
    holds = tuple(_holds(name, read[TopicName.HOLDS]))
    if own.value is None:
        wrong = f"The campaign {own.wrong}. Nothing is dialed for it."
        return Shown(name, name, False, (), (), (), None, holds, (wrong,), own.told)
    campaign: Campaign = own.value
    rule_sets = tuple(_rule_set(one, read[TopicName.RULE_SETS]) for one in campaign.rule_set_ids)
    hours = _hours(campaign.callable_time_set_id, read[TopicName.CALLABLE_TIME_SETS])
    parts = [("Rule set", one) for one in rule_sets] + [("Callable time set", hours)] * (hours is not None)
    bad = [f"{kind} {one.name} {one.wrong}." for kind, one in parts if one is not None and one.wrong]
    return Shown(
        name=name,
        title=campaign.name or name,
        is_on=campaign.status == CampaignStatus.ON,
        settings=tuple(settings(campaign)),
        filter=tuple(rule_words.condition(one) for one in campaign.contact_filter or ()),
        rule_sets=rule_sets,
        hours=hours,
        holds=holds,
        wrong=tuple(bad),
        told=own.told,
    )


def settings(campaign: Campaign) -> list[tuple[str, str]]:
    """What is set, in words; what is off or as it comes is left out."""
    limits = campaign.attempt_limits
    said = [
        ("Dialing mode", campaign.dialing_mode),
        ("Status", campaign.status),
        ("Contact list", campaign.contact_list_id),
        ("Queue", campaign.queue_id),
        ("Do Not Call lists", ", ".join(campaign.dnc_list_ids)),
        ("Rate", f"{campaign.dial_rate_per_s:g} commands a second" if campaign.dial_rate_per_s else None),
    ]
    if limits is not None:
        most = (("contact", limits.max_attempts_per_contact), ("number", limits.max_attempts_per_number))
        each = ", ".join(f"{count} for each {whose}" for whose, count in most if count is not None)
        said.append(("Attempts at most", f"{each} ({limits.reset_period.replace('_', ' ')}, {limits.time_zone})"))
    known = {name for name in ("attempt_limits", "contact_filter", "rule_set_ids", "callable_time_set_id")}
    known |= {"campaign_id", "name", "dialing_mode", "status", "contact_list_id", "queue_id", "dnc_list_ids"}
    rest = {name: value for name, value in _set(campaign).items() if name not in known | {"dial_rate_per_s"}}
    return [(label, str(text)) for label, text in said if text] + [_other(*one) for one in rest.items()]


def _set(campaign: Campaign) -> dict[str, Any]:
    """The fields that are not as they come."""
    fields = msgspec.structs.fields(Campaign)
    return {one.name: value for one in fields if (value := getattr(campaign, one.name)) != one.default}


def _other(name: str, value: Any) -> tuple[str, str]:
    if name.endswith("_s"):
        return name.removesuffix("_s").replace("_", " ").capitalize(), f"{value} s"
    return name.replace("_", " ").capitalize(), _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value).replace("_", " ")


def _rule_set(name: str, read: Mapping[str, Read]) -> Part:
    found = read.get(name, Read(None, "has no record"))
    rules: RuleSet | None = found.value
    ordered = sorted(rules.rules, key=lambda one: one.order) if rules else ()
    return Part(name, tuple((one.rule_id, rule_words.rule(one)) for one in ordered), found.wrong, found.told)


def _hours(name: str | None, read: Mapping[str, Read]) -> Part | None:
    if name is None:
        return None
    found = read.get(name, Read(None, "has no record"))
    times: CallableTimeSet | None = found.value
    return Part(name, tuple(rule_words.hours(times)) if times else (), found.wrong, found.told)


def _holds(name: str, read: Mapping[str, Read]) -> list[str]:
    said = []
    for hold, one in read.items():
        value = one.told.value if one.told and one.told.value else {}
        if value.get("campaign_id") in (None, "", name):
            said.append(f"Hold {hold}: {value.get('reason', 'no reason')} ({value.get('actor') or 'nobody named'})")
    return said
