"""Why a broker cannot be used, in one line for the operator.

Why a connection failed is in aiokafka's log alone: it tries the next broker, and at the end says that there is none.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.base.settings import Settings
from streams.kafka.clients import Clients
from streams.kafka.connections import ConnectionFailed, Trouble, ask_what_it_speaks, explain
from streams.library_internals.aiokafka.client import METADATA_UNANSWERED
from streams.library_internals.aiokafka.protocol import collect_hosts

CANNOT_SAY = "Look at security_protocol, at tls_cert_file if it asks for client certificates, and at the broker's log"
OF_THIS_MACHINE = re.compile(r"127\.|localhost:|\[::1\]")
RIGHTS = "docs/operate.md lists the rights on Kafka"


class FailedConnections(logging.Handler):
    """The connections that failed while it listened."""

    def __init__(self, clients: Clients) -> None:
        super().__init__()
        self._options = clients.options()
        self.failed: list[ConnectionFailed] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the error of a line that has one."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        error = next((one for one in arguments if isinstance(one, BaseException)), None)
        if isinstance(error, ConnectionFailed):
            self.failed.append(error)
        elif error is not None and record.msg == METADATA_UNANSWERED:
            host, port = str(arguments[0]), int(str(arguments[1]))
            self.failed.append(ConnectionFailed(host, port, explain(error, host, port, self._options)))

    def most_telling(self) -> ConnectionFailed | None:
        """Of several brokers, one that answered says more than one that was not there."""
        return max(self.failed, key=lambda one: (one.trouble.reached, one.trouble.known), default=None)


@contextmanager
def listening(clients: Clients) -> Iterator[FailedConnections]:
    """Collect the connections of aiokafka that fail meanwhile."""
    failures = FailedConnections(clients)
    logger = logging.getLogger("aiokafka")
    logger.addHandler(failures)
    try:
        yield failures
    finally:
        logger.removeHandler(failures)


async def why_unusable(settings: Settings, error: BaseException, failures: FailedConnections) -> str:
    """One line, which asks the broker once more where it has only closed the connection."""
    failed = failures.most_telling()
    if failed is None:
        said = "no answer in time" if isinstance(error, TimeoutError) else " ".join(str(error).split())
        if isinstance(error, KafkaError) and not isinstance(error, KafkaConnectionError):
            return f"the Kafka broker at {settings.broker} does not do what it is asked: {said}"
        return _not_there(settings, said or type(error).__name__)
    trouble = failed.trouble
    if trouble.reached and not trouble.known:
        trouble = await _asked(failed, settings) or trouble
    begun_with = [(host, port) for host, port, _ in collect_hosts(settings.broker)]
    if (failed.host, failed.port) not in begun_with:
        return (
            f"the Kafka broker at {settings.broker} gives {failed.host}:{failed.port} as an address of its own, "
            f"and {trouble}. Clients use the addresses of its advertised.listeners"
        )
    if not trouble.reached and not trouble.cure:
        return _not_there(settings, trouble.why)
    if not trouble.known:
        trouble = trouble._replace(cure=CANNOT_SAY)
    return f"cannot connect to Kafka: {trouble}"


async def _asked(failed: ConnectionFailed, settings: Settings) -> Trouble | None:
    try:
        return await ask_what_it_speaks(failed.host, failed.port, settings.security_protocol)
    except (OSError, KafkaError):
        return None


def _not_there(settings: Settings, why: str) -> str:
    where = f"no Kafka broker at {settings.broker} ({why})"
    if settings.security_protocol == "PLAINTEXT" and OF_THIS_MACHINE.match(settings.broker):
        return f"{where}. Start one with `ringback broker`, or name yours with --broker or RINGBACK_BROKER"
    return f"{where}. Look whether it runs, and whether --broker or RINGBACK_BROKER is its address"
