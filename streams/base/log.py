"""Logging: one line for each event an operator must know, as text on a terminal and as JSON elsewhere.

No line has a phone number or a value of an event; topic, partition and offset lead to the record.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

import orjson

CONSOLE = "%(asctime)s %(levelname)-7s %(message)s"
# Faust and aiokafka log every rebalance and retry at INFO; the engine logs what an operator must know of it.
QUIET = ("faust", "mode", "aiokafka", "kafka", "asyncio", "streams.app", "streams.faust_edge.consumer")

# A Kafka 4 broker asks aiokafka to retry while it verifies a transaction: a warning for each, and nothing is wrong.
SILENT = ("aiokafka.producer.sender",)


REPEATED = "aiokafka"
QUIET_S = 10.0
"""While a broker is away, its clients log it a hundred times a second; one line in this time is enough."""


class OneOfMany(logging.Filter):
    """Of equal lines of Kafka's client, passes one in ten seconds, with the number of lines it stands for."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[tuple[str, object], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; lines are equal if they differ in their arguments only."""
        if not record.name.startswith(REPEATED):
            return True
        kind = record.name, record.msg
        at, held_back = self._passed.get(kind, (0.0, 0))
        if at <= record.created < at + QUIET_S:
            self._passed[kind] = at, held_back + 1
            return False
        self._passed[kind] = record.created, 0
        if held_back:
            record.msg = f"{record.msg} (and {held_back} more like it)"
        return True


class Redacted(logging.Filter):
    """Kafka's client logs at DEBUG its user and each request: those of SASL have the password or token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove what is secret, or may be; every line is written."""
        if record.name.startswith(REPEATED) and isinstance(record.args, tuple):
            whom = record.args[:1] if str(record.msg).startswith("Authenticated as ") else ()
            rest = record.args[len(whom) :]
            hidden = (f"{type(one).__name__} (not shown)" if _is_of_sasl(one) else one for one in rest)
            record.args = (*("(set)" for _ in whom), *hidden)
        return True


def _is_of_sasl(argument: object) -> bool:
    """Whether it is aiokafka's SaslHandShakeRequest or SaslAuthenticateRequest, of whatever version."""
    return type(argument).__name__.startswith("Sasl")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(level: str, style: Literal["auto", "console", "json"]) -> None:
    """Log to standard error from `level` up; libraries from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter(CONSOLE))
    handler.addFilter(Redacted())
    handler.addFilter(OneOfMany())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")
    for name in SILENT:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "ERROR")
