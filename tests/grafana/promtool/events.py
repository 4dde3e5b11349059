"""Cases of the alerts about what is read."""

from tests.grafana.promtool.cases import Case, Fires, Rows, Tests, fires


def lag(topic: str, records: int | str, a_second: float = 1) -> Rows:
    """The lag of the worse of two partitions, and how many events of the topic are handled."""
    values = records if isinstance(records, str) else f"{records}*120"
    return {
        'ringback_contact_partitions{instance="a"}': "2*120",
        f'ringback_consumer_lag{{instance="a", topic="{topic}", partition="0"}}': values,
        f'ringback_consumer_lag{{instance="a", topic="{topic}", partition="1"}}': "0*120",
        f'ringback_events_total{{instance="a", topic="{topic}", type="x", result="applied"}}': f"0+{a_second * 15}*120",
    }


def behind(topic: str, seconds: str) -> Fires:
    return fires(f"Ringback is behind on {topic}: what was sent minutes ago has no effect yet", seconds, topic=topic)


LAG = Tests(
    "RingbackConsumerLag",
    "page",
    {**lag("wrap-up", 3), **lag("contacts", 900)},
    [
        Case(
            "the worst partition is more than five minutes behind, for five minutes",
            lag("wrap-up", 151),
            {"5m": [], "5m15s": [behind("wrap-up", "302")], "9m": [behind("wrap-up", "302")]},
        ),
        Case("no more than five minutes", {**lag("wrap-up", 150), **lag("callback-scheduled", 140)}, {"9m": []}),
        Case("caught up before", lag("wrap-up", "200*20 0*60"), {"5m15s": [], "9m": []}),
        Case("nothing moves", lag("placement-requested", 1, 0), {"9m": [behind("placement-requested", "+Inf")]}),
        Case("nothing to do", lag("wrap-up", 0, 0), {"9m": []}),
        Case("an import of contacts, an hour behind", lag("contacts", 1801), {"9m": [behind("contacts", "3602")]}),
        Case("an import of contacts, less", lag("contacts", 1800), {"9m": []}),
        Case("an import of contacts, much less", lag("contacts", 1700), {"9m": []}),
    ],
)

HELD = 'ringback_configuration_held_back_seconds{instance="a", topic="campaigns"}'
HELD_SAYS = "Changes on campaigns have no effect: somebody's transaction hides them"
HELD_BACK = Tests(
    "RingbackConfigurationHeldBack",
    "ticket",
    {HELD: "0*60"},
    [
        Case(
            "for more than five minutes",
            {HELD: "0*4 301 0*60", HELD.replace('"a"', '"b"'): "0*4 300*60"},
            {"45s": [], "1m": [fires(HELD_SAYS, "5m 1s", topic="campaigns")], "1m15s": []},
        ),
        Case("no longer", {HELD: "300*60", HELD.replace("campaigns", "holds"): "280*60"}, {"1m": [], "9m": []}),
    ],
)


def letters(values: str, code: str = "invalid") -> Rows:
    return {f'ringback_dead_letters_total{{instance="a", code="{code}"}}': values}


STARTED = 'process_start_time_seconds{instance="a"}'


def refused(number: int) -> Fires:
    return fires(f"{number} records were refused as invalid and have no effect", code="invalid")


DEAD_LETTERS = Tests(
    "RingbackDeadLetters",
    "ticket",
    {**letters("9*150"), STARTED: "-9000*150"},
    [
        Case(
            "one within 15 minutes",
            {**letters("0*8 1*100"), **letters("0*8 9*100", "internal_error")},
            {"1m45s": [], "2m": [refused(1)], "16m45s": [refused(1)], "17m": []},
        ),
        Case(
            "of all workers together",
            {**letters("0*8 1*100"), 'ringback_dead_letters_total{instance="b", code="invalid"}': "0*8 1*100"},
            {"2m": [refused(2)]},
        ),
        Case(
            "before the first scrape of a process that has just started",
            {**letters("_*40 2*100"), STARTED: "_*40 570*100"},
            {"10m": [refused(2)], "24m15s": [refused(2)], "24m30s": []},
        ),
        Case(
            "before the first scrape of one of several processes, and not what another one has counted long ago",
            {
                'ringback_dead_letters_total{instance="a", process="1", code="invalid"}': "9*150",
                'process_start_time_seconds{instance="a", process="1"}': "-9000*150",
                'ringback_dead_letters_total{instance="a", process="2", code="invalid"}': "_*40 2*100",
                'process_start_time_seconds{instance="a", process="2"}': "_*40 570*100",
            },
            {"9m": [], "10m": [refused(2)], "24m15s": [refused(2)], "24m30s": []},
        ),
        Case("a bug, which is another alert", letters("0*8 1*100", "internal_error"), {"2m": [], "9m": []}),
        Case("none", {**letters("0*100"), STARTED: "-30*100"}, {"2m": [], "9m": []}),
    ],
)


def offsets(worker: str, values: str, topic: str = "dnc-entries") -> Rows:
    return {f'ringback_configuration_offset{{instance="{worker}", topic="{topic}"}}': values}


DIFFERS_SAYS = "a lacks the latest Do Not Call entries and may call who must not be called"
DIFFERS = fires(DIFFERS_SAYS, instance="a", topic="dnc-entries")
DNC = Tests(
    "RingbackDncDiffers",
    "page",
    {**offsets("a", "100*60"), **offsets("b", "100*60")},
    [
        Case(
            "for five minutes, what another had read five minutes before",
            {**offsets("a", "100*80"), **offsets("b", "100*4 110*80"), **offsets("b", "5*80", "holds")},
            {"10m45s": [], "11m": [DIFFERS], "15m": [DIFFERS]},
        ),
        Case(
            "both have read the same", {**offsets("a", "100+1*80"), **offsets("b", "100+1*80")}, {"12m": [], "15m": []}
        ),
        Case(
            "one reads the list some minutes after the other, while it loads",
            {**offsets("a", "_*8 0+5*20 110*80"), **offsets("b", "110*90")},
            {f"{at}m": [] for at in range(20)},
        ),
        Case(
            "another topic",
            {**offsets("a", "100*80", "holds"), **offsets("b", "110*80", "holds")},
            {"11m": [], "15m": []},
        ),
        Case("there is one worker", offsets("a", "100+1*80"), {"11m": [], "15m": []}),
        Case(
            "the topic was recreated, and is shorter for all",
            {**offsets("a", "100*20 stale 5*80"), **offsets("b", "100*20 stale 5*80")},
            {f"{at}m": [] for at in range(5, 15)},
        ),
        Case(
            "one that has read less, of an installation with another list",
            {
                **offsets("a", "100*80"),
                'ringback_configuration_offset{instance="a", topic="dnc-entries", namespace="test"}': "900*80",
            },
            {"15m": []},
        ),
    ],
)

EVENTS = (LAG, HELD_BACK, DEAD_LETTERS, DNC)
