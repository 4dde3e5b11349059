"""What is true, from the topics alone, and what Prometheus says about the same."""

import itertools
import json
from collections import Counter

from tests.kafka.cluster import PARTITIONS
from tests.observed.api import Api
from tests.observed.load import Load
from topics.records import CallbackState

HELD = {"waiting": "campaign_off"}
IN_HAND = ("presented", "dialing")
SPAN = "[1h]"


def lifetimes(api: Api, counter: str, label: str) -> Counter[str]:
    """What processes counted in all, by a label: of each its latest value, also of those that have ended.

    A process counts from 0; a smaller value than before is another process on the same port.
    """
    counted: Counter[str] = Counter()
    for labels, samples in api.raw(f"{counter}{SPAN}"):
        values = [value for _, value in samples]
        ends = [before for before, after in itertools.pairwise(values) if after < before]
        counted[labels[label]] += int(sum(ends) + values[-1])
    return +counted


def by(api: Api, expression: str, label: str) -> Counter[str]:
    """The values of a query by one label, without those that are 0."""
    return +Counter({labels[label]: int(value) for labels, value in api.query(expression)})


def differences(api: Api, load: Load) -> list[str]:
    """What Prometheus says otherwise than the topics, a line each; nothing of ours is under way."""
    state = load.outstanding()
    assert set(state) <= set(CallbackState)
    held = sum(count for name, count in state.items() if name in HELD)
    transitions = Counter(
        value["transition"] for record in load.written("callback-lifecycle") if (value := json.loads(record.value))
    )
    commands = Counter({topic: len(load.written(topic)) for topic in ("dial-preview", "dial-analysis")})
    events = Counter({topic: len(load.written(topic)) for topic in ("callback-scheduled", "wrap-up", "contacts")})
    told = {
        "outstanding by state": by(api, "ringback:callbacks_outstanding:sum", "state"),
        "commands": lifetimes(api, "ringback_commands_total", "topic"),
        "transitions": lifetimes(api, "ringback_transitions_total", "transition"),
        "events": lifetimes(api, 'ringback_events_total{topic!="placement-requested"}', "topic"),
        "ready": Counter(partitions=int(api.one("ringback:partitions_ready:count") or 0)),
        "overdue": by(api, "ringback:callbacks_overdue:sum", "waits_for"),
        "lag": by(api, "ringback:consumer_lag:sum", "topic"),
        "in hand": by(api, 'sum by (job) (ringback:command_age_seconds_bucket:sum{le="+Inf"})', "job"),
    }
    true = {
        "outstanding by state": state,
        "commands": +commands,
        "transitions": transitions,
        "events": +events,
        "ready": Counter(partitions=PARTITIONS),
        "overdue": +Counter(campaign_off=held),
        "lag": Counter(),
        "in hand": +Counter(ringback=sum(state[name] for name in IN_HAND)),
    }
    return [
        f"{name}: {dict(told[name])} for {dict(expected)}" for name, expected in true.items() if told[name] != expected
    ]
