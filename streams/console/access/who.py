"""Who asks, as the pages and the audit know them."""

from enum import StrEnum

from msgspec import Struct

from streams.base.console_settings import Role


class Way(StrEnum):
    """How somebody has signed in. open: not at all, since nobody has to."""

    OPEN = "open"
    PROXY = "proxy"
    SESSION = "session"
    BEARER = "bearer"


class Who(Struct, frozen=True):
    """Somebody who may look. name: as the audit has it."""

    name: str
    role: Role
    way: Way

    def may(self, needed: Role) -> bool:
        """Whether they may do what needs that role."""
        return self.role.may(needed)


class Refused(Exception):
    """A request that is not let in. status: of HTTP; message: for whoever asks, without a value of the request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
