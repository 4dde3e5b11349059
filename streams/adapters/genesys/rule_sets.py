"""Rule sets. A condition or an action that Ringback has nothing for refuses the whole set: it may be what forbids.

Two actions concern the call alone, not whether it is made, and are left out: SET_CALLER_ID and SET_SKILLS.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from streams.adapters.genesys import shapes
from streams.adapters.genesys.wrap_ups import analysis_of
from streams.adapters.reading import out
from streams.adapters.seam import Out
from topics.codec import BadEvent, ErrorCode
from topics.names import TopicName
from topics.rules import (
    Action,
    AppendToDnc,
    AttributeUpdate,
    CallAnalysisCondition,
    Condition,
    ContactAttributeCondition,
    ContactProperty,
    ContactPropertyCondition,
    DoNotDial,
    MarkContactUncallable,
    MarkNumberUncallable,
    Operator,
    PhoneColumnCondition,
    PhoneNumberCondition,
    PropertyScope,
    Rule,
    RuleCategory,
    RuleSet,
    ScheduleCallback,
    SetAttribute,
    SwitchToPreview,
    ValueType,
    WrapUpCodeCondition,
)

_CATEGORIES = {"DIALER_PRECALL": RuleCategory.PRE_CALL, "DIALER_WRAPUP": RuleCategory.WRAP_UP}
LEFT_OUT = ("SET_CALLER_ID", "SET_SKILLS")
_PLAIN: dict[str, Action] = {
    "DO_NOT_DIAL": DoNotDial(),
    "SWITCH_TO_PREVIEW": SwitchToPreview(),
    "CONTACT_UNCALLABLE": MarkContactUncallable(),
    "NUMBER_UNCALLABLE": MarkNumberUncallable(),
}
_DAYS = re.compile(r"\AP([0-9]{1,5})D\Z")
_MINUTES = re.compile(r"\A[0-9]{1,9}\Z")


def mapped(given: shapes.RuleSet, at: str) -> Out:
    """The record of a rule set. Raises BadEvent."""
    rules = tuple(_rule(rule, f"{at}.rules[{number}]") for number, rule in enumerate(given.rules or ()))
    return out(TopicName.RULE_SETS, RuleSet(rule_set_id=given.id, rules=rules))


def _rule(rule: shapes.Rule, at: str) -> Rule:
    if (category := _CATEGORIES.get(rule.category or "")) is None:
        raise BadEvent(ErrorCode.UNSUPPORTED, f"{at}.category", "A category that is not known")
    conditions = tuple(
        _condition(one, f"{at}.conditions[{number}]") for number, one in enumerate(rule.conditions or ())
    )
    actions = tuple(
        action for number, one in enumerate(rule.actions or ()) for action in _actions(one, f"{at}.actions[{number}]")
    )
    return Rule(rule_id=rule.id, order=rule.order or 0, category=category, conditions=conditions, actions=actions)


def _condition(one: shapes.Condition, at: str) -> Condition:
    make = _CONDITIONS.get(one.type)
    if make is None:
        raise BadEvent(ErrorCode.UNSUPPORTED, f"{at}.type", "A condition that has no counterpart")
    return make(one, at)


def _code(one: shapes.Condition, at: str) -> Condition:
    return WrapUpCodeCondition(inverted=one.inverted, codes=_some(one.codes, f"{at}.codes"))


def _analysis(one: shapes.Condition, at: str) -> Condition:
    found = analysis_of((one.value or "").replace(" ", "").replace("_", ""))
    if found is None or (one.operator or "EQUALS") != "EQUALS":
        raise BadEvent(ErrorCode.UNSUPPORTED, f"{at}.value", "A result of call analysis that is not known")
    return CallAnalysisCondition(inverted=one.inverted, results=(found,))


def _attribute(one: shapes.Condition, at: str) -> Condition:
    return ContactAttributeCondition(
        inverted=one.inverted,
        attribute=one.attribute_name or "",
        operator=_word(Operator, one.operator, f"{at}.operator"),
        value=one.value or "",
        value_type=_word(ValueType, one.value_type, f"{at}.valueType"),
    )


def _number(one: shapes.Condition, at: str) -> Condition:
    return PhoneNumberCondition(
        inverted=one.inverted, operator=_word(Operator, one.operator, f"{at}.operator"), value=one.value or ""
    )


def _column(one: shapes.Condition, at: str) -> Condition:
    listed = one.operator == "IN"
    if not listed and (one.operator or "EQUALS") != "EQUALS":
        raise BadEvent(ErrorCode.UNSUPPORTED, f"{at}.operator", "A type of number is compared with EQUALS or IN")
    words = (one.value or "").split(",") if listed else [one.value or ""]
    columns = tuple(word.strip() for word in words if word.strip())
    return PhoneColumnCondition(inverted=one.inverted, columns=_some(columns, f"{at}.value"))


def _property(one: shapes.Condition, at: str) -> Condition:
    kind, _, scope = (one.property_type or "").partition("_BY_")
    if not scope:
        kind, _, scope = (one.property_type or "").rpartition("_")
    kinds = {
        "LAST_ATTEMPT": ContactProperty.LAST_ATTEMPT,
        "LAST_WRAPUP": ContactProperty.LAST_WRAP_UP,
        "LAST_RESULT": ContactProperty.LAST_WRAP_UP,
    }
    scopes = {"COLUMN": PropertyScope.NUMBER, "OVERALL": PropertyScope.OVERALL}
    if kind not in kinds or scope not in scopes:
        raise BadEvent(ErrorCode.UNSUPPORTED, f"{at}.propertyType", "A property that has no counterpart")
    return ContactPropertyCondition(
        inverted=one.inverted,
        property=kinds[kind],
        scope=scopes[scope],
        operator=_word(Operator, one.operator, f"{at}.operator"),
        value=one.value or "",
    )


_CONDITIONS: dict[str, Callable[[shapes.Condition, str], Condition]] = {
    "wrapupCondition": _code,
    "systemDispositionCondition": _code,
    "callAnalysisCondition": _analysis,
    "contactAttributeCondition": _attribute,
    "phoneNumberCondition": _number,
    "phoneNumberTypeCondition": _column,
    "contactPropertyCondition": _property,
}


def _actions(one: shapes.Action, at: str) -> list[Action]:
    name, properties = one.action_type_name or "", one.properties or {}
    if name in LEFT_OUT:
        return []
    if name in _PLAIN:
        return [_PLAIN[name]]
    match name:
        case "SCHEDULE_CALLBACK":
            return [_schedule(properties, at)]
        case "MODIFY_CONTACT_ATTRIBUTE":
            return _attributes(one.update_option, properties, at)
        case "APPEND_NUMBER_TO_DNC_LIST":
            return [_append(properties, at)]
    raise BadEvent(ErrorCode.UNSUPPORTED, f"{at}.actionTypeName", "An action that has no counterpart")


def _schedule(properties: Mapping[str, Any], at: str) -> Action:
    offset = str(properties.get("callbackOffset", ""))
    if not _MINUTES.match(offset):
        raise BadEvent(ErrorCode.INVALID, f"{at}.properties.callbackOffset", "Expected minutes as digits")
    return ScheduleCallback(offset_minutes=int(offset))


def _attributes(update: str | None, properties: Mapping[str, Any], at: str) -> list[Action]:
    how = _word(AttributeUpdate, update or "SET", f"{at}.updateOption")
    if any(value is not None and not isinstance(value, str) for value in properties.values()):
        raise BadEvent(ErrorCode.INVALID, f"{at}.properties", "Expected `str`")
    return [SetAttribute(attribute=name, update=how, value=value) for name, value in properties.items()]


def _append(properties: Mapping[str, Any], at: str) -> Action:
    if str(properties.get("expire", "false")).lower() != "true":
        return AppendToDnc()
    found = _DAYS.match(str(properties.get("expirationDuration", "")))
    if found is None:
        path = f"{at}.properties.expirationDuration"
        raise BadEvent(ErrorCode.UNSUPPORTED, path, "An entry expires after whole days, such as P30D")
    return AppendToDnc(expires_after_days=int(found[1]))


def _some(found: tuple[str, ...] | None, at: str) -> tuple[str, ...]:
    if not found:
        raise BadEvent(ErrorCode.INVALID, at, "There is nothing to compare with")
    return found


def _word(words: Any, given: str | None, at: str) -> Any:
    """The member of an enum that has the name, in capitals, of a word of Genesys."""
    try:
        return words[given or ""]
    except KeyError:
        raise BadEvent(ErrorCode.UNSUPPORTED, at, "A word that has no counterpart") from None
