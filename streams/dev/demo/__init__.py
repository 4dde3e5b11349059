"""`ringback demo`: a Kafka, a worker and a morning of an outbound campaign on this machine, checked to the last record.

Two sides meet in `accounts`: `story` says what is sent and what must come of it, `tally` counts what was written.
"""


def run(seconds: float, observe: bool = False, console: bool = False, broker: str | None = None) -> int:
    """Play the demo, a story of about `seconds`; returns the exit code (see `streams.dev.demo.program`)."""
    # Only now: the help of the command must not wait for Kafka's client.
    from streams.dev.demo import program

    return program.run(seconds, observe, console, broker)
