"""Whether it adds up: the sums of the tally, and its differences from what the story says must come of it. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from streams.dev.demo.tally import ALLOWED, ANALYSIS, ENDED, PREVIEW, TOPIC_OF, Expected, Life, Tally
from topics.records import Transition

NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Account:
    """One sum: the total, and what it is made of."""

    name: str
    total: int
    parts: tuple[tuple[str, int], ...]

    @property
    def adds_up(self) -> bool:
        """Whether the parts make the total."""
        return self.total == sum(count for _, count in self.parts)

    def __str__(self) -> str:
        """The sum on one line."""
        sign = "=" if self.adds_up else "IS NOT"
        return f"{self.name}: {self.total:,} {sign} " + " + ".join(f"{count:,} {part}" for part, count in self.parts)


def accounts(tally: Tally) -> tuple[Account, ...]:
    """The sums that must hold whatever was sent."""
    lives = tally.lives.values()
    first = Counter(_first(life) for life in lives)
    since = Counter(_since(life) for life in lives if _gone_out(life))
    return (
        Account("scheduled, by what came first", tally.transitions(Transition.SCHEDULED), tuple(first.most_common())),
        Account("presented and dialed", first["presented"] + first["dialed"], tuple(since.most_common())),
        Account(
            "commands read",
            sum(count for commands in tally.commands.values() for count in commands.values()),
            (
                ("presented", tally.transitions(Transition.PRESENTED)),
                ("dialing", tally.transitions(Transition.DIALING)),
            ),
        ),
        Account("outstanding in the view", sum(tally.views.values()), (("by the lifecycle", tally.outstanding),)),
    )


def comparison(tally: Tally, expected: Expected) -> list[tuple[str, int, int]]:
    """Figures by name: what the story expects, and what was seen."""
    ends = expected.ends.values()
    states = Counter(end.state for end in ends)
    ended = [
        (f"callbacks {state}", states[state], tally.standing(state))
        for state in sorted(ENDED & (states.keys() | _states(tally)))
    ]
    return [
        ("callbacks scheduled", len(ends), tally.transitions(Transition.SCHEDULED)),
        (f"commands on {PREVIEW}", sum(end.previews for end in ends), tally.commands[PREVIEW].total()),
        (f"commands on {ANALYSIS}", sum(end.analyses for end in ends), tally.commands[ANALYSIS].total()),
        *ended,
        ("callbacks outstanding", sum(end.state not in ENDED for end in ends), tally.outstanding),
        ("placements allowed", expected.placements[ALLOWED], tally.placements[ALLOWED]),
        ("placements refused", _refused(expected.placements), _refused(tally.placements)),
        ("events rejected", expected.rejections.total(), tally.rejections.total()),
        ("dead letters", expected.dead_letters.total(), tally.dead_letters.total()),
    ]


def differences(tally: Tally, expected: Expected) -> list[str]:
    """What does not add up, a line each; empty when all of it does."""
    return [
        *(f"does not add up: {account}" for account in accounts(tally) if not account.adds_up),
        *_wrong_ends(tally, expected),
        *_commands(tally),
        *_counts("placements", tally.placements, expected.placements),
        *_counts("rejections", tally.rejections, expected.rejections),
        *_counts("dead letters", tally.dead_letters, expected.dead_letters),
    ]


def _refused(placements: Counter[str]) -> int:
    return placements.total() - placements[ALLOWED]


def _states(tally: Tally) -> set[Transition]:
    return {life.state for life in tally.lives.values()}


def _gone_out(life: Life) -> bool:
    return any(life.counts[transition] for transition in TOPIC_OF)


def _first(life: Life) -> str:
    """How a callback went out first, or how it stands if it has not."""
    if life.counts[Transition.PRESENTED]:
        return "presented"
    if life.counts[Transition.DIALING]:
        return "dialed"
    if life.state in ENDED:
        return str(life.state)
    return "waiting" if life.state is Transition.WAITING else "not due"


def _since(life: Life) -> str:
    """Where a callback that has gone out stands."""
    if life.state in TOPIC_OF:
        return "without an outcome yet"
    return "arranged anew" if life.state is Transition.RESCHEDULED else str(life.state)


def _wrong_ends(tally: Tally, expected: Expected) -> Iterator[str]:
    seen = {name: life.end for name, life in tally.lives.items()}
    wrong = [name for name in seen.keys() | expected.ends.keys() if seen.get(name) != expected.ends.get(name)]
    for name in sorted(wrong)[:NAMED_AT_MOST]:
        yield f"callback {name[1]} of {name[0]}: expected {expected.ends.get(name)}, seen {seen.get(name)}"
    if len(wrong) > NAMED_AT_MOST:
        yield f"and {len(wrong) - NAMED_AT_MOST} more callbacks that are not as expected"


def _commands(tally: Tally) -> Iterator[str]:
    repeated = sum(count - 1 for count in tally.command_ids.values())
    if repeated:
        yield f"{repeated} commands were repeated"
    if tally.early:
        yield f"{len(tally.early)} commands were early, the first for callback {tally.early[0][1]}"
    for topic in (PREVIEW, ANALYSIS):
        (transition,) = (transition for transition, its in TOPIC_OF.items() if its == topic)
        said = Counter({name: life.counts[transition] for name, life in tally.lives.items()})
        astray = (said - tally.commands[topic]) + (tally.commands[topic] - said)
        if astray:
            yield f"{topic}: {sum(astray.values())} commands without their transition, or the reverse"


def _counts(what: str, seen: Counter[str], expected: Counter[str]) -> Iterator[str]:
    for word in sorted(seen.keys() | expected.keys()):
        if seen[word] != expected[word]:
            yield f"{what} {word}: expected {expected[word]}, seen {seen[word]}"
