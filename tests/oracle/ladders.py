"""What the rules of a wrap-up want: the step of a ladder, the callback to schedule, what they call off. Docs: 9.4."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.oracle.conditions import Json
from tests.oracle.lives import Life

BEHIND = timedelta(minutes=5)
Rungs = dict[tuple[str, str, str], int]


@dataclass(frozen=True)
class CallOff:
    """What was arranged before `when` is called off, but for what was arranged in the conversation from `since` on."""

    when: datetime
    campaign_id: str | None
    origins: tuple[str, ...]
    conversation: str
    since: datetime | None

    def is_of(self, life: Life) -> bool:
        if self.campaign_id not in (None, life.campaign_id) or life.origin not in self.origins:
            return False
        if life.arranged_at >= self.when:
            return False
        in_this_one = life.conversation == self.conversation
        return not in_this_one or (self.since is not None and life.arranged_at < self.since - BEHIND)


@dataclass(frozen=True)
class Wish:
    """A callback that a rule wants."""

    rule: tuple[str, str]
    minutes: int
    at_local_time: str | None
    if_outstanding: str
    step: int | None
    steps: int | None


def _ladders(rule: Json) -> list[Json]:
    return [one for one in rule["actions"] if one["type"] == "schedule_callback" and one.get("offsets_minutes")]


def climb(rungs: Rungs, campaign_id: str, matched: list[Json], *, is_attempt: bool, right_party: bool) -> None:
    """Count an attempt: rules that matched take a step, the campaign's others start anew."""
    if not is_attempt:
        return
    with_ladder = {(campaign_id, rule["rule_set_id"], rule["rule_id"]) for rule in matched if _ladders(rule)}
    for key in [one for one in rungs if one[0] == campaign_id and one not in with_ladder]:
        del rungs[key]
    for key in with_ladder:
        rungs[key] = 1 if right_party else rungs.get(key, 0) + 1


def wanted(rungs: Rungs, campaign_id: str, matched: list[Json]) -> tuple[list[Wish], bool]:
    """All that the rules want, in their order, and whether a ladder has ended. The first alone is scheduled."""
    wishes, has_ended = [], False
    for rule in matched:
        taken = rungs.get((campaign_id, rule["rule_set_id"], rule["rule_id"]), 0)
        has_ladder = False
        for action in rule["actions"]:
            if action["type"] != "schedule_callback":
                continue
            ladder = action.get("offsets_minutes")
            step, steps = max(taken, 1), len(ladder or [])
            if ladder and has_ladder:
                continue
            has_ladder = has_ladder or bool(ladder)
            if ladder and step > steps:
                has_ended = True
                continue
            wishes.append(
                Wish(
                    (rule["rule_set_id"], rule["rule_id"]),
                    ladder[step - 1] if ladder else action["offset_minutes"],
                    action.get("at_local_time"),
                    action.get("if_outstanding", "add"),
                    step if ladder else None,
                    steps if ladder else None,
                )
            )
    return wishes, has_ended
