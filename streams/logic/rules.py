"""Rule sets compiled for evaluation, and which wrap-up rules match a wrap-up.

A rule with a condition that is not built never matches, inverted or not: see `_never`. Actions that are not built are
ignored: see `NOT_BUILT_ACTIONS`. Source: docs/rules.md, section 5.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from topics.events import WrapUp
from topics.rules import (
    Action,
    AppendToDnc,
    CallAnalysisCondition,
    Condition,
    DoNotDial,
    MarkContactUncallable,
    MarkNumberUncallable,
    Rule,
    RuleCategory,
    RuleSet,
    SetAttribute,
    SwitchToPreview,
    WrapUpCodeCondition,
)

Test = Callable[[WrapUp], bool]

NOT_BUILT_ACTIONS = (
    DoNotDial,
    SwitchToPreview,
    SetAttribute,
    AppendToDnc,
    MarkContactUncallable,
    MarkNumberUncallable,
)
"""Actions that a wrap-up rule may name and that do nothing yet."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One wrap-up rule, ready to be asked."""

    rule_set_id: str
    rule_id: str
    tests: tuple[Test, ...]
    actions: tuple[Action, ...]

    def matches(self, event: WrapUp) -> bool:
        """Whether every condition holds for this wrap-up."""
        return all(test(event) for test in self.tests)


@dataclass(frozen=True, slots=True)
class CompiledRuleSet:
    """The wrap-up rules of one rule set, in their order."""

    wrap_up: tuple[CompiledRule, ...]


def compile_rule_set(rule_set: RuleSet) -> CompiledRuleSet:
    """Prepare a rule set once per version, so that no event has to look at how it is written down."""
    rules = sorted(rule_set.rules, key=lambda rule: rule.order)
    return CompiledRuleSet(
        wrap_up=tuple(_compile(rule_set.rule_set_id, rule) for rule in rules if rule.category is RuleCategory.WRAP_UP)
    )


def matching(rule_sets: Iterable[CompiledRuleSet], event: WrapUp) -> Iterator[CompiledRule]:
    """The wrap-up rules that match, rule set by rule set in the given order, rules by their own."""
    for rule_set in rule_sets:
        for rule in rule_set.wrap_up:
            if rule.matches(event):
                yield rule


def _compile(rule_set_id: str, rule: Rule) -> CompiledRule:
    tests = tuple(_test(condition) for condition in rule.conditions)
    return CompiledRule(rule_set_id, rule.rule_id, tests, rule.actions)


def _test(condition: Condition) -> Test:
    inverted = bool(condition.inverted)
    match condition:
        case WrapUpCodeCondition():
            codes = frozenset(condition.codes)
            return lambda event: (event.wrap_up_code in codes) is not inverted
        case CallAnalysisCondition():
            results = frozenset(condition.results)
            return lambda event: (event.call_analysis in results) is not inverted
        case _:
            return _never


def _never(event: WrapUp) -> bool:
    """Stands for every condition that is not built: what cannot be evaluated must not lead to a call."""
    return False
