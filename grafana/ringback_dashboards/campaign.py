"""Per campaign: of the campaigns that the setting `metrics_campaigns` names."""

from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana.ringback_dashboards.frame import chosen, frame
from grafana.ringback_dashboards.parts import CALM, bars, graph, number, words
from grafana.ringback_dashboards.promql import CHOSEN_WORKERS, increase, seen, total

CAMPAIGN = 'campaign=~"$campaign"'
SETTING = """**No data here?** Workers count by campaign only for the campaigns that the setting \
`metrics_campaigns` names, so that the number of series stays bounded. Set it for every worker, ids separated by \
commas, and restart them: `RINGBACK_METRICS_CAMPAIGNS=camp-1,camp-2`. \
[The settings](${docs}/settings.md) have it; [the pages](${docs}/dashboards.md) say how to read this one."""


def build(docs: str) -> Dashboard:
    """The page."""
    query = f"label_values(ringback_campaign_outstanding{{{', '.join(CHOSEN_WORKERS)}}}, campaign)"
    campaigns = chosen("campaign", "Campaign", query, "Campaigns that the setting metrics_campaigns names.")
    page = frame(
        "ringback-campaign",
        "Ringback / Per campaign",
        "What is outstanding and overdue, and how callbacks ended, for the campaigns that are counted by name.",
        docs,
        [campaigns],
    ).with_panel(
        words("When this page is empty", "Which setting to set when this page is empty.", SETTING, size=(24, 3))
    )
    for panel in _numbers():
        page = page.with_panel(panel)
    for title, panels in (("What waits", _waiting()), ("How callbacks ended", _ends())):
        page = page.with_row(Row(title))
        for panel in panels:
            page = page.with_panel(panel)
    return page


def _numbers() -> list[Any]:
    none = "See above"
    blocked = increase("ringback_campaign_transitions_total", CAMPAIGN, 'transition="blocked"', over="$__range")
    done = increase("ringback_campaign_transitions_total", CAMPAIGN, 'transition="completed"', over="$__range")
    return [
        number("Outstanding", "Callbacks scheduled and not ended.",
               total("ringback_campaign_outstanding", CAMPAIGN), "short", CALM, size=(6, 4), none=none),
        number("Overdue", "Callbacks that fell due over a second ago and have no command yet.",
               total("ringback_campaign_overdue", CAMPAIGN), "short", ((None, "green"), (1, "yellow")), size=(6, 4),
               none=none, alerts=["RingbackCampaignLate"]),
        number("Completed", "Callbacks that ended with a call, in the shown time.", done, "short", CALM, size=(6, 4),
               none=none, decimals=0),
        number("Blocked", "Callbacks that a check blocked, in the shown time.", blocked, "short",
               ((None, "green"), (1, "yellow")), size=(6, 4), none=none, decimals=0, alerts=["RingbackBlockedJump"]),
    ]  # fmt: skip


def _waiting() -> list[Any]:
    return [
        graph("Outstanding by campaign and state", "Callbacks scheduled and not ended, each partition counted once.",
              {"{{campaign}} {{state}}":
               total("ringback_campaign_outstanding", CAMPAIGN, group=("campaign", "state"))}, "short", stack=True),
        graph("Overdue by campaign and what it waits for", "Callbacks that fell due over a second ago and have no "
              "command yet.", {"{{campaign}} {{waits_for}}":
                       total("ringback_campaign_overdue", CAMPAIGN, group=("campaign", "waits_for"))}, "short",
              stack=True, alerts=["RingbackCampaignLate"]),
    ]  # fmt: skip


def _ends() -> list[Any]:
    transitions = seen("ringback_campaign_transitions_total", CAMPAIGN, group=("campaign", "transition"))
    reasons = "ringback_campaign_transition_reasons_total"
    ranked = increase(reasons, CAMPAIGN, group=("campaign", "transition", "reason"), over="$__range")
    return [
        graph("Transitions by campaign", "What happened to callbacks, as callback-lifecycle has it.",
              {"{{campaign}} {{transition}}": transitions}, "short", stack=True, none="None in this time"),
        bars("The most frequent reasons", "Reasons of transitions in the shown time.",
             f"topk(12, {ranked} > 0.5)", "short", legend="{{campaign}} {{transition}}: {{reason}}",
             none="None in this time", alerts=["RingbackBlockedJump"]),
    ]  # fmt: skip
