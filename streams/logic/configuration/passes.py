"""The passes of a campaign over its contacts, and who has been called in the present one.

Source: docs/rules.md, section 4.
"""

from datetime import datetime

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.state import Contact


def pass_started_at(configuration: Configuration, campaign_id: str) -> datetime | None:
    """When the present pass began; None for the first one, which began with the campaign."""
    recycle = configuration.recycles.latest(campaign_id)
    return None if recycle is None else recycle.occurred_at


def called_this_pass(contact: Contact, campaign_id: str, started_at: datetime | None) -> bool:
    """Whether the campaign has called the contact in the pass that began at `started_at` (None: the first one).

    An attempt at the very instant of the recycle belongs to the new pass. Callbacks, outstanding or not, play no part.
    """
    last = contact.last_attempts.get(campaign_id)
    return last is not None and (started_at is None or last >= started_at)
