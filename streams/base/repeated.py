"""What Kafka's clients say again and again: while no broker is there, they complain a hundred times a second."""

import logging
from datetime import datetime

CLIENTS = ("aiokafka", "faust", "mode")
EXPORTERS = ("opentelemetry",)
QUIET_S = 10.0
"""Of equal lines in this time, one is enough."""


NO_CONNECTION = (
    "KafkaConnectionError",
    "NodeNotReadyError",
    "Unable connect to ",
    "Unable to update metadata",
    "oordinator",
)
"""What is in the lines of a broker that cannot be reached: a dozen kinds, which all say the same."""


class OneOfMany(logging.Filter):
    """Of lines of the clients that say the same, passes one in ten seconds, with the number of lines it stands for.

    Once the log has told that no broker is there, it passes none of them until some time after the line that says that
    one is there again: these two say it, and the last line of a worker in good health is none of trouble.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[tuple[str, object], tuple[float, int]] = {}
        self._left_out = 0
        self._told = False
        self._quiet_until = 0.0

    def told(self) -> None:
        """The log has told that no broker is there."""
        self._told, self._left_out = True, 0

    def over(self, now: datetime) -> int:
        """A broker is there again. Returns how many lines were left out."""
        self._told, self._quiet_until = False, now.timestamp() + QUIET_S
        return self._left_out

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; lines that differ in their arguments only say the same."""
        if not record.name.startswith((*CLIENTS, *EXPORTERS)):
            return True
        quiet = self._told or self._quiet_until - QUIET_S <= record.created < self._quiet_until
        if quiet and record.name.startswith(CLIENTS):
            self._left_out += 1
            return False
        kind = _kind(record)
        at, held_back = self._passed.get(kind, (0.0, 0))
        if at <= record.created < at + QUIET_S:
            self._passed[kind] = at, held_back + 1
            return False
        self._passed[kind] = record.created, 0
        if held_back:
            record.msg = f"{record.msg} (and {held_back} more like it)"
        return True


def _kind(record: logging.LogRecord) -> tuple[str, object]:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # A mistake of a library, which must not become an exception of its caller.
        text = ""
    return ("", "") if any(one in text for one in NO_CONNECTION) else (record.name, record.msg)


ONE_OF_MANY = OneOfMany()
"""Of this process: the log asks it, and whoever watches the brokers tells it."""
