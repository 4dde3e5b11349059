"""Which callbacks a campaign's rate governs, and how far apart it puts their commands.

Source: docs/rules.md, section 9; docs/decisions/0047-holds-and-paces.md.
"""

from datetime import timedelta

from topics.configuration import Campaign, Paced


def gap_of(campaign: Campaign, partitions: int) -> timedelta:
    """How far apart one of so many partitions puts the commands that the rate governs; nothing without a rate."""
    rate = campaign.dial_rate_per_s
    return timedelta(seconds=partitions / rate) if rate else timedelta()


def is_paced_when_due(campaign: Campaign) -> bool:
    """Whether the rate governs any of the callbacks that fall due."""
    return campaign.dial_rate_per_s is not None and (Paced.DUE in campaign.paced or Paced.MOVED in campaign.paced)


def governs_due(campaign: Campaign, *, moved: bool) -> bool:
    """Whether the rate governs a callback when it falls due. moved: the system moved it to where it is due."""
    return Paced.DUE in campaign.paced or (moved and Paced.MOVED in campaign.paced)


def governs_release(campaign: Campaign, *, moved: bool) -> bool:
    """The same for one that has waited. What the rate governs when it falls due, it governs after a wait, too."""
    return Paced.RELEASED in campaign.paced or governs_due(campaign, moved=moved)
