"""Cases of the alerts about calls that are not made, and of those nobody hears of."""

from tests.grafana.promtool.cases import Case, Fires, Rows, Tests, fires


def turns(commands: str, blocked: str, reason: str = "dnc") -> Rows:
    """Callbacks whose turn came: commands, and those that a check blocked."""
    return {
        'ringback_commands_total{instance="a", topic="dial-preview"}': commands,
        'ringback_transitions_total{instance="a", transition="blocked"}': blocked,
        'ringback_transitions_total{instance="a", transition="completed"}': "0+1000*200",
        f'ringback_transition_reasons_total{{instance="a", transition="blocked", reason="{reason}"}}': blocked,
        'ringback_transition_reasons_total{instance="a", transition="expired", reason="too_late"}': "0+1000*200",
    }


def blocked(share: str, reason: str = "dnc") -> Fires:
    return fires(f"{share} of callbacks are blocked and not made: {reason}", reason=reason)


BLOCKED = Tests(
    "RingbackBlockedJump",
    "ticket",
    turns("0+100*200", "0+2*200"),
    [
        Case(
            "a share 20 points above that of before, which is none, for five minutes",
            turns("0+79*200", "0+21*200"),
            {"5m": [], "6m": [blocked("21%")], "30m": [blocked("21%")], "31m": [], "60m": []},
            "1m",
        ),
        Case("20 points and no more", turns("0+240*200", "0+60*200"), {"6m": [], "20m": [], "60m": []}, "1m"),
        Case("fewer", turns("0+80.5*200", "0+19.5*200"), {"6m": [], "20m": [], "60m": []}, "1m"),
        Case(
            "more than a half, whatever was before",
            turns("0+49*200", "0+51*200"),
            {"20m": [blocked("51%")], "90m": [blocked("51%")]},
            "1m",
        ),
        Case("a half and no more, as before", turns("0+50*200", "0+50*200"), {"90m": []}, "1m"),
        Case("fewer, as before", turns("0+51*200", "0+49*200"), {"90m": []}, "1m"),
        Case(
            "more than a half, and not much more than before",
            turns("0+60*121 7200+45*30", "0+40*121 4800+55*30"),
            {"9h55m": [], "10h45m": [blocked("55%")]},
            "5m",
        ),
        Case(
            "ten, all there were",
            turns("0*200", "0*10 10*60"),
            {"14m": [], "15m": [blocked("100%")], "39m": [blocked("100%")], "40m": []},
            "1m",
        ),
        Case("nine, all there were", turns("0*200", "0 9*60"), {"6m": [], "15m": [], "30m": []}, "1m", beside=True),
        Case(
            "nine for one reason, ten for another",
            {
                **turns("0*200", "0*10 9*60", "too_soon"),
                **turns("0*200", "0*10 10*60"),
                'ringback_transitions_total{instance="a", transition="blocked"}': "0*10 10*60",
            },
            {"15m": [blocked("100%")], "30m": [blocked("100%")]},
            "1m",
        ),
        Case(
            "it went on for an hour, after hours of none",
            turns("0+50*121 6000+30*30", "0*121 20+20*30"),
            {"9h55m": [], "10h50m": [blocked("40%")], "11h40m": [blocked("40%")]},
            "5m",
        ),
        Case(
            "each reason for itself",
            {
                **turns("0+70*200", "0+30*200"),
                **turns("0+70*200", "0+30*200", "too_soon"),
                'ringback_transition_reasons_total{instance="a", transition="blocked", reason="dnc"}': "0+15*200",
                'ringback_transition_reasons_total{instance="a", transition="blocked", reason="too_soon"}': "0+15*200",
            },
            {"10m": [], "20m": []},
            "1m",
        ),
        Case("none are blocked", turns("0+100*200", "0*200"), {"20m": [], "90m": []}, "1m"),
    ],
)


def commands(topic: str, a_minute: float, open_: int, started: str = "-9000*200") -> Rows:
    """So many commands a minute, of which so many of 5 to 15 minutes ago have no outcome."""
    labels = f'instance="a", partition="2", topic="{topic}"'
    return {
        f'ringback_commands_total{{instance="a", topic="{topic}"}}': f"0+{a_minute / 4}*200",
        f'ringback_command_age_seconds_bucket{{{labels}, le="60.0"}}': "3*200",
        f'ringback_command_age_seconds_bucket{{{labels}, le="300.0"}}': "10*200",
        f'ringback_command_age_seconds_bucket{{{labels}, le="900.0"}}': f"{10 + open_}*200",
        f'ringback_command_age_seconds_bucket{{{labels}, le="+Inf"}}': f"{500 + open_}*200",
        'process_start_time_seconds{instance="a"}': started,
    }


def outcomes(values: str, transition: str = "completed") -> Rows:
    return {f'ringback_transitions_total{{instance="a", transition="{transition}"}}': values}


def silent(topic: str, number: int) -> Fires:
    return fires(f"The dialer of {topic} is silent: {number} commands without an outcome", topic=topic)


SILENT = Tests(
    "RingbackDialerSilent",
    "page",
    {**commands("dial-analysis", 2, 3), **commands("dial-preview", 2, 20), **outcomes("0+1*200")},
    [
        Case(
            "more than nine in ten of those of 5 to 15 minutes ago have no outcome",
            {**commands("dial-analysis", 2, 19), **commands("dial-preview", 2, 19), **outcomes("0*200")},
            {"20m": [silent("dial-analysis", 19), silent("dial-preview", 19)]},
        ),
        Case("nine in ten, and no more", commands("dial-analysis", 2, 18), {"20m": []}, beside=True),
        Case(
            "nine in ten of one topic, and more of another",
            {**commands("dial-analysis", 2, 18), **commands("dial-preview", 2, 19), **outcomes("0*200")},
            {"20m": [silent("dial-preview", 19)]},
        ),
        Case("fewer", commands("dial-analysis", 2, 17), {"20m": []}),
        Case("ten, all there were", commands("dial-analysis", 1, 10), {"20m": [silent("dial-analysis", 10)]}),
        Case("nine, all there were", commands("dial-analysis", 0.9, 9), {"20m": []}),
        Case(
            "one dialer is silent while that of previews answers",
            {**commands("dial-analysis", 2, 20), **commands("dial-preview", 2, 3), **outcomes("0+1*200")},
            {"20m": [silent("dial-analysis", 20)]},
        ),
        Case(
            "previews wait for agents who work",
            {**commands("dial-preview", 2, 20), **outcomes("0+1*200")},
            {"20m": [], "30m": []},
        ),
        Case(
            "previews wait for agents who give them back",
            {**commands("dial-preview", 2, 20), **outcomes("0+1*200", "not_dialed")},
            {"20m": [], "30m": []},
        ),
        Case(
            "previews wait, and nothing has come back for 15 minutes",
            {**commands("dial-preview", 2, 20), **outcomes("0+1*41 40*150"), **outcomes("0+1*200", "expired")},
            {"24m30s": [], "25m": [silent("dial-preview", 20)], "30m": [silent("dial-preview", 20)]},
        ),
        Case(
            "no commands go out, and those of before are open",
            {**commands("dial-preview", 0, 0), **outcomes("0*200")},
            {"20m": [], "30m": []},
        ),
        Case(
            "agents of another installation work",
            {
                **commands("dial-preview", 2, 20),
                **outcomes("0*200"),
                'ringback_transitions_total{instance="a", transition="completed", namespace="test"}': "0+1*200",
            },
            {"20m": [silent("dial-preview", 20)]},
        ),
    ],
)

NOT_MADE = (BLOCKED, SILENT)
