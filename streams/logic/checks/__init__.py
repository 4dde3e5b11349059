"""Whether a call may be placed."""
