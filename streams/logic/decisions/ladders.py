"""Ladders: a rule that schedules the next attempt after a longer and longer time, and then no more.

Counted per campaign, rule and contact, by consecutive attempts on which the rule matched.
Source: docs/rules.md, section 9; docs/decisions/0044-ladders-and-call-offs.md.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from streams.logic.contact.limits import RUNGS_KEPT
from streams.logic.contact.state import Rung
from streams.logic.decisions.step import Step
from streams.logic.rules.rules import CompiledRule
from topics.rules import ScheduleCallback

RuleKey = tuple[str, str]
"""A rule: its rule_set_id and rule_id."""

FIRST_STEP = 1


def key_of(rule: CompiledRule) -> RuleKey:
    """By what a rule is known."""
    return rule.rule_set_id, rule.rule_id


def ladder_of(rule: CompiledRule) -> ScheduleCallback | None:
    """The ladder of a rule; of several the first, and None if it has none."""
    for action in rule.actions:
        if isinstance(action, ScheduleCallback) and action.offsets_minutes:
            return action
    return None


def climb(
    step: Step, campaign_id: str, matched: Sequence[CompiledRule], *, is_attempt: bool, right_party: bool
) -> Mapping[RuleKey, int]:
    """Count the first wrap-up of a call for the ladders of its campaign; returns at which step each that matched is.

    matched: the rules that matched, none if none were run. A step is counted from 1 and may be past the last one. What
    is no attempt takes no step and leaves each ladder at the step that it took last. Of more ladders than are
    remembered no step is returned.
    """
    known = step.contact.rungs
    if not (known or matched):
        return {}
    ladders = islice(dict.fromkeys(key_of(rule) for rule in matched if ladder_of(rule)), RUNGS_KEPT)
    taken = {(rung.rule_set_id, rung.rule_id): rung.taken for rung in known if rung.campaign_id == campaign_id}
    if not is_attempt:
        return {key: taken.get(key, FIRST_STEP) for key in ladders}
    if right_party:
        taken = {}
    steps = {key: taken.get(key, 0) + 1 for key in ladders}
    if known or steps:
        others = tuple(rung for rung in known if rung.campaign_id != campaign_id)
        own = tuple(Rung(campaign_id, *key, count) for key, count in steps.items())
        step.contact = replace(step.contact, rungs=(*others, *own)[-RUNGS_KEPT:])
    return steps
