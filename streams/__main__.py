"""The program `ringback`, which is also `python -m streams`."""

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from streams.cli.group import run
    except ModuleNotFoundError as error:
        # The base install brings the event types alone, for programs that only read or write the topics.
        if (error.name or "").partition(".")[0] in ("streams", "topics"):
            raise
        sys.exit(f"ringback: the command line needs the package {error.name}. Run: pip install 'ringback[worker]'")
    sys.exit(run())


if __name__ == "__main__":
    main()
