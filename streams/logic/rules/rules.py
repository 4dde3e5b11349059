"""Rule sets and contact filters, compiled for evaluation once for each version of them.

It evaluates and does nothing else: what the actions of a rule lead to is in `streams.logic.decisions.actions`.
Source: docs/rules.md, section 5; docs/decisions/0013-conditions-have-three-outcomes.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter

from streams.logic.contact.occasion import Occasion
from streams.logic.rules.conditions import Test, all_hold, compile_condition
from topics.rules import Action, Condition, Rule, RuleCategory, RuleSet, WrapUpCodeCondition

Filter = Callable[[Occasion], bool | None]
"""Whether a contact passes; None if that cannot be evaluated. Raises TooMuchWork."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule, ready to be asked.

    tests: its conditions; of a wrap-up rule without those on the wrap-up code. place: among the rules of its rule set.
    not_for: of a wrap-up rule, codes that it does not fit.
    """

    rule_set_id: str
    rule_id: str
    tests: tuple[Test, ...]
    actions: tuple[Action, ...]
    place: int = 0
    not_for: frozenset[str] = frozenset()

    def holds(self, occasion: Occasion) -> bool | None:
        """Whether all its conditions hold; None if that cannot be evaluated. Raises TooMuchWork."""
        occasion.work.spend(1 + len(self.tests))
        held = all_hold(self.tests, occasion)
        if held:
            occasion.work.spend(len(self.actions))
        return held


@dataclass(frozen=True, slots=True)
class CompiledRuleSet:
    """The rules of one rule set, in their order; wrap-up rules are sorted by the code they are for.

    by_code: for each code that wrap-up rules are for by name, those rules. otherwise: the wrap-up rules that name none
    they are for, and so are asked about every code but those that they name as none of theirs. before_call: the
    pre-call rules. What it takes to make this, and to keep it, is in proportion to the record.
    """

    by_code: Mapping[str, Sequence[CompiledRule]]
    otherwise: tuple[CompiledRule, ...]
    before_call: tuple[CompiledRule, ...]

    def wrap_up(self, occasion: Occasion) -> Iterator[CompiledRule]:
        """The wrap-up rules that match, in their order. One that cannot be evaluated does not. Raises TooMuchWork."""
        assert occasion.wrap_up is not None, "wrap-up rules need a wrap-up"
        code = occasion.wrap_up.wrap_up_code
        named = self.by_code.get(code, ())
        for rule in merge(named, self.otherwise, key=_PLACE) if named and self.otherwise else named or self.otherwise:
            if code in rule.not_for:
                occasion.work.spend(1)
            elif rule.holds(occasion):
                yield rule

    def pre_call(self, occasion: Occasion) -> Iterator[tuple[CompiledRule, bool | None]]:
        """The pre-call rules that match (True) or cannot be evaluated (None), in their order. Raises TooMuchWork."""
        for rule in self.before_call:
            held = rule.holds(occasion)
            if held is not False:
                yield rule, held


_PLACE = attrgetter("place")


def compile_rule_set(rule_set: RuleSet) -> CompiledRuleSet:
    """Prepare a rule set, once per version of it.

    The wrap-up code decides nearly every wrap-up rule, so it is looked up; no event has to ask all rules.
    """
    by_code: dict[str, list[CompiledRule]] = {}
    otherwise: list[CompiledRule] = []
    before_call: list[CompiledRule] = []
    for place, rule in enumerate(sorted(rule_set.rules, key=lambda rule: rule.order)):
        if rule.category is RuleCategory.PRE_CALL:
            before_call.append(_compile(rule_set.rule_set_id, rule, rule.conditions, place))
            continue
        on_code, others = _by_kind(rule.conditions)
        fits, not_for = _codes(on_code)
        compiled = _compile(rule_set.rule_set_id, rule, others, place, frozenset() if fits is not None else not_for)
        if fits is None:
            otherwise.append(compiled)
        for code in fits or ():
            by_code.setdefault(code, []).append(compiled)
    return CompiledRuleSet(by_code, tuple(otherwise), tuple(before_call))


def compile_filter(conditions: tuple[Condition, ...]) -> Filter:
    """Prepare a campaign's contact filter, all of whose conditions must hold."""
    tests = tuple(compile_condition(condition) for condition in conditions)

    def passes(occasion: Occasion) -> bool | None:
        occasion.work.spend(len(tests))
        return all_hold(tests, occasion)

    return passes


def _by_kind(conditions: tuple[Condition, ...]) -> tuple[list[WrapUpCodeCondition], list[Condition]]:
    """The conditions on the wrap-up code, and all others."""
    on_code: list[WrapUpCodeCondition] = []
    others: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, WrapUpCodeCondition):
            on_code.append(condition)
        else:
            others.append(condition)
    return on_code, others


def _codes(on_code: Sequence[WrapUpCodeCondition]) -> tuple[set[str] | None, frozenset[str]]:
    """The codes that fit all the conditions, None if all do but the second ones, which do not."""
    not_for = frozenset(code for condition in on_code if condition.inverted for code in condition.codes)
    named = [set(condition.codes) for condition in on_code if not condition.inverted]
    return (set.intersection(*named) - not_for if named else None), not_for


def _compile(
    rule_set_id: str, rule: Rule, conditions: Iterable[Condition], place: int, not_for: frozenset[str] = frozenset()
) -> CompiledRule:
    tests = tuple(map(compile_condition, conditions))
    return CompiledRule(rule_set_id, rule.rule_id, tests, rule.actions, place, not_for)
