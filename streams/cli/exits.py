"""With what the commands of callbacks and dead letters end, beside 0, 1, 2 and 130: stable, for scripts.

Source: docs/actions.md, section "Exit codes".
"""

NOTHING = 3
"""No callback, or dead letter, is what was meant; nothing was sent."""

REFUSED = 4
"""All was sent, and the worker, or the dry run of a dead letter, refused some of it."""

UNANSWERED = 5
"""All was sent, and within --wait the worker had not said what became of all of it."""

ABORTED = 6
"""The run was aborted from elsewhere; `ringback callbacks resume` goes on with it."""
