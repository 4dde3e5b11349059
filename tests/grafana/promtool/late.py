"""Cases of the alerts about lateness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.grafana.promtool.cases import Case, Fires, Rows, Tests, beside, fires


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


@dataclass(frozen=True)
class Windows:
    """A pair of windows, in samples `every` so long, and the instants of its cases.

    full: number of a sample by which the long window is full; begins: of one by which a jump shortly before has been
    seen; over: of one at which the short window has forgotten what ended with the long one.
    """

    name: str
    every: str
    minutes: int
    long: int
    short: int
    factor: float

    def at(self, sample: int) -> str:
        """The instant of a sample."""
        return f"{sample * self.minutes}m"

    @property
    def full(self) -> int:
        return self.long + 2 * self.short


HOUR = Windows("1h", "1m", 1, 60, 5, 14.4)
SIX_HOURS = Windows("6h", "5m", 5, 72, 6, 6)
THREE_DAYS = Windows("3d", "30m", 30, 144, 12, 1)


def burn(of: Windows, other: Mapping[str, Sequence[Fires]]) -> list[Case]:
    """Cases of one pair of windows. other: what the alert of another window says then, by the name of the case."""
    above, below = of.factor * 0.00105, of.factor * 0.00095
    jump = of.full - 2
    firing = Case(
        "just above in both windows",
        share(above, 2 * of.long, 100),
        {of.at(of.full): [burning(f"{above * 100:.4g}%", of.name), *other.get("above", [])]},
        of.every,
    )
    over = Case(
        "it is over: the short window says so",
        lateness(
            "outage",
            f"0+1000*{of.long + 1} {1000 * of.long}+1000*{of.long}",
            f"0+800*{of.long + 1} {800 * of.long}+1000*{of.long}",
        ),
        {of.at(of.long + of.short + 1): other.get("over", []), of.at(of.full): other.get("over later", [])},
        of.every,
    )
    nine = Case("nine late ones", lateness("acquisition", f"0*{jump} 9*20", "0*200"), {of.at(of.full): []}, of.every)
    begun = 2 * of.long - 1
    return [
        firing,
        over,
        nine,
        Case("just below", share(below, 2 * of.long), {of.at(of.full): other.get("below", [])}, of.every),
        Case(
            "it has just begun: the long window says so",
            lateness(
                "backlog",
                f"0+1000*{2 * of.long}",
                f"0+1000*{begun} {1000 * begun - int(of.factor * of.long * 0.95)}",
            ),
            {of.at(begun): other.get("begun", [])},
            of.every,
        ),
        Case(
            "ten late ones, all there were, at once",
            lateness("none", f"0*{jump} 10*20", "0*200"),
            {
                of.at(jump): [burning("100%", of.name), *other.get("few at once", other.get("few", []))],
                of.at(of.full): [burning("100%", of.name), *other.get("few", [])],
            },
            of.every,
        ),
        Case(
            "ten late ones, five of them before",
            lateness("none", f"0*2 5*{jump - 2} 10*20", "0*200"),
            {of.at(of.full): other.get("five", [])},
            of.every,
        ),
        Case(
            "campaigns made them late",
            {
                **lateness("campaign_off", f"0+100*{2 * of.long}", "0*300"),
                **lateness("rate", f"0+100*{2 * of.long}", "0*300"),
                **lateness("zone", f"0+100*{2 * of.long}", "0*300"),
                **lateness("none", f"0+10*{2 * of.long}", f"0+10*{2 * of.long}"),
            },
            {of.at(of.full): []},
            of.every,
        ),
        Case("all are in time", share(0, 2 * of.long), {of.at(of.full): []}, of.every),
        Case(
            "there are none", lateness("none", f"5*{2 * of.long}", f"5*{2 * of.long}"), {of.at(of.full): []}, of.every
        ),
        *(aside(case, firing, other.get(name, [])) for case, name in ((over, "over later"), (nine, "nine"))),
    ]


def aside(here: Case, firing: Case, other: Sequence[Fires]) -> Case:
    """The case beside others in trouble; other: what the alert of another window says here."""
    both = beside(here, firing)
    return replace(both, at={at: [*alerts, *other] for at, alerts in both.at.items()})


FAST = Tests(
    "RingbackLatenessBurnFast",
    "page",
    share(0, 160),
    [
        *burn(
            HOUR,
            {
                "above": [burning("1.512%", "6h")],
                "below": [burning("1.368%", "6h")],
                "few": [burning("100%", "6h")],
                "five": [burning("100%", "6h")],
                "over": [burning("18.46%", "6h")],
                "over later": [burning("17.39%", "6h")],
                "begun": [burning("0.6891%", "6h")],
            },
        ),
        *burn(SIX_HOURS, {"begun": [burning("3.417%", "1h")], "few at once": [burning("100%", "1h")]}),
    ],
)
SLOW = Tests("RingbackLatenessBurnSlow", "ticket", share(0, 300), burn(THREE_DAYS, {}))

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
        Case(
            "one in twenty and no more",
            {**lateness("none", "0+950*120", "0+950*120", "60.0"), **lateness("zone", "0+50*120", "0*120", "60.0")},
            {"20m": [], "80m": []},
            "1m",
        ),
        Case("fewer", {**IN_TIME, **lateness("zone", "0+48*120", "0*120", "60.0")}, {"20m": [], "80m": []}, "1m"),
        Case(
            "nine for one cause, ten for another",
            {**lateness("zone", "0*10 9*120", "0*120", "60.0"), **lateness("rate", "0*10 10*120", "0*120", "60.0")},
            {"25m": [waiting("rate")], "40m": [waiting("rate")]},
            "1m",
        ),
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
        Case(
            "nine late ones for half an hour",
            lateness("campaign_off", "0*40 9*120", "0*160", "60.0"),
            {"56m": [], "80m": []},
            "1m",
            beside=True,
        ),
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
