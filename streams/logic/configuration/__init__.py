"""What is known about campaigns, rule sets, recycles and clears."""

from streams.logic.configuration.configuration import Configuration

__all__ = ["Configuration"]
