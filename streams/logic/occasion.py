"""What the conditions of a rule may ask about: a contact, the number at hand, the moment, and perhaps a wrap-up.

Source: docs/rules.md, section 5.
"""

from dataclasses import dataclass
from datetime import datetime

from streams.logic.state import Contact
from topics.events import WrapUp


@dataclass(frozen=True, slots=True)
class Occasion:
    """An occasion to look at rules.

    contact: as it stands; for a wrap-up, with its attempt counted and its attributes merged. at: the moment that
    "now" stands for: `occurred_at` of the wrap-up, or the moment of the check. wrap_up: None before a call.
    """

    contact: Contact
    phone_number: str
    at: datetime
    wrap_up: WrapUp | None = None
