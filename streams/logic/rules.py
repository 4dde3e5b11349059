"""Rule sets compiled for evaluation, and which wrap-up rules match a wrap-up.

A rule with a condition that is not built never matches, inverted or not: see `_never`. Actions that are not built are
ignored: see `NOT_BUILT_ACTIONS`. Source: docs/rules.md, section 5.
"""

from collections.abc import Callable, Iterator, Mapping
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
    """One wrap-up rule, ready to be asked. tests: its conditions, but for those on the wrap-up code."""

    rule_set_id: str
    rule_id: str
    tests: tuple[Test, ...]
    actions: tuple[Action, ...]

    def matches(self, event: WrapUp) -> bool:
        """Whether the other conditions hold, too, for a wrap-up whose code fits."""
        return not self.tests or all(test(event) for test in self.tests)


@dataclass(frozen=True, slots=True)
class CompiledRuleSet:
    """The wrap-up rules of one rule set, in their order, sorted by the code they are for.

    by_code: for each code that a rule names, the rules whose code conditions it fits. otherwise: the rules whose code
    conditions every other code fits.
    """

    by_code: Mapping[str, tuple[CompiledRule, ...]]
    otherwise: tuple[CompiledRule, ...]

    def matching(self, event: WrapUp) -> Iterator[CompiledRule]:
        """The rules that match a wrap-up, in their order."""
        for rule in self.by_code.get(event.wrap_up_code, self.otherwise):
            if rule.matches(event):
                yield rule


def compile_rule_set(rule_set: RuleSet) -> CompiledRuleSet:
    """Prepare a rule set, once per version of it.

    The wrap-up code decides nearly every rule, so it is looked up; no event has to ask all rules.
    """
    wrap_up = [rule for rule in rule_set.rules if rule.category is RuleCategory.WRAP_UP]
    rules = [(rule, _compile(rule_set.rule_set_id, rule)) for rule in sorted(wrap_up, key=lambda rule: rule.order)]
    codes = {code for rule, _ in rules for condition in _on_code(rule) for code in condition.codes}
    return CompiledRuleSet(
        by_code={code: tuple(compiled for rule, compiled in rules if _fits(rule, code)) for code in codes},
        otherwise=tuple(compiled for rule, compiled in rules if _fits(rule, None)),
    )


def _fits(rule: Rule, code: str | None) -> bool:
    """Whether a code, or with None one that no rule names, fits the rule's conditions on it."""
    return all((code in condition.codes) is not bool(condition.inverted) for condition in _on_code(rule))


def _on_code(rule: Rule) -> list[WrapUpCodeCondition]:
    return [condition for condition in rule.conditions if isinstance(condition, WrapUpCodeCondition)]


def _compile(rule_set_id: str, rule: Rule) -> CompiledRule:
    others = (condition for condition in rule.conditions if not isinstance(condition, WrapUpCodeCondition))
    return CompiledRule(rule_set_id, rule.rule_id, tuple(_test(condition) for condition in others), rule.actions)


def _test(condition: Condition) -> Test:
    match condition:
        case CallAnalysisCondition():
            results, inverted = frozenset(condition.results), bool(condition.inverted)
            return lambda event: (event.call_analysis in results) is not inverted
        case _:
            return _never


def _never(event: WrapUp) -> bool:
    """Stands for every condition that is not built: what cannot be evaluated must not lead to a call."""
    return False
