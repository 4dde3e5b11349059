"""Why a line is not imported: the field, by the name that it has in the file, and the reason. Never a value."""


class Rejected(Exception):
    """A line that does not fit. field: empty for the line as a whole."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason
