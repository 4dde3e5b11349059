"""What the actions of rules do to a contact and to Do Not Call lists.

Scheduling a callback, refusing a call and showing it to an agent are for the caller: they are passed over here.
Source: docs/rules.md, section 5 and section 8 rows 20 to 22 and 26.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.json import encode
from msgspec.structs import replace

from streams.logic.contact.effects import DncAppended
from streams.logic.contact.limits import ATTRIBUTES_BYTES_MAX
from streams.logic.contact.state import CallOff, Mark
from streams.logic.decisions.call_offs import call_off
from streams.logic.decisions.step import Step
from streams.logic.rules.comparisons import parse_decimal
from streams.logic.rules.rules import CompiledRule
from topics.check_facts import NotDoneBecause, NotDoneFacts
from topics.configuration import Campaign, DncEntry
from topics.rules import (
    Action,
    AppendToDnc,
    AttributeUpdate,
    CancelCallbacks,
    CancelScope,
    MarkContactUncallable,
    MarkNumberUncallable,
    SetAttribute,
)


class Trigger(Struct, frozen=True, gc=False):
    """What the rules are run for. event_id, occurred_at: of the wrap-up, the request, or what set the timer.

    conversation_id: of a wrap-up; None before a call. call_began_at: of the call of a callback that it has ended.
    """

    event_id: str
    occurred_at: datetime
    phone_number: str
    campaign: Campaign
    conversation_id: str | None = None
    call_began_at: datetime | None = None


class _Changes:
    """The attributes that rules set one after the other. made: by name. Each costs the same, however many there are."""

    def __init__(self, before: Mapping[str, str]) -> None:
        self.made: dict[str, str] = {}
        self._before = before
        self._size: int | None = None

    def get(self, name: str) -> str | None:
        """The attribute as it is now."""
        return self.made.get(name, self._before.get(name))

    def set(self, name: str, value: str) -> bool:
        """Set it; False if there is no room, which is never so where the attributes do not grow."""
        if self._size is None:
            self._size = len(encode(self._before))
        found = self.get(name)
        size = self._size + _entry_bytes(name, value) - (0 if found is None else _entry_bytes(name, found))
        if size > max(ATTRIBUTES_BYTES_MAX, self._size):
            return False
        self.made[name], self._size = value, size
        return True


def _entry_bytes(name: str, value: str) -> int:
    return len(encode({name: value})) - 1  # A comma instead of the braces.


def carry_out(step: Step, rules: Iterable[CompiledRule], trigger: Trigger) -> tuple[NotDoneFacts, ...] | None:
    """Carry out the actions of rules that matched; returns those that could not be, if any, each with the reason."""
    not_done: list[NotDoneFacts] = []
    changes = _Changes(step.contact.attributes)
    for rule in rules:
        for action in rule.actions:
            why = _carry_out_one(step, changes, rule, action, trigger)
            if why is not None:
                kind = str(type(action).__struct_config__.tag)
                not_done.append(NotDoneFacts(rule_set_id=rule.rule_set_id, rule_id=rule.rule_id, action=kind, why=why))
    if changes.made:
        step.contact = replace(
            step.contact,
            attributes={**step.contact.attributes, **changes.made},
            changed_attributes={**step.contact.changed_attributes, **changes.made},
        )
    return tuple(not_done) or None


def _carry_out_one(
    step: Step, changes: _Changes, rule: CompiledRule, action: Action, trigger: Trigger
) -> NotDoneBecause | None:
    """Carry out one action; returns why it could not be."""
    match action:
        case SetAttribute():
            return _set_attribute(changes, action, trigger)
        case AppendToDnc():
            return _append_to_dnc(step, action, trigger)
        case MarkContactUncallable():
            mark_contact(step, _mark(rule, trigger))
        case MarkNumberUncallable():
            mark_number(step, trigger.phone_number, _mark(rule, trigger))
        case CancelCallbacks():
            _cancel_callbacks(step, rule, action, trigger)
    return None


def _cancel_callbacks(step: Step, rule: CompiledRule, action: CancelCallbacks, trigger: Trigger) -> None:
    """Call callbacks off after a call; before one there is nothing that they could have been arranged before."""
    if trigger.conversation_id is None:
        return
    noted = CallOff(
        occurred_at=trigger.occurred_at,
        conversation_id=trigger.conversation_id,
        origins=tuple(sorted(set(action.origins))),
        cause=step.cause,
        rule_set_id=rule.rule_set_id,
        rule_id=rule.rule_id,
        campaign_id=trigger.campaign.campaign_id if action.scope is CancelScope.CAMPAIGN else None,
        call_began_at=trigger.call_began_at,
    )
    call_off(step, noted)


def mark_contact(step: Step, mark: Mark) -> None:
    """Never call this contact again. The first mark stays."""
    if step.contact.marked is None:
        step.contact = replace(step.contact, marked=mark)


def mark_number(step: Step, phone_number: str, mark: Mark) -> None:
    """Never call this number of the contact again. The first mark stays."""
    marked = step.contact.marked_numbers
    if phone_number not in marked:
        step.contact = replace(step.contact, marked_numbers={**marked, phone_number: mark})


def _mark(rule: CompiledRule, trigger: Trigger) -> Mark:
    return Mark(at=trigger.occurred_at, event_id=trigger.event_id, rule_set_id=rule.rule_set_id, rule_id=rule.rule_id)


def _set_attribute(changes: _Changes, action: SetAttribute, trigger: Trigger) -> NotDoneBecause | None:
    found = changes.get(action.attribute)
    match action.update:
        case AttributeUpdate.SET:
            value: str | None = action.value or ""
        case AttributeUpdate.CURRENT_TIME:
            value = trigger.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case AttributeUpdate.INCREMENT:
            value = _counted(found, action.value, 1)
        case AttributeUpdate.DECREMENT:
            value = _counted(found, action.value, -1)
    if value is None:
        return NotDoneBecause.NOT_A_DECIMAL
    return None if changes.set(action.attribute, value) else NotDoneBecause.NO_ROOM


def _counted(found: str | None, by: str | None, sign: int) -> str | None:
    """The attribute counted on, from 0 and by 1 unless they say otherwise; None if either is no plain decimal."""
    start, amount = parse_decimal("0" if found is None else found), parse_decimal("1" if by is None else by)
    if start is None or amount is None:
        return None
    text = format(start + sign * amount, "f")
    # One that has outgrown what can be read again stays as it is.
    return text if parse_decimal(text) is not None else None


def _append_to_dnc(step: Step, action: AppendToDnc, trigger: Trigger) -> NotDoneBecause | None:
    if not trigger.campaign.dnc_list_ids:
        return NotDoneBecause.NO_DNC_LIST
    days = action.expires_after_days
    entry = DncEntry(
        dnc_list_id=trigger.campaign.dnc_list_ids[0],
        phone_number=trigger.phone_number,
        expires_at=None if days is None else trigger.occurred_at + timedelta(days=days),
    )
    step.effects.append(DncAppended(entry))
    return None
