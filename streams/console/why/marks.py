"""What stops a call whatever its campaign is set up with, in words: marks of people and numbers, attempts, holds."""

from collections.abc import Mapping

from streams.console.why.moments import Moments
from streams.console.why.reading import Json, inner, instant, is_true, text, whole
from streams.console.why.words import joined


def uncallable(whose: str, facts: Json, moments: Moments) -> str | None:
    """Why a contact or a number may not be called, by its facts; None if they do not say. whose: which of them."""
    mark = _marked(facts.get("marked_by"), moments)
    if mark:
        return f"the {whose} may not be called, {mark}"
    record = "says that it" if whose == "contact" else "says that the number"
    return f"the contact's record {record} may not be called" if facts.get("callable") is False else None


def _marked(mark: object, moments: Moments) -> str | None:
    if not isinstance(mark, Mapping):
        return None
    rule_id, code = text(mark, "rule_id"), text(mark, "wrap_up_code")
    by = f" by rule {rule_id} of rule set {text(mark, 'rule_set_id') or '?'}" if rule_id else ""
    by = by or (f" by wrap-up code {code}" if code else "")
    at = instant(mark, "at")
    return f"marked{by}{f' {moments.at(at)}' if at else ''}"


def attempts(whose: str, facts: Json) -> str | None:
    """How many attempts a contact or a number has had, of how many; None if the facts do not say."""
    found = inner(facts, whose)
    count, limit = whole(found, "count"), whole(found, "limit")
    if count is None or limit is None:
        return None
    period = text(facts, "reset_period") or ""
    days = period.removeprefix("days_")
    within = {"never": "in all", "today": "today"}.get(period, f"in {days} days" if days.isdigit() else "")
    return f"the {whose} has had {count} of {limit} attempts {within}".rstrip()


def holds_in_words(holds: tuple[Json, ...]) -> str:
    """The holds that stop a call, each with what it stops, who began it and why."""
    return joined([_hold(hold) for hold in holds])


def _hold(hold: Json) -> str:
    name = f"hold {text(hold, 'hold_id') or '?'}"
    if is_true(hold, "unreadable"):
        return f"{name} of everything, whose record cannot be read"
    campaign_id = text(hold, "campaign_id")
    of = f" of campaign {campaign_id}" if campaign_id else " of everything"
    actor, reason = text(hold, "actor"), text(hold, "reason")
    why = ", ".join(part for part in (f"by {actor}" if actor else "", reason or "") if part)
    return f"{name}{of}{f' ({why})' if why else ''}"
