"""Cases of the alerts about lateness."""

from collections.abc import Mapping, Sequence

from tests.grafana.promtool.cases import Case, Fires, Rows, Tests, fires


def lateness(cause: str, count: str, in_time: str, bound: str = "1.0") -> Rows:
    """The commands of a cause, and those that were no later than the bound; no narrower bucket has any."""
    labels = f'instance="a", topic="dial-preview", cause="{cause}"'
    return {
        f"ringback_lateness_seconds_count{{{labels}}}": count,
        f'ringback_lateness_seconds_bucket{{{labels}, le="{bound}"}}': in_time,
        f'ringback_lateness_seconds_bucket{{{labels}, le="0.5"}}': "0*300",
        f'ringback_lateness_seconds_bucket{{{labels}, le="86400.0"}}': count,
    }


def burning(share: str, window: str) -> Fires:
    return fires(f"{share} of callbacks went out over a second late, by Ringback's own fault", window=window)


def share(late: float, samples: int, count: int = 1000) -> Rows:
    """So many commands each time, of which this share is late by the worker's own fault."""
    return lateness("backlog", f"0+{count}*{samples}", f"0+{count * (1 - late):.4f}*{samples}")


def burn(
    every: str, samples: int, short: int, factor: float, at: Mapping[str, str], other: Mapping[str, Sequence[Fires]]
) -> list[Case]:
    """Cases of one pair of windows. samples, short: how many samples the windows have; at: names of instants; other:
    what the alert of another window says then, by the name of the case.
    """
    above, below = factor * 0.001 + 0.0001, factor * 0.001 - 0.0001
    said, window = f"{above:.2%}".replace(".00%", "%"), at["window"]
    recovered = lateness(
        "outage",
        f"0+1000*{samples + 1} {1000 * samples}+1000*{samples}",
        f"0+800*{samples + 1} {800 * samples}+1000*{samples}",
    )
    just_begun = lateness(
        "backlog",
        f"0+1000*{2 * samples}",
        f"0+1000*{2 * samples - 1} {1000 * (2 * samples - 2) + 1000 - at_most(factor, samples)}",
    )
    return [
        Case(
            "just above in both windows",
            share(above, 2 * samples),
            {at["full"]: [burning(said, window), *other.get("above", [])]},
            every,
        ),
        Case("just below", share(below, 2 * samples), {at["full"]: other.get("below", [])}, every),
        Case("it is over: the short window says so", recovered, {at["over"]: other.get("over", [])}, every),
        Case("it has just begun: the long window says so", just_begun, {at["begun"]: other.get("begun", [])}, every),
        Case(
            "ten late ones, all there were",
            lateness("none", f"0*{samples} 10*20", "0*200"),
            {at["few"]: [burning("100%", window), *other.get("few", [])]},
            every,
        ),
        Case("nine late ones", lateness("acquisition", f"0*{samples} 9*20", "0*200"), {at["few"]: []}, every),
        Case(
            "campaigns made them late",
            {
                **lateness("campaign_off", f"0+100*{2 * samples}", "0*300"),
                **lateness("rate", f"0+100*{2 * samples}", "0*300"),
                **lateness("zone", f"0+100*{2 * samples}", "0*300"),
                **lateness("none", f"0+10*{2 * samples}", f"0+10*{2 * samples}"),
            },
            {at["full"]: []},
            every,
        ),
        Case("all are in time", share(0, 2 * samples), {at["full"]: []}, every),
        Case("there are none", lateness("none", f"5*{2 * samples}", f"5*{2 * samples}"), {at["full"]: []}, every),
    ]


def at_most(factor: float, samples: int) -> int:
    """So many late ones at once are just below the rate of the long window."""
    return int(factor * samples * 0.95)


IN_HOUR = {"window": "1h", "full": "70m", "over": "66m", "begun": "119m", "few": "61m"}
IN_SIX = {"window": "6h", "full": "8h", "over": "6h35m", "begun": "11h55m", "few": "6h5m"}
IN_DAYS = {"window": "3d", "full": "90h", "over": "78h30m", "begun": "143h30m", "few": "73h"}
FAST = Tests(
    "RingbackLatenessBurnFast",
    "page",
    share(0, 160),
    [
        *burn(
            "1m",
            60,
            5,
            14.4,
            IN_HOUR,
            {
                "above": [burning("1.45%", "6h")],
                "below": [burning("1.43%", "6h")],
                "few": [burning("100%", "6h")],
                "over": [burning("18.46%", "6h")],
                "begun": [burning("0.6891%", "6h")],
            },
        ),
        *burn("5m", 72, 6, 6, IN_SIX, {"begun": [burning("3.417%", "1h")]}),
    ],
)
SLOW = Tests(
    "RingbackLatenessBurnSlow",
    "ticket",
    share(0, 300),
    burn("30m", 144, 12, 1, IN_DAYS, {}),
)

