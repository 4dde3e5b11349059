"""Campaigns: made of the campaign, its contact list, the limits of that, and what wrap-up codes mean.

A part that Ringback has nothing for refuses the whole campaign: without it, more would be permitted.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from streams.adapters.genesys import shapes
from streams.adapters.reading import out
from streams.adapters.seam import Out
from topics.codec import BadEvent, ErrorCode
from topics.configuration import AttemptLimits, Campaign, CampaignStatus, DialingMode, WrapUpFlag
from topics.names import TopicName

_STATUS = {
    "on": CampaignStatus.ON,
    "stopping": CampaignStatus.STOPPING,
    "forced_stopping": CampaignStatus.STOPPING,
    "complete": CampaignStatus.COMPLETE,
    "forced_off": CampaignStatus.FORCED_OFF,
}
"""Any other, and none, is off."""

_FLAGS = {
    "contact_uncallable": WrapUpFlag.CONTACT_UNCALLABLE,
    "number_uncallable": WrapUpFlag.NUMBER_UNCALLABLE,
    "right_party_contact": WrapUpFlag.RIGHT_PARTY_CONTACT,
}
T = TypeVar("T")
Find = Callable[[str, str], T | None]


class Parts(NamedTuple):
    """What a campaign is made of beside itself; None where it names none."""

    limits: shapes.AttemptLimits | None
    mapping: shapes.WrapUpMapping | None


def composed(campaign: shapes.Campaign, parts: Parts) -> Out:
    """The record of a campaign. Raises BadEvent."""
    if campaign.contact_list_filters:
        what = "Filters of contact lists have no counterpart: give the campaign a pre-call rule instead"
        raise BadEvent(ErrorCode.UNSUPPORTED, "$.contactListFilters", what)
    record = Campaign(
        campaign_id=campaign.id,
        name=campaign.name,
        dialing_mode=_mode(campaign.dialing_mode),
        status=_STATUS.get((campaign.campaign_status or "").lower(), CampaignStatus.OFF),
        contact_list_id=_id(campaign.contact_list) or "",
        queue_id=_id(campaign.queue),
        rule_set_ids=_ids(campaign.rule_sets, "$.ruleSets"),
        dnc_list_ids=_ids(campaign.dnc_lists, "$.dncLists"),
        callable_time_set_id=_id(campaign.callable_time_set),
        attempt_limits=_limits(parts.limits),
        wrap_up_mappings=_mappings(parts.mapping),
    )
    return out(TopicName.CAMPAIGNS, record)


def _mode(word: str | None) -> DialingMode:
    try:
        return DialingMode((word or "").lower())
    except ValueError:
        raise BadEvent(ErrorCode.INVALID, "$.dialingMode", "Not one of the allowed words") from None


def _id(named: shapes.Named | None) -> str | None:
    return named.id if named else None


def _ids(named: tuple[shapes.Named, ...] | None, at: str) -> tuple[str, ...]:
    """A reference without an id is a check that nobody knows."""
    if any(not one.id for one in named or ()):
        raise BadEvent(ErrorCode.INVALID, f"{at}[...].id", "Object missing required field `id`")
    return tuple(one.id for one in named or () if one.id)


def _limits(limits: shapes.AttemptLimits | None) -> AttemptLimits | None:
    if limits is None or (limits.max_attempts_per_contact is None and limits.max_attempts_per_number is None):
        return None
    return AttemptLimits(
        max_attempts_per_contact=limits.max_attempts_per_contact,
        max_attempts_per_number=limits.max_attempts_per_number,
        reset_period=(limits.reset_period or "").lower(),
        time_zone=limits.time_zone_id or "",
    )


def _mappings(mapping: shapes.WrapUpMapping | None) -> dict[str, tuple[WrapUpFlag, ...]] | None:
    if mapping is None:
        return None
    if set(_flags(mapping.default_set or (), "$.defaultSet")) - {WrapUpFlag.RIGHT_PARTY_CONTACT}:
        what = "Codes that are not mapped mean nothing to Ringback: map those that make uncallable"
        raise BadEvent(ErrorCode.UNSUPPORTED, "$.defaultSet", what)
    found = {code: _flags(flags, "$.mapping") for code, flags in (mapping.mapping or {}).items()}
    return found or None


def _flags(words: tuple[str, ...], at: str) -> tuple[WrapUpFlag, ...]:
    found = tuple(_FLAGS.get(word.lower()) for word in words)
    if None in found:
        raise BadEvent(ErrorCode.UNSUPPORTED, at, "A flag that is not known")
    return tuple(one for one in found if one is not None)
