"""Every way through the life of a callback, as the table of `lifecycle.py` has it, is gone in a scenario."""

import re

from streams.logic.contact.state import Status
from streams.logic.decisions.lifecycle import LEADS_TO, TABLE, State
from tests.rules.scenario import expected, with_dialogues
from topics.records import Transition

SAID = re.compile(r"^.{19} < callback-lifecycle +(\S+) +(\w+), (\S+?)(?:,|$)")


def gone() -> set[tuple[State, Transition]]:
    """The state before, and the transition, of each record of the lifecycle that a dialogue shows."""
    ways: set[tuple[State, Transition]] = set()
    for path in with_dialogues():
        states: dict[tuple[str, str], Status] = {}
        for line in expected(path):
            if (said := SAID.match(line)) is None:
                continue
            callback, transition = (said[1], said[3]), Transition(said[2])
            ways.add((states.get(callback), transition))
            if transition in LEADS_TO:
                states[callback] = LEADS_TO[transition]
    return ways


def test_every_transition_of_the_table_happens_in_a_scenario() -> None:
    table = {(row.state, row.transition) for row in TABLE if row.transition is not Transition.REJECTED}
    assert {f"{state} {transition}" for state, transition in table - gone()} == set()
