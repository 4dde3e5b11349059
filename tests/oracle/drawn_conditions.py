"""Conditions that the histories draw from."""

from tests.oracle.conditions import Json


def _attribute(attribute: str, operator: str, value: str, value_type: str) -> Json:
    compared = {"operator": operator, "value": value, "value_type": value_type}
    return {"type": "contact_attribute", "attribute": attribute, **compared}


def _property(property: str, scope: str, operator: str, value: str) -> Json:
    return {"type": "contact_property", "property": property, "scope": scope, "operator": operator, "value": value}


CONDITIONS: list[Json] = [
    {"type": "wrap_up_code", "codes": ["AGAIN", "DONE"]},
    {"type": "call_analysis", "results": ["busy"]},
    *[_attribute("age", operator, "18", "numeric") for operator in ("equals", "less_than", "greater_than_equals")],
    _attribute("age", "between", "17,18", "numeric"),
    _attribute("plan", "equals", "gold", "string"),
    _attribute("plan", "contains", "o", "string"),
    _attribute("plan", "in", "gold, x", "string"),
    _attribute("paid", "after", "2026-11-21T00:00:00Z", "datetime"),
    _attribute("paid", "before", "P1D", "period"),
    _attribute("paid", "after", "PT12H", "period"),
    _attribute("paid", "between", "P9D,PT1H", "period"),
    {"type": "phone_number", "operator": "begins_with", "value": "+1212"},
    {"type": "phone_column", "columns": ["mobile", "WORK"]},
    _property("last_attempt", "overall", "before", "PT3H"),
    _property("last_attempt", "number", "after", "PT3H"),
    _property("last_wrap_up", "overall", "equals", "DONE"),
    _property("last_wrap_up", "number", "begins_with", "A"),
    {"type": "time_and_date", "time_zone": "America/New_York", "from": "09:00", "to": "17:30", "days": [1, 2, 3, 4, 5]},
    {"type": "time_and_date", "time_zone": "Asia/Kathmandu", "from": "22:00", "to": "06:00"},
    {"type": "time_and_date", "time_zone": "Nowhere"},
]  # fmt: skip
