"""Conditions of rules as docs/rules.md, section 5, has them: True, False, or None for what cannot be evaluated."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]


@dataclass
class Asked:
    """What a condition is asked about, as plain data."""

    attributes: dict[str, str]
    numbers: list[Json]
    number: str
    now: datetime
    last_attempts: dict[str, datetime]
    last_codes: dict[str, tuple[datetime, str]]
    wrap_up: Json | None = None


def instant(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


OTHERWISE = {"+112125550101": "+12125550101"}
"""Spellings that the histories have of their numbers."""


def same(one: str, other: str) -> bool:
    """Whether two texts stand for one subscriber."""
    return OTHERWISE.get(one, one) == OTHERWISE.get(other, other)


def all_of(conditions: list[Json], asked: Asked) -> bool | None:
    held = [holds(condition, asked) for condition in conditions]
    if False in held:
        return False
    return None if None in held else True


def holds(condition: Json, asked: Asked) -> bool | None:
    held = _plain(condition, asked)
    return held if held is None or not condition.get("inverted") else not held


def _plain(condition: Json, asked: Asked) -> bool | None:
    match condition["type"]:
        case "wrap_up_code":
            return None if asked.wrap_up is None else asked.wrap_up["wrap_up_code"] in condition["codes"]
        case "call_analysis":
            return None if asked.wrap_up is None else asked.wrap_up.get("call_analysis") in condition["results"]
        case "contact_attribute":
            found = asked.attributes.get(condition["attribute"])
            return None if found is None else _compare(condition, found, condition["value_type"], asked.now)
        case "phone_number":
            return _compare(condition, asked.number, "string", asked.now)
        case "phone_column":
            return _column(condition, asked)
        case "contact_property":
            return _property(condition, asked)
        case "time_and_date":
            return _time(condition, asked.now)
    raise ValueError(condition)


def _column(condition: Json, asked: Asked) -> bool | None:
    told = (asked.wrap_up or {}).get("phone_column")
    if told:
        names = {told} | {one["type"] for one in asked.numbers if one["column"] == told}
    else:
        here = [one for one in asked.numbers if same(one["phone_number"], asked.number)]
        names = {one["column"] for one in here} | {one["type"] for one in here}
    return any(name in condition["columns"] for name in names) if names else None


def _property(condition: Json, asked: Asked) -> bool | None:
    mine = condition["scope"] == "number"
    if condition["property"] == "last_wrap_up":
        known = [one for number, one in asked.last_codes.items() if not mine or same(number, asked.number)]
        codes = sorted(known, key=lambda one: one[0])
        return _compare(condition, codes[-1][1] if codes else "", "string", asked.now)
    times = [at for number, at in asked.last_attempts.items() if not mine or same(number, asked.number)]
    # Never: before all time.
    last = max(times, default=datetime(1, 1, 1, tzinfo=UTC))
    value_type = "period" if condition["value"].startswith("P") else "datetime"
    return _compare(condition, last.isoformat(), value_type, asked.now)


def _time(condition: Json, now: datetime) -> bool | None:
    try:
        local = now.astimezone(ZoneInfo(condition["time_zone"]))
    except Exception:
        return None
    clock = local.strftime("%H:%M:%S")
    begin, end = ((condition.get(name) or default) for name, default in (("from", "00:00"), ("to", "24:00")))
    day = local.date()
    if begin < end:
        inside = begin <= clock < end
    else:
        inside = clock >= begin or clock < end
        if clock < end:
            day -= timedelta(days=1)
    if not inside:
        return False
    days, dates = condition.get("days"), condition.get("dates")
    return (days is None or day.isoweekday() in days) and (dates is None or day.isoformat() in dates)


def _read(text: str, value_type: str, now: datetime) -> Any:
    match value_type:
        case "string":
            return text
        case "numeric":
            return Decimal(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None
        case "datetime":
            return instant(text)
    parts = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    if parts is None or not any(parts.groups()):
        return None
    days, hours, minutes = (int(part or 0) for part in parts.groups())
    return now - timedelta(days=days, hours=hours, minutes=minutes)


def _compare(condition: Json, found: str, value_type: str, now: datetime) -> bool | None:
    operator, value = condition["operator"], condition["value"]
    left = _read(found, "datetime" if value_type == "period" else value_type, now)
    texts = [part.strip() for part in value.split(",")] if operator in ("in", "between") else [value]
    right = [_read(text, value_type, now) for text in texts]
    if left is None or None in right:
        return None
    if value_type == "period":
        right.sort()
    match operator:
        case "in":
            return left in right
        case "between":
            return right[0] <= left <= right[1] if len(right) == 2 else None
        case "contains" | "begins_with" | "ends_with":
            if value_type != "string":
                return None
            tests = {"contains": right[0] in left, "begins_with": left.startswith(right[0])}
            return bool(tests.get(operator, left.endswith(right[0])))
        case "before" | "after":
            if value_type not in ("datetime", "period"):
                return None
            return bool(left < right[0]) if operator == "before" else bool(left > right[0])
    orders = {
        "equals": left == right[0],
        "less_than": left < right[0],
        "less_than_equals": left <= right[0],
        "greater_than": left > right[0],
        "greater_than_equals": left >= right[0],
    }
    return bool(orders[operator])
