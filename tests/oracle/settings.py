"""Records of the histories at random: contacts, campaigns, callable time sets, rule sets, holds."""

import random
from datetime import datetime, timedelta

from tests.oracle.conditions import Json
from tests.oracle.drawn_conditions import CONDITIONS

NUMBERS = ["+12125550101", "+13105550101", "+18005550199", "+15550000000"]
"""New York, Los Angeles, toll-free (of many zones), and one that no plan knows."""

OTHER_SPELLING = "+112125550101"
"""Of the first: with the trunk prefix after the country code."""

ZONES = [
    "America/New_York", "America/Los_Angeles", "Australia/Lord_Howe", "Mars/Olympus", "US/Eastern", "America/Detroit",
]  # fmt: skip
ATTRIBUTES = {
    "age": ["17", "18", "42.0", "old"],
    "plan": ["gold", "none"],
    "paid": ["2026-11-20T00:00:00Z", "2027-03-12T00:00:00Z", "2027-11-06T00:00:00Z", "never"],
}
REGIONS = ["US-NY", "US-CA", "US", "PR", "US-PR", "CA-ON"]
CLOCK_TIMES = ["09:00", "17:45", "02:30", "01:30:00", "24:00"]

MARK: Json = {"type": "mark_number_uncallable"}
APPEND: Json = {"type": "append_to_dnc", "expires_after_days": 1}
OPTIONS: dict[str, list[object]] = {
    "on_returned": ["again", "again", "end"],
    "again_after_s": [60, 3600],
    "returns_max": [0, 1, 3],
    "on_missed": ["next_day", "next_day", "end"],
    "missed_max": [0, 1, 5],
    "min_gap_s": [300, 7200, 40_000],
    "one_call_at_a_time_s": [300, 7200, 40_000, 40_000],
    "not_attempt_codes": [["DONE"], []],
}