MINUTE_LATE = "1 callbacks went out more than a minute late, by Ringback's own fault"
STARTED = 'process_start_time_seconds{instance="a"}'
LATE = Tests(
    "RingbackLate",
    "page",
    {**lateness("backlog", "5*100", "4*100", "60.0"), STARTED: "-9000*100"},
    [
        Case(
            "one in 15 minutes",
            lateness("backlog", "0*8 1*100", "0*100", "60.0"),
            {"1m45s": [], "2m": [fires(MINUTE_LATE)], "16m45s": [fires(MINUTE_LATE)], "17m": []},
        ),
        *(
            Case(f"by {cause}", lateness(cause, "0*8 1*100", "0*100", "60.0"), {"2m": [fires(MINUTE_LATE)]})
            for cause in ("none", "outage", "acquisition")
        ),
        *(
            Case(
                f"campaigns made it late: {cause}", lateness(cause, "0*8 9*100", "0*100", "60.0"), {"2m": [], "9m": []}
            )
            for cause in ("campaign_off", "rate", "zone", "gap", "hold", "unreadable")
        ),
        Case("no later than a minute", lateness("backlog", "0*8 9*100", "0*8 9*100", "60.0"), {"2m": [], "9m": []}),
        Case(
            "before the first scrape of a process that has just started",
            {**lateness("outage", "_*40 7*100", "_*40 6*100", "60.0"), STARTED: "_*40 570*100"},
            {"10m": [fires(MINUTE_LATE)], "25m": []},
        ),
    ],
)


def oldest(seconds: str, waits_for: str = "worker", partition: int = 2) -> Rows:
    return {
        f'ringback_oldest_overdue_seconds{{instance="a", partition="{partition}", waits_for="{waits_for}"}}': seconds
    }


OVERDUE_SAYS = "A callback has been due for 1m 1s and nothing but Ringback holds it up"
OVERDUE = Tests(
    "RingbackOldestOverdue",
    "page",
    oldest("0*60"),
    [
        Case(
            "for more than a minute, two minutes long",
            {**oldest("0*4 61*60"), **oldest("5*60", partition=1)},
            {"2m45s": [], "3m": [fires(OVERDUE_SAYS, waits_for="worker")]},
        ),
        Case("it went out before", oldest("0*4 61*8 0*60"), {"2m45s": [], "3m": [], "5m": []}),
        Case("for a minute and no longer", {**oldest("60*60"), **oldest("58*60", partition=1)}, {"2m": [], "9m": []}),
        *(
            Case(f"it waits for {held}", oldest("9000*60", held), {"2m": [], "9m": []})
            for held in ("campaign_off", "rate", "hold", "unreadable")
        ),
        *(
            Case(
                f"scraped {every} apart, seen once after an outage",
                oldest("0*5 600 0*30"),
                {f"{at}m": [] for at in range(12)},
                every,
            )
            for every in ("10s", "30s", "60s")
        ),
    ],
)


def waiting(cause: str) -> Fires:
    return fires(f"Campaigns make callbacks wait: {cause}", cause=cause)


IN_TIME = lateness("none", "0+1000*120", "0+1000*120", "60.0")
OF_CAMPAIGNS = Tests(
    "RingbackCampaignLate",
    "ticket",
    IN_TIME,
    [
        Case(
            "more than one in twenty, for 15 minutes",
            {**IN_TIME, **lateness("campaign_off", "0+54*120", "0*120", "60.0")},
            {"15m": [], "16m": [waiting("campaign_off")], "80m": [waiting("campaign_off")]},
            "1m",
        ),
        Case("fewer", {**IN_TIME, **lateness("zone", "0+51*120", "0*120", "60.0")}, {"20m": [], "80m": []}, "1m"),
        Case(
            "each cause for itself",
            {
                **IN_TIME,
                **lateness("zone", "0+51*120", "0*120", "60.0"),
                **lateness("rate", "0+40*120", "0*120", "60.0"),
            },
            {"20m": [], "80m": []},
            "1m",
        ),
        *(
            Case(
                f"ten by {cause}, all there were",
                lateness(cause, "0*10 10*120", "0*120", "60.0"),
                {"24m": [], "25m": [waiting(cause)], "69m": [waiting(cause)], "70m": []},
                "1m",
            )
            for cause in ("campaign_off", "rate", "zone")
        ),
        Case("nine", lateness("zone", "0*10 9*120", "0*120", "60.0"), {"25m": [], "40m": []}, "1m"),
        Case("by the worker's own causes", lateness("backlog", "0+9*120", "0*120", "60.0"), {"30m": []}, "1m"),
        Case(
            "one has waited for a day",
            oldest("86401*60", "hold"),
            {"14m": [], "15m": [fires("Campaigns make callbacks wait: hold", cause="hold", waits_for="hold")]},
            "1m",
        ),
        Case(
            "for a day and no longer", {**oldest("86400*60", "hold"), **oldest("80000*60", "rate")}, {"30m": []}, "1m"
        ),
        Case("for the worker", oldest("90000*60"), {"30m": []}, "1m"),
    ],
)

LATENESS = (FAST, SLOW, LATE, OVERDUE, OF_CAMPAIGNS)
