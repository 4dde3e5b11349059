"""Who plays in the demo: campaigns, their rules, and the parts that a thousand contacts play.

A part says what happens to its contacts; what must become of their callbacks follows in
`streams.dev.demo.expected_ends`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from topics.configuration import (
    AttemptLimits,
    CallableTime,
    CallableTimeSet,
    Campaign,
    CampaignStatus,
    DialingMode,
    DncEntry,
    Slot,
)
from topics.events import CallAnalysis, ContactNumber, ContactRecord
from topics.rules import CallAnalysisCondition, Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

CONTACTS = 1000
LIST = "members"
BUSY_MINUTES = 20
NO_ANSWER_MINUTES = 45
SPOKE = "SPOKE-WITH-MEMBER"
"""The wrap-up code after which nothing is to be done."""
TOMORROW_MINUTES = 24 * 60

RENEWALS = "renewals"
LOYALTY = "loyalty"
WINBACK = "winback"
FLASH_SALE = "flash-sale"
PILOT = "pilot"

DNC_LIST = "house-dnc"
ASLEEP_ZONE = "Asia/Tokyo"
"""Where it is no time for calls while the story lasts."""

_AREAS = (
    ("212", "America/New_York"),
    ("617", "America/New_York"),
    ("404", "America/New_York"),
    ("312", "America/Chicago"),
    ("512", "America/Chicago"),
    ("303", "America/Denver"),
    ("602", "America/Phoenix"),
    ("206", "America/Los_Angeles"),
    ("415", "America/Los_Angeles"),
    ("808", "Pacific/Honolulu"),
)


class Plot(StrEnum):
    """What happens to a contact."""

    NOT_CALLED = "not_called"
    NO_CALLBACK = "no_callback"
    BY_RULE = "by_rule"
    BY_RULE_TOMORROW = "by_rule_tomorrow"
    BY_AGENT = "by_agent"
    BY_AGENT_TOMORROW = "by_agent_tomorrow"
    MOVED_NEARER = "moved_nearer"
    MOVED_AWAY = "moved_away"
    CALLED_OFF = "called_off"
    ASKED_TWICE = "asked_twice"
    TOO_FAR_AHEAD = "too_far_ahead"
    AGENT_THEN_RULE = "agent_then_rule"


class Hindrance(StrEnum):
    """Why a contact may not be called."""

    ON_DNC = "on_dnc"
    ASLEEP = "asleep"


class Answer(StrEnum):
    """How the call of a callback ends, one letter each."""

    SPOKE = "S"
    BUSY_AGAIN = "B"
    TOMORROW = "T"
    NOT_YET = "N"


@dataclass(frozen=True, slots=True)
class Part:
    """What `count` contacts play in one campaign. answers: of their callbacks, a letter for each contact in turn."""

    plot: Plot
    campaign_id: str
    count: int
    answers: str = "S"
    code: str = SPOKE
    hindrance: Hindrance | None = None

    def answer(self, number: int) -> Answer:
        """How the call with the contact of this number within the part ends."""
        return Answer(self.answers[number % len(self.answers)])


PARTS = (
    Part(Plot.NO_CALLBACK, RENEWALS, 220),
    Part(Plot.NO_CALLBACK, RENEWALS, 30, code="ININ-OUTBOUND-STUCK-INTERACTION"),
    Part(Plot.BY_RULE, RENEWALS, 120, answers="SSSBSSSN", code="BUSY"),
    Part(Plot.BY_RULE, RENEWALS, 80, answers="SSBSN", code="NO-ANSWER"),
    Part(Plot.BY_RULE_TOMORROW, RENEWALS, 30, code="NOT-TODAY"),
    Part(Plot.BY_RULE, LOYALTY, 100, answers="SSTSBSN", code="BUSY"),
    Part(Plot.BY_RULE, WINBACK, 80, answers="SSSBN", code="BUSY"),
    Part(Plot.BY_RULE, FLASH_SALE, 15, code="BUSY"),
    Part(Plot.BY_RULE, PILOT, 10, code="BUSY"),
    Part(Plot.BY_AGENT, RENEWALS, 70, answers="SSTSSN"),
    Part(Plot.BY_AGENT, LOYALTY, 50, answers="SSSTN"),
    Part(Plot.BY_AGENT, WINBACK, 20, answers="SN"),
    Part(Plot.BY_AGENT_TOMORROW, LOYALTY, 20),
    Part(Plot.MOVED_NEARER, RENEWALS, 15),
    Part(Plot.MOVED_AWAY, LOYALTY, 10),
    Part(Plot.CALLED_OFF, RENEWALS, 15),
    Part(Plot.ASKED_TWICE, LOYALTY, 5),
    Part(Plot.TOO_FAR_AHEAD, RENEWALS, 3),
    Part(Plot.AGENT_THEN_RULE, RENEWALS, 12, code="BUSY"),
    Part(Plot.BY_RULE, RENEWALS, 12, code="BUSY", hindrance=Hindrance.ON_DNC),
    Part(Plot.BY_RULE, RENEWALS, 10, code="BUSY", hindrance=Hindrance.ASLEEP),
    Part(Plot.BY_AGENT, LOYALTY, 8, hindrance=Hindrance.ON_DNC),
    Part(Plot.NOT_CALLED, RENEWALS, 65),
)
_CAST = tuple(part for part in PARTS for _ in range(part.count))
assert len(_CAST) == CONTACTS, "every contact has one part"


def contact_id(number: int) -> str:
    """Id of a contact, numbered from 0."""
    return f"m-{number:04d}"


def phone_number(number: int) -> str:
    """A number of the hundred in each area code that are kept for fiction."""
    area, _ = _AREAS[number % len(_AREAS)]
    return f"+1{area}55501{number // len(_AREAS) % 100:02d}"


def contact(number: int) -> ContactRecord:
    """The record of a contact."""
    _, zone = _AREAS[number % len(_AREAS)]
    if _CAST[number].hindrance is Hindrance.ASLEEP:
        zone = ASLEEP_ZONE
    home = ContactNumber(column="home", type="HOME", phone_number=phone_number(number), callable=True, time_zone=zone)
    tariff = ("basic", "plus", "family")[number % 3]
    return ContactRecord(
        contact_list_id=LIST,
        contact_id=contact_id(number),
        callable=True,
        time_zone=zone,
        attributes={"tariff": tariff},
        numbers=(home,),
    )


def campaign(campaign_id: str, mode: DialingMode, status: CampaignStatus, **changes: object) -> Campaign:
    """A campaign on the demo's list, with its rules and hours."""
    settings: dict[str, object] = {
        "campaign_id": campaign_id,
        "dialing_mode": mode,
        "status": status,
        "contact_list_id": LIST,
        "queue_id": f"{campaign_id}-desk",
        "rule_set_ids": ("try-again",),
        "callable_time_set_id": "all-week",
        "dnc_list_ids": (DNC_LIST,),
        "attempt_limits": AttemptLimits(max_attempts_per_number=6, reset_period="days_7", time_zone="America/Chicago"),
        "reschedule_zone_blocked": True,
    }
    return Campaign(**(settings | changes))  # type: ignore[arg-type]