class Records:
    """Makes up records; `now` is the moment of the history."""

    chance: random.Random
    now: datetime
    favourites: list[str]
    is_easy: bool
    """Little is refused by the older checks, so that calls, and what follows them, are frequent."""

    def _maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _rarely(self, usual: int) -> int:
        """How often the plain case stands among others."""
        return usual * 10 if self.is_easy else usual

    def _number(self, among: int) -> str:
        """One of the first so many, now and then in its other spelling."""
        number = self.chance.choice(NUMBERS[:among])
        return OTHER_SPELLING if number == NUMBERS[0] and self._maybe(0.15) else number

    def _attributes(self) -> dict[str, str]:
        return {name: self.chance.choice(values) for name, values in ATTRIBUTES.items() if self._maybe(0.8)}

    def _contact(self, contact_id: str) -> Json:
        numbers = [
            {
                "column": column, "type": kind, "phone_number": self._number(2),
                "callable": self._maybe(0.95), "time_zone": self.chance.choice([*[None] * self._rarely(9), *ZONES]),
                **self._region(0.1),
            }
            for column, kind in (("mobile", "CELL"), ("work", "WORK")) if self._maybe(0.7)
        ]  # fmt: skip
        return {
            "contact_list_id": "L", "contact_id": contact_id, "callable": self._maybe(0.95),
            "time_zone": self.chance.choice([None, *["America/New_York"] * self._rarely(8), *ZONES]),
            "attributes": self._attributes(), "numbers": numbers, **self._region(0.15),
        }  # fmt: skip

    def _region(self, share: float) -> Json:
        if not self._maybe(share):
            return {}
        return {"region": "ZZ" if self._maybe(0.1) else self.chance.choice(REGIONS)}

    def _campaign(self, campaign_id: str) -> Json:
        limits = {
            "max_attempts_per_contact": self.chance.choice([None, 2, 5]),
            "max_attempts_per_number": self.chance.choice([None, 1, 3]),
            "reset_period": self.chance.choice(["never", "today", "days_2", "days_30"]),
            "time_zone": self.chance.choice(["America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu", "Nowhere"]),
        }
        return {
            "campaign_id": campaign_id,
            "dialing_mode": self.chance.choice(["preview", "power", "power"]),
            "status": self.chance.choice([*["on"] * self._rarely(3), "off"]),
            "contact_list_id": "L",
            "rule_set_ids": self.chance.choice([["R"]] * 8 + [["R", "S"], []]),
            "dnc_list_ids": self.chance.choice([[], ["D"], ["E", "D"]]),
            "callable_time_set_id": self.chance.choice([None, "T"] if self.is_easy or self._maybe(0.95) else ["gone"]),
            "attempt_limits": self.chance.choice([*[None] * self._rarely(2), limits]),
            "contact_filter": self.chance.choice([None] * self._rarely(5) + [[self._condition()]]),
            "wrap_up_mappings": {
                "ANGRY": self.chance.choice([*[[]] * self._rarely(1), ["contact_uncallable"], ["number_uncallable"]]),
                "DONE": self.chance.choice([[], [], ["right_party_contact"]]),
            },
            **{name: self._maybe(0.5) for name in ("suppress_contacts_with_callback", "reschedule_zone_blocked")},
            "screen_previews": self._maybe(0.3),
            **(self._options() if self.is_easy or self._maybe(0.5) else {}),
        }

    def _options(self) -> Json:
        """Settings of docs/rules.md, section 9, and what goes with them."""
        often = self.favourites if self.is_easy else []
        return {
            name: self.chance.choice(values)
            for name, values in OPTIONS.items()
            if self._maybe(0.9 if name in often else 0.3)
        }

    def _times(self) -> Json:
        times = [{"time_zone": zone, "slots": self._slots()} for zone in ZONES if self._maybe(0.85)]
        return {"callable_time_set_id": "T", "times": times, **(self._law() if self._maybe(0.35) else {})}

    def _law(self) -> Json:
        """Regions and exceptions, near the days of the history."""
        regions = [{"region": region, "slots": self._slots()} for region in REGIONS if self._maybe(0.3)]
        return {
            "regions": regions,
            "exceptions": [self._exception() for _ in range(self.chance.choice([0, 1, 3, 6]))],
            "regions_required": self._maybe(0.3),
        }

    def _exception(self) -> Json:
        day = self.now.date() + timedelta(days=self.chance.choice([-1, 0, 0, 1, 1, 2, 4]))
        spans = [("00:00", "24:00"), ("01:45", "03:00"), ("08:00", "17:00"), ("17:00", "09:00")]
        slots = [
            {"start": start, "stop": stop} for start, stop in self.chance.sample(spans, self.chance.choice([0, 1, 2]))
        ]
        return {
            "date": day.isoformat(),
            "region": self.chance.choice([None, None, *REGIONS]),
            "time_zone": self.chance.choice([None, None, None, *ZONES]),
            "slots": slots,
        }

    def _hold(self, hold_id: str) -> Json:
        campaign_id = self.chance.choice([None, "P", "Q", "Q", "X"])
        return {"hold_id": hold_id, "campaign_id": campaign_id, "reason": "stop"}

    def _slots(self) -> list[Json]:
        if self._maybe(0.7 if self.is_easy else 0.4):
            return [{"day": day, "start": "00:00", "stop": "24:00"} for day in range(1, 8)]
        days = [day for day in range(1, 8) if self._maybe(0.7)]
        spans = [("00:00", "02:30"), ("02:15", "03:00"), ("08:00", "12:00"), ("12:00", "24:00"), ("01:30", "01:45")]
        return [
            {"day": day, "start": start, "stop": stop}
            for day in days
            for start, stop in self.chance.sample(spans, self.chance.choice([1, 2, 3]))
        ]

    def _rule_set(self, name: str) -> Json:
        return {"rule_set_id": name, "rules": [self._rule(number) for number in range(self.chance.choice([2, 3]))]}

    def _rule(self, number: int) -> Json:
        category = self.chance.choice([*["wrap_up"] * (9 if self.is_easy else 3), "pre_call"])
        count = self.chance.choice([*[0] * (3 if self.is_easy else 1), 1, 2] if category == "wrap_up" else [1, 1, 2])
        return {
            "rule_id": f"rule-{number}", "order": self.chance.choice([1, 2]), "category": category,
            "conditions": [self._condition() for _ in range(count)], "actions": self._actions(category),
        }  # fmt: skip

    def _actions(self, category: str) -> list[Json]:
        shared = [
            {"type": "set_attribute", "attribute": "tries", "update": "increment"},
            {"type": "set_attribute", "attribute": "paid", "update": "current_time"},
            {"type": "set_attribute", "attribute": "plan", "update": "set", "value": "gold"},
        ]
        own: dict[str, list[Json]] = {
            "wrap_up": [
                *[self._ladder() for _ in range(3)], self._calls_off(),
                *([] if self.is_easy else [MARK, APPEND]),
                *[{"type": "schedule_callback", "offset_minutes": minutes} for minutes in (5, 60, 90, 400, 700, 900)],
            ],
            "pre_call": [{"type": "do_not_dial"}, {"type": "switch_to_preview"}],
        }  # fmt: skip
        return self.chance.sample([*shared, *own[category]], self.chance.choice([1, 2, 3]))

    def _ladder(self) -> Json:
        minutes = self.chance.choices([5, 5, 60, 90, 400, 900], k=self.chance.choice([1, 2, 3]))
        action: Json = {"type": "schedule_callback", "if_outstanding": self.chance.choice(["add", "keep", "replace"])}
        action |= {"offsets_minutes": minutes} if self._maybe(0.8) else {"offset_minutes": minutes[0]}
        return action | ({"at_local_time": self.chance.choice(CLOCK_TIMES)} if self._maybe(0.3) else {})

    def _calls_off(self) -> Json:
        origins = self.chance.choice([["agent"], ["rule"], ["agent", "rule"], []])
        return {"type": "cancel_callbacks", "scope": self.chance.choice(["campaign", "contact"]), "origins": origins}

    def _condition(self) -> Json:
        return {**self.chance.choice(CONDITIONS), "inverted": self._maybe(0.3)}
