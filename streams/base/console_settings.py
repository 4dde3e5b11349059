"""The settings of the console: where it listens, where its view is, and who may look and act.

They are part of `streams.base.settings.Settings`. streams/console/access decides by them.
"""

from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from streams.base import addresses

HEADER = r"\A[A-Za-z][A-Za-z0-9-]{0,99}\z"


class Role(StrEnum):
    """What somebody may do in the console; each may do what those before it may.

    viewer: look. operator: act on callbacks and replay dead letters. admin: change configuration, see whole numbers.
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether somebody with this role may do what needs that one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


def _listed(value: object) -> object:
    return tuple(one.strip() for one in value.split(",") if one.strip()) if isinstance(value, str) else value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:  # Its text would quote what stands there.
        raise ValueError("should be addresses and networks such as 10.0.0.7 or 10.0.0.0/8, without host bits") from None
    return value


def zone(value: str) -> str:
    """A time zone that there is. Raises ValueError."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("should be a name of the tz database, such as Europe/Berlin") from None
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_listed)]


class ConsoleSettings(BaseSettings):
    """Where the console listens, and whom it lets in."""

    model_config = SettingsConfigDict(frozen=True, use_attribute_docstrings=True)

    console_host: Annotated[str, AfterValidator(addresses.host)] = "127.0.0.1"
    """Address of the console; one that is not a loopback needs a way to sign in."""
    console_port: int = Field(default=9480, ge=0, le=65535)
    """Port of the console; 0 takes any free port."""
    console_url: Annotated[str, AfterValidator(addresses.http_url)] | None = None
    """Where browsers reach the console if that is not its own address, such as https://callbacks.example.com."""
    console_dir: Path = Path("ringback-console")
    """Folder of what the console has read and of its runs; what it has read is read again from Kafka if it is lost."""
    console_open_role: Role = Role.VIEWER
    """Role of everybody on this machine while there is no way to sign in: viewer, operator or admin."""
    console_token_file: Path | None = None
    """File of tokens to sign in with: a line for each, NAME ROLE HASH, as `ringback console --new-token` prints it."""
    console_proxy_header: str | None = Field(default=None, pattern=HEADER)
    """Header in which a proxy names who has signed in, such as X-Auth-Request-User."""
    console_proxy_groups_header: str | None = Field(default=None, pattern=HEADER)
    """Header in which the proxy names that person's groups, separated by commas."""
    console_proxies: Networks = ()
    """Addresses and networks of those proxies, separated by commas; the headers of anybody else are ignored."""
    console_operators: Names = ()
    """Names and groups that the proxy may name, separated by commas, whose role is operator; all others are viewers."""
    console_admins: Names = ()
    """Names and groups that the proxy may name, separated by commas, whose role is admin."""
    console_numbers_for: Role = Role.ADMIN
    """From which role on whole phone numbers are shown; others see the last two digits."""
    console_time_zone: Annotated[str, AfterValidator(zone)] = "UTC"
    """Time zone of a viewer whose browser has not named another one."""

    @model_validator(mode="after")
    def _ways_to_sign_in(self) -> Self:
        if self.console_proxy_header and not self.console_proxies:
            raise ValueError("console_proxy_header needs console_proxies: from which addresses the header counts")
        if not self.console_proxy_header and (self.console_proxies or self.console_proxy_groups_header):
            raise ValueError("console_proxies and console_proxy_groups_header need console_proxy_header")
        if not self.console_signs_in and not is_loopback(self.console_host):
            raise ValueError(
                "console_host is not a loopback address, and there is no way to sign in: set console_token_file, "
                "or console_proxy_header and console_proxies"
            )
        return self

    @property
    def console_signs_in(self) -> bool:
        """Whether there is a way to sign in. Without one everybody on this machine has `console_open_role`."""
        return self.console_token_file is not None or self.console_proxy_header is not None


CONSOLE_NAMES: tuple[str, ...] = tuple(ConsoleSettings.model_fields)


def is_loopback(host: str) -> bool:
    """Whether an address, or `localhost`, can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(addresses.bare(host)).is_loopback
    except ValueError:
        return False
