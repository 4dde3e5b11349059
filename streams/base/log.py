"""Logging: one line for each event an operator must know, as text on a terminal and as JSON elsewhere.

No line has a phone number or a value of an event; topic, partition and offset lead to the record. It needs nothing but
the standard library, since a worker that lacks its packages says so in a line of its log.
Source: docs/operate.md, "Reading the log".
"""

import json
import logging
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from streams.base.repeated import ONE_OF_MANY
from streams.base.shared_stream import SharedStreamHandler

CONSOLE = "%(asctime)s %(levelname)-7s %(message)s"
# Faust and aiokafka log every rebalance and retry at INFO; the engine logs what an operator must know of it.
QUIET = ("faust", "mode", "aiokafka", "kafka", "asyncio", "opentelemetry", "streams.app", "streams.faust_edge")

# A Kafka 4 broker asks aiokafka to retry while it verifies a transaction: a warning for each, and nothing is wrong.
SILENT = ("aiokafka.producer.sender",)

PROTOCOL = "aiokafka.protocol"
"""Where its requests are: SaslHandShakeRequest and SaslAuthenticateRequest have a password or token, others events."""

FIELDS = "fields"
"""Where a record has what stands beside its message. What a library hangs on a record of its own is left out."""

SUPERVISOR = "supervisor"
"""What the process that starts several others calls itself, in the log and as a label; the others have numbers."""

log = logging.getLogger(__name__)

Style = Literal["auto", "console", "json"]


def about(event: str, **known: object) -> dict[str, Any]:
    """For `extra` of a logging call: fields of the line in JSON. event: which line it is; one that is None is left out.

    What is known is never a number, a name, a note or an attribute of a contact, nor the id of one.
    """
    return {FIELDS: {"event": event, **{name: value for name, value in known.items() if value is not None}}}


class Redacted(logging.Filter):
    """Kafka's client logs at DEBUG its user and each request: those of SASL have the password, others have events."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove what is secret, or may be; every line is written."""
        if record.name.startswith("aiokafka") and isinstance(record.args, tuple):
            whom = record.args[:1] if str(record.msg).startswith("Authenticated as ") else ()
            rest = record.args[len(whom) :]
            hidden = (f"{type(one).__name__} (not shown)" if _may_hold_a_value(one) else one for one in rest)
            record.args = (*("(set)" for _ in whom), *hidden)
        return True


def _may_hold_a_value(argument: object) -> bool:
    """Whether it is a request or an answer, or a key or value of a record, and not a name, a number or an error."""
    return isinstance(argument, bytes | bytearray | memoryview) or type(argument).__module__.startswith(PROTOCOL)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, its fields, and the traceback where there is one.

    process: which of several processes of a worker says it, a field of every line; empty if there is one alone.
    """

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._known = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **self._known,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=_as_text)


def _as_text(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def as_json(style: Style) -> bool:
    """Whether lines are JSON in this style."""
    return style == "json" or (style == "auto" and not sys.stderr.isatty())


def configure(level: str, style: Style, process: str = "") -> None:
    """Log to standard error from `level` up, and what Python itself has to say; libraries from WARNING up.

    process: which of several processes that share standard error this one is; each line says it, and is written whole.
    """
    handler = SharedStreamHandler(sys.stderr) if process else logging.StreamHandler(sys.stderr)
    console = CONSOLE.replace("%(message)s", f"[{process}] %(message)s") if process else CONSOLE
    handler.setFormatter(JsonFormatter(process) if as_json(style) else logging.Formatter(console))
    handler.addFilter(Redacted())
    handler.addFilter(ONE_OF_MANY)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")
    for name in SILENT:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "ERROR")
    logging.captureWarnings(True)
    if as_json(style):
        sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What would be a traceback of many lines on standard error is one, like all others."""
    raised = (kind, error, trace)
    log.critical("ended by an exception: %s", kind.__name__, exc_info=raised, extra=about("crashed"))
