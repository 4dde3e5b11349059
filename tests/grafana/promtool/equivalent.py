"""Changed rules that are the same in effect, each with the reason."""

EQUIVALENT: dict[str, str] = {}
