"""Changed rules that are the same in effect, each with the reason."""

A_QUOTIENT = "a share is a quotient of rates, which does not meet the number to the last bit"
BOTH_ARE_THERE = "it is multiplied by 0 or only looked for, and both are there for the same installations"

THE_SAME_NUMBER = "where a counter is what it has grown by, it does not matter which of the two is taken"

EQUIVALENT = {
    **{
        f"{name}: comparison #{place} > to >=": THE_SAME_NUMBER
        for name, places in (
            ("ringback:commands_5m_to_15m_written:sum", (1, 3)),
            ("ringback:dead_letters:increase15m", (1,)),
            ("ringback:lateness_over_minute:increase15m", (1,)),
            ("ringback:lateness_over_minute:increase1h", (1,)),
            ("ringback:lateness_over_minute:ratio_rate1h", (1,)),
        )
        for place in places
    },
    **{
        f"RingbackLatenessBurn{name}: comparison #{place} > to >=": A_QUOTIENT
        for name in ("Fast[1h]", "Fast[6h]", "Slow[3d]")
        for place in (1, 2)
    },
    "RingbackLate: comparison #1 > to >=": "0.5 stands between none and one: there are no halves",
    "RingbackPartitionNotHeld: metric #3 ringback:partitions:max to ringback:partitions_ready:count": BOTH_ARE_THERE,
    "RingbackBlockedJump: metric #3 ringback:blocked:ratio_rate30m to ringback:blocked:ratio_rate1d": BOTH_ARE_THERE,
    "RingbackDialerSilent: metric #4 ringback:commands_5m_to_15m_open:sum to ringback:commands_5m_to_15m_written:sum": (
        BOTH_ARE_THERE
    ),
}
