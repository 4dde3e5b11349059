"""The program `ringback`, which is also `python -m streams`."""

import logging
import sys

from streams.base.extras import missing
from streams.base.log import about
from streams.base.log_format import speak_as_worker

log = logging.getLogger(__name__)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from streams.cli.group import run
    except ModuleNotFoundError as error:
        # The base install brings the event types alone, for programs that only read or write the topics.
        package = (error.name or "").partition(".")[0]
        if package in ("streams", "topics"):
            raise
        text = missing(next(iter(sys.argv[1:]), None), package)
        if not speak_as_worker(sys.argv[1:]):
            sys.exit(f"ringback: {text}")
        log.critical("%s", text, extra=about("not_started", exit_code=1))
        sys.exit(1)
    sys.exit(run())


if __name__ == "__main__":
    main()
