"""Calls that were not made: ends without a call, refusals and dead letters, each with its reason."""

from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana.ringback_dashboards.frame import alerts_now, frame
from grafana.ringback_dashboards.parts import CALM, bars, graph, number
from grafana.ringback_dashboards.promql import increase, seen

ENDS = "blocked|expired|owner_expired|cancelled|not_dialed"
"""Transitions by which a callback ends and no call is made for it."""
SHOWN = "$__range"


def _transition(name: str) -> str:
    return f'transition=~"{name}"' if "|" in name else f'transition="{name}"'


def _share(part: str, whole: str) -> str:
    return f"{part} / ({whole} > 0)"


def build(docs: str) -> Dashboard:
    """The page."""
    page = frame(
        "ringback-not-made",
        "Ringback / Calls that were not made",
        "Callbacks that ended without a call, placements that were refused and events that could not be used, with "
        "their reasons.",
        docs,
    )
    for panel in _numbers():
        page = page.with_panel(panel)
    for title, panels in (
        ("Callbacks that ended without a call", _ends()), ("Calls that were refused", _placements()),
        ("Events that could not be used", _dead_letters()),
    ):  # fmt: skip
        page = page.with_row(Row(title))
        for panel in panels:
            page = page.with_panel(panel)
    return page


def _numbers() -> list[Any]:
    grew = "ringback_transitions_total"
    made = increase("ringback_commands_total", over=SHOWN)
    blocked, ended = (increase(grew, _transition(name), over=SHOWN) for name in ("blocked", ENDS))
    refused = increase("ringback_placements_total", 'allowed="false"', over=SHOWN)
    bad = ((None, "green"), (1, "yellow"))
    return [
        number("Ended without a call", "Share of callbacks that ended in the shown time and for which no call "
               "was made.",
               _share(ended, increase(grew, _transition(f"{ENDS}|completed"), over=SHOWN)), "percentunit",
               ((None, "green"), (0.1, "yellow"), (0.5, "red")), none="No callback ended", decimals=1,
               alerts=["RingbackBlockedJump"]),
        number("Blocked", "Share of callbacks that were blocked by a check when their turn came, in the shown time.",
               _share(blocked, f"({blocked} + {made})"), "percentunit",
               ((None, "green"), (0.05, "yellow"), (0.25, "red")), none="None was due", decimals=1,
               alerts=["RingbackBlockedJump"]),
        number("Expired", "Callbacks that expired in the shown time: too late, no outcome came, or the window "
               "was over.",
               increase(grew, _transition("expired|owner_expired"), over=SHOWN), "short", bad, decimals=0),
        number("Given back by dialers", "Callbacks that a dialer said it did not dial, in the shown time.",
               increase(grew, _transition("not_dialed"), over=SHOWN), "short", CALM, decimals=0),
        number("Placements refused", "Share of placement requests whose call was not allowed, in the shown time.",
               _share(refused, increase("ringback_placements_total", over=SHOWN)), "percentunit",
               ((None, "green"), (0.25, "yellow"), (0.75, "red")), none="No request", decimals=1),
        number("Dead letters", "Events that could not be used, in the shown time.",
               increase("ringback_dead_letters_total", over=SHOWN), "short", bad, decimals=0,
               alerts=["RingbackDeadLetters"]),
    ]  # fmt: skip


def _reasons(title: str, description: str, transition: str, **how: Any) -> Any:
    query = seen("ringback_transition_reasons_total", _transition(transition), group=("reason",))
    return graph(title, description, {"{{reason}}": query}, "short", stack=True, none="None in this time", **how)


def _ends() -> list[Any]:
    ends = increase("ringback_transitions_total", _transition(f"{ENDS}|rejected"), group=("transition",))
    ranked = increase("ringback_transition_reasons_total", group=("transition", "reason"), over=SHOWN)
    return [
        graph("Ends without a call", "Callbacks that ended and for which no call was made, by how they ended; rejected "
              "are events that changed no callback.", {"{{transition}}": ends}, "short", stack=True,
              alerts=["RingbackBlockedJump"]),
        _reasons("Blocked by reason", "Checks that failed when the turn of a callback came; one callback may have "
                 "several. A reason that jumps is mostly configuration.", "blocked", alerts=["RingbackBlockedJump"]),
        _reasons("Expired by reason", "Why callbacks expired.", "expired|owner_expired"),
        _reasons("Not dialed by reason", "Why dialers gave commands back; returned ones are due again.", "not_dialed"),
        _reasons("Rejected and cancelled by reason", "Why events about callbacks changed nothing, and why callbacks "
                 "were cancelled.", "rejected|cancelled"),
        bars("The most frequent reasons", "Reasons of all transitions in the shown time.",
             f"topk(12, {ranked} > 0.5)", "short", legend="{{transition}}: {{reason}}", none="None in this time"),
    ]  # fmt: skip


def _placements() -> list[Any]:
    answers = increase("ringback_placements_total", group=("allowed",))
    reasons = seen("ringback_placement_refusals_total", group=("reason",))
    return [
        graph("Placement requests", "Answers to placement requests, by whether the call was allowed.",
              {"allowed: {{allowed}}": answers}, "short", stack=True),
        graph("Placements refused by reason", "Checks that failed in answers; one answer may name several.",
              {"{{reason}}": reasons}, "short", stack=True, none="None in this time"),
    ]  # fmt: skip


def _dead_letters() -> list[Any]:
    letters = seen("ringback_dead_letters_total", group=("code",))
    events = increase("ringback_events_total", group=("topic", "result"))
    return [
        graph("Dead letters by code", "Events that could not be used, by error code. Any growth: somebody sends events "
              "that nobody can use.", {"{{code}}": letters}, "short", stack=True, none="None in this time",
              alerts=["RingbackDeadLetters"]),
        graph("Events by topic and result", "Events read, by whether they were applied or became a dead letter.",
              {"{{topic}} {{result}}": events}, "short", stack=True),
        alerts_now((24, 7)),
    ]  # fmt: skip
