"""Days of one contact and its neighbours, which end in every way in which a call is made or not made."""

from tests.builders import NUMBER, campaign, cancelled, contact, rescheduled, rule, rule_set, scheduled, wrap_up
from tests.evidence.logs import Logs

OTHER, SECOND = "+13125550142", "+14155550177"
NIGHT = "2026-11-24T03:00:00Z"
"""22:00 in New York, where the set is open from 9 to 20."""

TIMES = {
    "callable_time_set_id": "us",
    "times": [
        {
            "time_zone": "America/New_York",
            "slots": [{"day": day, "start": "09:00", "stop": "20:00"} for day in range(1, 8)],
        }
    ],
}


def numbers(*phone_numbers: str) -> list[dict]:
    return [
        {"column": f"n{at}", "type": "HOME", "phone_number": one, "callable": True}
        for at, one in enumerate(phone_numbers)
    ]


def request(request_id: str, **changes) -> dict:
    return {
        "event_id": f"p-{request_id}",
        "request_id": request_id,
        "occurred_at": "2026-11-23T16:00:00Z",
        "origin": "campaign",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        **changes,
    }


def entry(phone_number: str = NUMBER, dnc_list_id: str = "D") -> tuple[dict, str]:
    return {"dnc_list_id": dnc_list_id, "phone_number": phone_number}, f"{dnc_list_id}|{phone_number}"


def begun(**changes) -> Logs:
    """A power campaign with a rule, a Do Not Call list and two contacts, each with a number of its own."""
    logs = Logs()
    logs.send("rule-sets", rule_set(rule(minutes=10)))
    given = {"dialing_mode": "power", "rule_set_ids": ["R"], "dnc_list_ids": ["D"], **changes}
    logs.send("campaigns", campaign(**given))
    logs.send("contacts", contact("c1", numbers=numbers(NUMBER), attributes={"name": "Ann"}))
    logs.send("contacts", contact("c2", numbers=numbers(OTHER), attributes={"name": "Bob"}))
    return logs


def called(logs: Logs, callback_id: str = "k1", at: str = "2026-11-23T15:00:00Z", **changes) -> None:
    """An agent's callback that is shown and called."""
    logs.send("callback-scheduled", scheduled(callback_id, due_at=at, occurred_at="2026-11-23T14:30:00Z", **changes))
    logs.run_to(at)


def whole_day() -> Logs:
    """All of it, for the same number: made, moved, cancelled, blocked, refused, unknown, a dead letter."""
    logs = begun(screen_previews=True)
    logs.send("callback-scheduled", scheduled("k1", due_at="2026-11-23T15:00:00Z"))
    logs.send("callback-scheduled", scheduled("k2", due_at="2026-11-23T18:00:00Z", conversation_id="v8"))
    logs.send("callback-scheduled", scheduled("o1", contact_id="c2", phone_number=OTHER, due_at="2026-11-23T15:00:00Z"))
    logs.send("callback-scheduled", rescheduled("k2", due_at="2026-11-24T15:00:00Z", actor="sup", reason="asked to"))
    logs.run_to("2026-11-23T15:00:30Z")
    logs.send("wrap-up", wrap_up("v2", callback_id="k1", wrap_up_code="AGAIN", occurred_at="2026-11-23T15:05:00Z"))
    logs.send("wrap-up", wrap_up("v3", contact_id="c2", phone_number=OTHER, occurred_at="2026-11-23T15:06:00Z"))
    value, key = entry()
    logs.send("dnc-entries", value, "2026-11-23T15:08:00Z", key)
    logs.run_to("2026-11-23T15:20:00Z")
    logs.send("placement-requested", request("p1"))
    logs.send("placement-requested", request("p2", contact_id="c9"))
    logs.send(
        "callback-scheduled", cancelled("k2", occurred_at="2026-11-23T16:10:00Z", actor="sup", reason="wrong date")
    )
    logs.send("callback-scheduled", {**scheduled("k3"), "owner": "nobody"}, "2026-11-23T16:12:00Z")
    logs.send("callback-scheduled", cancelled("k7", occurred_at="2026-11-23T16:15:00Z", event_id="c7"))
    return logs
