"""The program `ringback`, which is also `python -m streams`."""

import sys

from streams.base.extras import missing


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from streams.cli.group import run
    except ModuleNotFoundError as error:
        # The base install brings the event types alone, for programs that only read or write the topics.
        package = (error.name or "").partition(".")[0]
        if package in ("streams", "topics"):
            raise
        sys.exit(f"ringback: {missing(next(iter(sys.argv[1:]), None), package)}")
    sys.exit(run())


if __name__ == "__main__":
    main()
