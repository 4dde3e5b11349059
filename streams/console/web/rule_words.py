"""Rules, conditions and hours, read back in words. It reads what a record says; what it leads to, the core decides."""

from collections.abc import Iterable

from streams.console.web.rendering import in_words
from topics.configuration import CallableException, CallableTimeSet, DaySlot, Slot
from topics.rules import (
    Action,
    AppendToDnc,
    AttributeUpdate,
    CallAnalysisCondition,
    CancelCallbacks,
    Condition,
    ContactAttributeCondition,
    ContactPropertyCondition,
    DoNotDial,
    IfOutstanding,
    MarkContactUncallable,
    MarkNumberUncallable,
    PhoneColumnCondition,
    PhoneNumberCondition,
    Rule,
    RuleCategory,
    ScheduleCallback,
    SetAttribute,
    SwitchToPreview,
    TimeAndDateCondition,
    WrapUpCodeCondition,
)

DAYS = ("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PLAIN: dict[type[Action], str] = {
    DoNotDial: "do not dial",
    SwitchToPreview: "show it to an agent first",
    MarkContactUncallable: "never call the contact again",
    MarkNumberUncallable: "never call the number again",
}
OUTSTANDING = {
    IfOutstanding.ADD: "",
    IfOutstanding.KEEP: ", unless a rule's callback is outstanding",
    IfOutstanding.REPLACE: ", in the place of a rule's callback that is outstanding",
}


def rule(one: Rule) -> str:
    """A rule as one sentence."""
    when = "Before a call" if one.category is RuleCategory.PRE_CALL else "After a call"
    held = f", if {' and '.join(map(condition, one.conditions))}" if one.conditions else ", always"
    return f"{when}{held}: {'; '.join(map(action, one.actions)) or 'nothing'}."


def condition(one: Condition) -> str:
    """A condition, to stand behind "if"."""
    said = _condition(one)
    return f"it is not so that {said}" if one.inverted else said


def _condition(one: Condition) -> str:
    match one:
        case WrapUpCodeCondition():
            return f"the wrap-up code is {_or(one.codes)}"
        case CallAnalysisCondition():
            return f"call analysis detected {_or(one.results)}"
        case ContactAttributeCondition():
            return f"the attribute {one.attribute} {in_words(one.operator)} “{one.value}” (as {one.value_type})"
        case PhoneNumberCondition():
            return f"the number {in_words(one.operator)} “{one.value}”"
        case PhoneColumnCondition():
            return f"the number is in the column {_or(one.columns)}"
        case ContactPropertyCondition():
            which = "of the number" if one.scope == "number" else "of the contact"
            return f"the {in_words(one.property)} {which} {in_words(one.operator)} “{one.value}”"
        case TimeAndDateCondition():
            return _time(one)


def _time(one: TimeAndDateCondition) -> str:
    parts = []
    if one.from_ or one.to:
        parts.append(f"between {one.from_ or '00:00'} and {one.to or '24:00'}")
    if one.days is not None:
        parts.append(f"on {_or(DAYS[day] for day in one.days)}")
    if one.dates is not None:
        parts.append(f"on {_or(str(day) for day in one.dates)}")
    return f"it is {' '.join(parts) or 'any time'} in {one.time_zone}"


def action(one: Action) -> str:
    """An action, as what is done."""
    match one:
        case ScheduleCallback():
            return _schedule(one)
        case SetAttribute():
            return _attribute(one)
        case AppendToDnc():
            span = f"for {one.expires_after_days} days" if one.expires_after_days else "for good"
            return f"put the number on the campaign's first Do Not Call list {span}"
        case DoNotDial() | SwitchToPreview() | MarkContactUncallable() | MarkNumberUncallable():
            return PLAIN[type(one)]
        case CancelCallbacks():
            return f"cancel callbacks of the {one.scope} that were arranged before by {_or(one.origins)}"


def _schedule(one: ScheduleCallback) -> str:
    offsets = one.offsets_minutes or (one.offset_minutes or 0,)
    later = ", then ".join(f"{offset} min" for offset in offsets)
    at = f", then at {one.at_local_time} by the contact's clock" if one.at_local_time else ""
    return f"schedule a callback {later} later{at}{OUTSTANDING[one.if_outstanding]}"


def _attribute(one: SetAttribute) -> str:
    match one.update:
        case AttributeUpdate.SET:
            return f"set the attribute {one.attribute} to “{one.value or ''}”"
        case AttributeUpdate.CURRENT_TIME:
            return f"set the attribute {one.attribute} to the time"
        case _:
            return f"{one.update} the attribute {one.attribute} by {one.value or 1}"


def hours(times: CallableTimeSet) -> list[tuple[str, str]]:
    """Of each zone, region and date of a set: when it is open."""
    zones = [(one.time_zone, week(one.slots)) for one in times.times]
    regions = [(f"region {one.region}", week(one.slots)) for one in times.regions]
    return zones + regions + [exception(one) for one in times.exceptions]


def week(slots: Iterable[Slot]) -> str:
    """A week's slots, days with the same hours together: `Mon to Fri 08:00 to 21:00`."""
    by_day = {day: ", ".join(_span(one) for one in slots if one.day == day) for day in range(1, 8)}
    groups: list[tuple[int, int, str]] = []
    for day, text in by_day.items():
        if groups and groups[-1][2] == text:
            groups[-1] = (groups[-1][0], day, text)
        else:
            groups.append((day, day, text))
    said = [f"{DAYS[a]}{f' to {DAYS[b]}' if b > a else ''} {text}" for a, b, text in groups if text]
    return "; ".join(said) or "never"


def exception(one: CallableException) -> tuple[str, str]:
    """A date with hours of its own."""
    whose = " ".join(filter(None, (one.region, one.time_zone)))
    text = ", ".join(_span(slot) for slot in one.slots) or "closed"
    return f"{one.date}{f' in {whose}' if whose else ''}", text


def _span(slot: Slot | DaySlot) -> str:
    return f"{slot.start} to {slot.stop}"


def _or(words: Iterable[object]) -> str:
    listed = [str(word) for word in words]
    return " or ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:]))) or "none"
