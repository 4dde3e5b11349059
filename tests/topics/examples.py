"""The smallest good values of the topics that the tests spoil, as JSON."""

from typing import Any

WRAP_UP = {
    "event_id": "w1",
    "occurred_at": "2026-11-23T15:00:00Z",
    "conversation_id": "v1",
    "campaign_id": "P",
    "contact_list_id": "L",
    "contact_id": "c1",
    "phone_number": "+12125550101",
    "wrap_up_code": "CB",
}
SCHEDULED = {
    "type": "scheduled",
    "event_id": "s1",
    "occurred_at": "2026-11-23T14:30:00Z",
    "callback_id": "k1",
    "source": "widget",
    "campaign_id": "P",
    "contact_list_id": "L",
    "contact_id": "c1",
    "phone_number": "+12125550101",
    "due_at": "2026-11-23T15:00:00Z",
}
PLACEMENT = {
    "event_id": "p1",
    "request_id": "r1",
    "occurred_at": "2026-11-23T15:00:00Z",
    "origin": "campaign",
    "campaign_id": "P",
    "contact_list_id": "L",
    "contact_id": "c1",
    "phone_number": "+12125550101",
}
CAMPAIGN = {"campaign_id": "P", "dialing_mode": "preview", "status": "on", "contact_list_id": "L"}
LIMITS = {"max_attempts_per_contact": 3, "reset_period": "today", "time_zone": "UTC"}
NUMBER = {"column": "mobile", "type": "CELL", "phone_number": "+12125550101", "callable": True}


def rule_set(**rule: Any) -> dict[str, Any]:
    return {"rule_set_id": "RS", "rules": [{"rule_id": "r", "order": 1, "category": "wrap_up"} | rule]}


def slot(**changes: Any) -> dict[str, Any]:
    plain = {"day": 1, "start": "08:00", "stop": "21:00"}
    return {"callable_time_set_id": "T", "times": [{"time_zone": "UTC", "slots": [plain | changes]}]}
