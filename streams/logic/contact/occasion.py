"""What the conditions of a rule may ask about: a contact, the number at hand, the moment, and perhaps a wrap-up.

Source: docs/rules.md, section 5.
"""

from datetime import datetime

from msgspec import Struct, field

from streams.logic.contact.bounds import RULE_WORK_MAX
from streams.logic.contact.state import Contact
from topics.events import WrapUp


class TooMuchWork(Exception):
    """The rules need more work for one event than it may take."""


class Work(Struct, gc=False):
    """What is left of the rule work that one event may take, in points of `RULE_WORK_MAX`."""

    left: int = RULE_WORK_MAX

    def spend(self, points: int) -> None:
        """Pay for what is about to be done. Raises TooMuchWork, from then on each time."""
        self.left -= points
        if self.left < 0:
            raise TooMuchWork


class Occasion(Struct, frozen=True, gc=False):
    """An occasion to look at rules.

    contact: as it stands; for a wrap-up, with its attempt counted and its attributes merged. at: the moment that
    "now" stands for: `occurred_at` of the wrap-up, or the moment of the check. wrap_up: None before a call.
    """

    contact: Contact
    phone_number: str
    at: datetime
    wrap_up: WrapUp | None = None
    work: Work = field(default_factory=Work)
