"""What a wrap-up does to a contact, and what its rules want. Docs: 1.8, 1.9, section 5, 9.1, 9.4, 9.8."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tests.oracle.conditions import Json, all_of
from tests.oracle.ladders import CallOff, Wish, climb, wanted
from tests.oracle.lives import LONG_AGO, at
from tests.oracle.model import Model, Person

PREFIX = "ININ-OUTBOUND-"
NO_CALL = {
    "ON-DO-NOT-CALL-LIST", "INVALID-PHONE-NUMBER", "PREVIEW-ERROR-PHONE-NUMBER", "NOT-CALLABLE-TIME",
    "DNC-AUTHENTICATION-FAILED", "NO-ACTIVE-EDGES", "EXTERNALLY-THROTTLED",
}  # fmt: skip
NO_CHECK = {"NO-ACTIVE-EDGES", "EXTERNALLY-THROTTLED"}
NO_RULES = {"STUCK-INTERACTION", "CAMPAIGN-FORCED-OFF", "INVALID-AGENT"}
NO_RULES_IN_PREVIEW = {"INTERNAL-ERROR-SKIPPED", "ZONE-BLOCKED-SKIPPED", "DNC-SKIPPED"}
CHECKS = {"DNC", "UNCALLABLE", "CALLABLE", "LIMIT", "BLOCKED"}


@dataclass
class Counted:
    """A wrap-up that is the first of its call, and what it leads to."""

    person: Person
    event: Json
    when: datetime
    is_attempt: bool
    wish: Wish | None = None
    is_ladder_over: bool = False


def _rest(code: str) -> str:
    return code.removeprefix(PREFIX) if code.startswith(PREFIX) else ""


def is_attempt(campaign: Json | None, code: str) -> bool:
    if campaign and code in campaign.get("attempt_codes", []):
        return True
    if campaign and code in campaign.get("not_attempt_codes", []):
        return False
    return not (_rest(code).endswith("-SKIPPED") or _rest(code) in NO_CALL)


def tells_of_a_check(code: str) -> bool:
    """Such a code ends the callback, whatever its campaign says of returns."""
    rest = _rest(code)
    if rest.endswith("-SKIPPED"):
        return bool(CHECKS & set(rest.split("-")))
    return rest in NO_CALL - NO_CHECK


def wrapped_up(model: Model, event: Json, now: datetime) -> Counted | None:
    """Apply it; None if it counts for nothing, or is history."""
    person, campaign = model.person(event["contact_id"]), model.tables["campaigns"].get(event["campaign_id"])
    if event["event_id"] in person.seen:
        return None
    if event.get("history"):
        if event["conversation_id"] not in person.conversations and campaign is not None:
            _count(person, campaign, event)
        return None
    counts = is_attempt(campaign, event["wrap_up_code"])
    began = _presentation(person, event)
    if event["conversation_id"] in person.conversations and began is None:
        return None
    if campaign is None or any(name not in model.tables["rule-sets"] for name in campaign["rule_set_ids"]):
        return None  # A dead letter.
    when, name, number = at(event["occurred_at"]), event.get("callback_id"), event["phone_number"]
    if name in person.lives:
        person.closed[name] = max(when, person.closed.get(name, when))
        person.lives[name].close(when)
    _count(person, campaign, event)
    person.flights.wrapped_up(campaign["campaign_id"], when, now)
    person.attributes.update(event.get("attributes") or {})
    rest = _rest(event["wrap_up_code"])
    asked = person.asked(number, when, event)
    matched = [rule for rule in model.rules(campaign, "wrap_up") if all_of(rule["conditions"], asked)]
    if rest in NO_RULES or (campaign["dialing_mode"] == "preview" and rest in NO_RULES_IN_PREVIEW):
        matched = []
    act(model, person, campaign, matched, number, when)
    counted = Counted(person, event, when, counts)
    _want(counted, campaign, matched, began)
    return counted


def _presentation(person: Person, event: Json) -> datetime | None:
    """When that began to which the wrap-up belongs, its command given back or not."""
    name, when = event.get("callback_id") or "", at(event["occurred_at"])
    closed = person.closed.get(name, LONG_AGO)
    latest = person.presented.get(name, [])[-4:]
    mine = [one for one in latest if closed < one <= when]
    return max(mine, default=None)


def _count(person: Person, campaign: Json, event: Json) -> None:
    """Attempt, last code and marks: all that history does, too."""
    person.seen.add(event["event_id"])
    person.conversations.add(event["conversation_id"])
    number, code, when = event["phone_number"], event["wrap_up_code"], at(event["occurred_at"])
    if is_attempt(campaign, code):
        person.attempts.append((at(event.get("dialed_at") or event["occurred_at"]), event["campaign_id"], number))
    if number not in person.codes or person.codes[number][0] <= when:
        person.codes.pop(number, None)
        person.codes[number] = (when, code)
    flags = (campaign.get("wrap_up_mappings") or {}).get(code, [])
    person.marked = person.marked or "contact_uncallable" in flags
    if "number_uncallable" in flags or code == PREFIX + "SIT-UNCALLABLE":
        person.marked_numbers.add(number)


def _want(counted: Counted, campaign: Json, matched: list[Json], began: datetime | None) -> None:
    person, event, campaign_id = counted.person, counted.event, campaign["campaign_id"]
    right_party = "right_party_contact" in (campaign.get("wrap_up_mappings") or {}).get(event["wrap_up_code"], [])
    climb(person.rungs, campaign_id, matched, is_attempt=counted.is_attempt, right_party=right_party)
    wishes, has_ended = wanted(person.rungs, campaign_id, matched)
    counted.wish, counted.is_ladder_over = (wishes[0] if wishes else None), has_ended and not wishes
    for action in (action for rule in matched for action in rule["actions"]):
        if action["type"] == "cancel_callbacks" and action["origins"]:
            of = campaign_id if action["scope"] == "campaign" else None
            origins = tuple(action["origins"])
            person.call_offs.append(CallOff(counted.when, of, origins, event["conversation_id"], began))


def act(model: Model, person: Person, campaign: Json, rules: list[Json], number: str, when: datetime) -> None:
    for action in (action for rule in rules for action in rule["actions"]):
        match action["type"]:
            case "mark_contact_uncallable":
                person.marked = True
            case "mark_number_uncallable":
                person.marked_numbers.add(number)
            case "append_to_dnc" if campaign["dnc_list_ids"]:
                days = action.get("expires_after_days")
                expires = _text(when + timedelta(days=days)) if days else None
                model.dnc[f"{campaign['dnc_list_ids'][0]}|{number}"] = {"expires_at": expires}
            case "set_attribute":
                _set(person, action, when)
                person.changed[action["attribute"]] = person.attributes[action["attribute"]]


def _text(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


def _set(person: Person, action: Json, when: datetime) -> None:
    name, value = action["attribute"], action.get("value")
    match action["update"]:
        case "set":
            person.attributes[name] = value or ""
        case "current_time":
            person.attributes[name] = _text(when)
        case counted:
            sign = 1 if counted == "increment" else -1
            total = Decimal(person.attributes.get(name, "0")) + sign * Decimal(value or "1")
            person.attributes[name] = format(total, "f")
