"""The program of one of several processes: `python -m streams.worker.processes.child DESCRIPTOR NUMBER`.

The supervisor starts it. The settings come by the descriptor, since a command line can be read by every user.
"""

import logging
import signal
import sys

from streams.base import log as logs
from streams.base.errors import OperatorError
from streams.base.extras import missing
from streams.base.log import about
from streams.worker import standard_streams
from streams.worker.processes.lifeline import Lifeline

log = logging.getLogger("streams.worker.processes.child")

EXIT_REFUSED = 1


def main(descriptor: int, name: str) -> int:
    """Run a worker that is one of several; returns the exit code."""
    standard_streams.make_usable()
    # Ctrl-C reaches every process of a terminal; the supervisor passes it on when there is something to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifeline = Lifeline(descriptor)
    try:
        settings = lifeline.settings()
        logs.configure(settings.log_level, settings.log_format, name)
        lifeline.watch()
        # Only now, since the imports of a worker take a while: the supervisor may end meanwhile.
        from streams.worker.main import OneOfSeveral, run

        return run(settings, member=OneOfSeveral(name, lifeline.tell))
    except EOFError:
        return EXIT_REFUSED
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("streams", "topics"):  # A bug of ours keeps its traceback.
            raise
        return _refused(missing("worker", package), EXIT_REFUSED)
    except OperatorError as error:
        return _refused(str(error), error.exit_code)


def _refused(text: str, code: int) -> int:
    for line in text.splitlines():
        log.critical("%s", line, extra=about("not_started", exit_code=code))
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
