"""Metrics of callbacks: whether they go out on time, what waits and for what, and how they end."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from streams.base.metrics.ages import Ages
from streams.base.metrics.registry import COMMAND_TOPICS, LATENESS_BUCKETS, REGISTRY
from streams.logic.contact.exchange import LatenessCause
from topics.records import PLACEMENT_REASONS, Reason, Transition

LATENESS = Histogram(
    "ringback_lateness_seconds",
    "From the due time of a callback to its dial command, by topic of the command and cause of the delay.",
    ["topic", "cause"],
    buckets=LATENESS_BUCKETS,
    registry=REGISTRY,
)
COMMANDS = Counter("ringback_commands_total", "Dial commands written, by topic.", ["topic"], registry=REGISTRY)
OUTSTANDING = Gauge(
    "ringback_callbacks_outstanding",
    "Callbacks scheduled and not ended, by partition and state.",
    ["partition", "state"],
    registry=REGISTRY,
)
DUE_WITHIN_MINUTE = Gauge(
    "ringback_callbacks_due_within_minute",
    "Callbacks that fall due within the next minute.",
    ["partition"],
    registry=REGISTRY,
)
OVERDUE = Gauge(
    "ringback_callbacks_overdue",
    "Callbacks that fell due more than a second ago and have no command yet, by what they wait for: the worker, or "
    "what holds their campaign.",
    ["partition", "waits_for"],
    registry=REGISTRY,
)
OLDEST_OVERDUE = Gauge(
    "ringback_oldest_overdue_seconds",
    "How long ago the oldest of the overdue callbacks fell due; 0 if there is none.",
    ["partition", "waits_for"],
    registry=REGISTRY,
)
OVERDUE_AGES = Ages(
    "ringback_overdue_seconds",
    "How long ago each of the overdue callbacks fell due.",
    ["partition", "waits_for"],
    REGISTRY,
)
COMMAND_AGES = Ages(
    "ringback_command_age_seconds",
    "Age of each dial command without an outcome: neither a wrap-up nor a return has come, nor the callback's end.",
    ["partition", "topic"],
    REGISTRY,
)
TRANSITIONS = Counter(
    "ringback_transitions_total", "Transitions of callbacks, as callback-lifecycle has them.", ["transition"],
    registry=REGISTRY,
)  # fmt: skip
TRANSITION_REASONS = Counter(
    "ringback_transition_reasons_total",
    "Reasons of transitions; one transition may have several.",
    ["transition", "reason"],
    registry=REGISTRY,
)
TIMERS_RETRIED = Gauge(
    "ringback_timers_retried",
    "Timers and releases that are retried after an internal error; their callbacks are outstanding.",
    ["partition"],
    registry=REGISTRY,
)

# Of the campaigns that the setting metrics_campaigns names.
CAMPAIGN_OUTSTANDING = Gauge(
    "ringback_campaign_outstanding",
    "Callbacks scheduled and not ended, of a campaign that the setting metrics_campaigns names.",
    ["partition", "campaign", "state"],
    registry=REGISTRY,
)
CAMPAIGN_OVERDUE = Gauge(
    "ringback_campaign_overdue",
    "Callbacks of such a campaign that fell due more than a second ago and have no command yet.",
    ["partition", "campaign", "waits_for"],
    registry=REGISTRY,
)
CAMPAIGN_TRANSITIONS = Counter(
    "ringback_campaign_transitions_total",
    "Transitions of callbacks of such a campaign.",
    ["campaign", "transition"],
    registry=REGISTRY,
)
CAMPAIGN_REASONS = Counter(
    "ringback_campaign_transition_reasons_total",
    "Reasons of transitions of such a campaign.",
    ["campaign", "transition", "reason"],
    registry=REGISTRY,
)

EXPIRY_REASONS = (Reason.TOO_LATE, Reason.NO_OUTCOME, Reason.WINDOW_OVER)
NOT_DIALED_REASONS = tuple(Reason)[tuple(Reason).index(Reason.SKIPPED) :]
REASONS_OF_ENDS = {
    Transition.BLOCKED: PLACEMENT_REASONS,
    Transition.EXPIRED: EXPIRY_REASONS,
    Transition.NOT_DIALED: NOT_DIALED_REASONS,
}
"""Of ends that have a reason; of other transitions a reason begins with its first event."""

# A series that begins with its first event hides that event from every rate, so every known series begins at 0.
for _topic in COMMAND_TOPICS:
    COMMANDS.labels(_topic)
    for _cause in LatenessCause:
        LATENESS.labels(_topic, _cause)


def _begin(transitions: Counter, reasons: Counter, *campaign: str) -> None:
    for transition in Transition:
        transitions.labels(*campaign, transition)
    for transition, known in REASONS_OF_ENDS.items():
        for reason in known:
            reasons.labels(*campaign, transition, reason)


_begin(TRANSITIONS, TRANSITION_REASONS)


def begin_campaigns(campaigns: Iterable[str]) -> None:
    """Begin the counters of the campaigns that have some of their own at 0."""
    for campaign in campaigns:
        _begin(CAMPAIGN_TRANSITIONS, CAMPAIGN_REASONS, campaign)


PER_PARTITION = (
    OUTSTANDING, DUE_WITHIN_MINUTE, OVERDUE, OLDEST_OVERDUE, OVERDUE_AGES, COMMAND_AGES, TIMERS_RETRIED,
    CAMPAIGN_OUTSTANDING, CAMPAIGN_OVERDUE,
)  # fmt: skip
