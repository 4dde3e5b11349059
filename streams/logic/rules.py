"""Rule sets and contact filters, compiled for evaluation once for each version of them.

It evaluates and does nothing else: what the actions of a rule lead to is in `streams.logic.actions`.
Source: docs/rules.md, section 5; docs/decisions/0013-conditions-have-three-outcomes.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from streams.logic.conditions import Test, all_hold, compile_condition
from streams.logic.occasion import Occasion
from topics.rules import Action, Condition, Rule, RuleCategory, RuleSet, WrapUpCodeCondition

Filter = Callable[[Occasion], bool | None]
"""Whether a contact passes; None if that cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule, ready to be asked. tests: its conditions; of a wrap-up rule without those on the wrap-up code."""

    rule_set_id: str
    rule_id: str
    tests: tuple[Test, ...]
    actions: tuple[Action, ...]

    def holds(self, occasion: Occasion) -> bool | None:
        """Whether all its conditions hold; None if that cannot be evaluated."""
        return all_hold(self.tests, occasion)


@dataclass(frozen=True, slots=True)
class CompiledRuleSet:
    """The rules of one rule set, in their order; wrap-up rules are sorted by the code they are for.

    by_code: for each code that a wrap-up rule names, the rules whose code conditions it fits. otherwise: the rules
    whose code conditions every other code fits. before_call: the pre-call rules.
    """

    by_code: Mapping[str, tuple[CompiledRule, ...]]
    otherwise: tuple[CompiledRule, ...]
    before_call: tuple[CompiledRule, ...]

    def wrap_up(self, occasion: Occasion) -> Iterator[CompiledRule]:
        """The wrap-up rules that match, in their order. One that cannot be evaluated does not."""
        assert occasion.wrap_up is not None, "wrap-up rules need a wrap-up"
        for rule in self.by_code.get(occasion.wrap_up.wrap_up_code, self.otherwise):
            if not rule.tests or rule.holds(occasion):
                yield rule

    def pre_call(self, occasion: Occasion) -> Iterator[tuple[CompiledRule, bool | None]]:
        """The pre-call rules that match (True) or cannot be evaluated (None), in their order."""
        for rule in self.before_call:
            held = rule.holds(occasion)
            if held is not False:
                yield rule, held


def compile_rule_set(rule_set: RuleSet) -> CompiledRuleSet:
    """Prepare a rule set, once per version of it.

    The wrap-up code decides nearly every wrap-up rule, so it is looked up; no event has to ask all rules.
    """
    ordered = sorted(rule_set.rules, key=lambda rule: rule.order)
    wrap_up = [rule for rule in ordered if rule.category is RuleCategory.WRAP_UP]
    rules = [(rule, _compile(rule_set.rule_set_id, rule, without_code=True)) for rule in wrap_up]
    codes = {code for rule in wrap_up for condition in _on_code(rule) for code in condition.codes}
    return CompiledRuleSet(
        by_code={code: tuple(compiled for rule, compiled in rules if _fits(rule, code)) for code in codes},
        otherwise=tuple(compiled for rule, compiled in rules if _fits(rule, None)),
        before_call=tuple(
            _compile(rule_set.rule_set_id, rule) for rule in ordered if rule.category is RuleCategory.PRE_CALL
        ),
    )


def compile_filter(conditions: tuple[Condition, ...]) -> Filter:
    """Prepare a campaign's contact filter, all of whose conditions must hold."""
    tests = tuple(compile_condition(condition) for condition in conditions)
    return lambda occasion: all_hold(tests, occasion)


def _fits(rule: Rule, code: str | None) -> bool:
    """Whether a code, or with None one that no rule names, fits the rule's conditions on it."""
    return all((code in condition.codes) is not bool(condition.inverted) for condition in _on_code(rule))


def _on_code(rule: Rule) -> list[WrapUpCodeCondition]:
    return [condition for condition in rule.conditions if isinstance(condition, WrapUpCodeCondition)]


def _compile(rule_set_id: str, rule: Rule, *, without_code: bool = False) -> CompiledRule:
    conditions = [one for one in rule.conditions if not (without_code and isinstance(one, WrapUpCodeCondition))]
    return CompiledRule(rule_set_id, rule.rule_id, tuple(map(compile_condition, conditions)), rule.actions)