def campaigns() -> tuple[Campaign, ...]:
    """The campaigns as the morning begins."""
    return (
        campaign(RENEWALS, DialingMode.POWER, CampaignStatus.ON),
        campaign(LOYALTY, DialingMode.PREVIEW, CampaignStatus.ON),
        winback(CampaignStatus.OFF),
        campaign(FLASH_SALE, DialingMode.POWER, CampaignStatus.OFF, expire_after_s=2),
        campaign(PILOT, DialingMode.PREDICTIVE, CampaignStatus.OFF),
    )


def winback(status: CampaignStatus) -> Campaign:
    """The campaign that is off at first. What waited for it is let go at a rate."""
    return campaign(WINBACK, DialingMode.PROGRESSIVE, status, dial_rate_per_s=40.0)


def rules() -> RuleSet:
    """Which wrap-ups lead to a callback, and when."""
    busy = WrapUpCodeCondition(codes=("BUSY",))
    unanswered = CallAnalysisCondition(results=(CallAnalysis.NO_ANSWER, CallAnalysis.MACHINE))
    return RuleSet(
        rule_set_id="try-again",
        rules=(
            _rule("busy", 1, busy, BUSY_MINUTES),
            _rule("no-answer", 2, unanswered, NO_ANSWER_MINUTES),
            _rule("not-today", 3, WrapUpCodeCondition(codes=("NOT-TODAY",)), TOMORROW_MINUTES),
        ),
    )


def hours(now: datetime) -> CallableTimeSet:
    """Open all week, in every zone of the list but the one that sleeps: that opens in four days."""
    slots = tuple(Slot(day=day, start="00:00", stop="24:00") for day in range(1, 8))
    opens = Slot(day=(now.isoweekday() + 3) % 7 + 1, start="09:00", stop="20:00")
    zones = sorted({zone for _, zone in _AREAS})
    return CallableTimeSet(
        callable_time_set_id="all-week",
        times=(
            *(CallableTime(time_zone=zone, slots=slots) for zone in zones),
            CallableTime(time_zone=ASLEEP_ZONE, slots=(opens,)),
        ),
    )


def do_not_call() -> tuple[DncEntry, ...]:
    """The numbers that must not be called."""
    return tuple(
        DncEntry(dnc_list_id=DNC_LIST, phone_number=phone_number(number))
        for number, part in enumerate(_CAST)
        if part.hindrance is Hindrance.ON_DNC
    )


def _rule(rule_id: str, order: int, condition: WrapUpCodeCondition | CallAnalysisCondition, minutes: int) -> Rule:
    return Rule(
        rule_id=rule_id,
        order=order,
        category=RuleCategory.WRAP_UP,
        conditions=(condition,),
        actions=(ScheduleCallback(offset_minutes=minutes),),
    )
