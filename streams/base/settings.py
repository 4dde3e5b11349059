"""The settings of Ringback: read once, from keywords, the environment and a TOML file, into one frozen value.

A keyword (an option of the command line) wins over an environment variable `RINGBACK_<NAME>`, that over the file, and
that over the default. Nothing here opens a connection. No other module reads the environment, but for
`log_format.py`, which asks it for that one setting.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from streams.base import addresses
from streams.base.adapter_settings import ADAPTER_NAMES, AdapterSettings
from streams.base.console_settings import CONSOLE_NAMES, ConsoleSettings
from streams.base.errors import SettingsError
from streams.base.security import SECURITY_NAMES, Security

ENV_PREFIX = "RINGBACK_"
AUTO = "auto"
CONFIG_VARIABLE = f"{ENV_PREFIX}CONFIG"

# Kubernetes adds such variables for every Service whose name begins with "ringback"; they are not meant for us.
SERVICE_LINK = re.compile(r"(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)\Z")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _listed(value: object) -> object:
    return tuple(one.strip() for one in value.split(",") if one.strip()) if isinstance(value, str) else value


Campaigns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
LogFormat = Annotated[Literal["auto", "console", "json"], BeforeValidator(_lower)]
Store = Annotated[Literal["rocksdb", "memory"], BeforeValidator(_lower)]


class Settings(Security, ConsoleSettings, AdapterSettings):
    """Every setting, with its default; made by keyword it reads neither the environment nor a file (see `load`)."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    broker: Annotated[str, AfterValidator(addresses.brokers)] = "127.0.0.1:9092"
    """Bootstrap brokers of Kafka: HOST:PORT or [IPV6]:PORT, separated by commas."""
    app: str = Field(default="ringback", pattern=r"\A[A-Za-z0-9._-]{1,100}\z")
    """Consumer group, and prefix of every transactional id; workers with the same name share the work."""
    prefix: str = Field(default="ringback.", pattern=r"\A[A-Za-z0-9._-]{0,100}\z")
    """Prefix of every topic name."""
    instance_id: str | None = Field(default=None, pattern=r"\A[A-Za-z0-9._-]{1,100}\z")
    """Name of this worker in the group; with it, a restart within the session timeout moves no partition."""
    processes: int = Field(default=1, ge=1, le=64)
    """Processes of this worker, each a member of the group with a core of its own; 1 starts no other process."""
    metrics_port: int = Field(default=9464, ge=0, le=65535)
    """Port of /metrics, /livez, /readyz, /startupz and /status; 0 takes any free port."""
    metrics_host: Annotated[str, AfterValidator(addresses.host)] = AUTO
    """Address to bind: auto (127.0.0.1; in a container every address), one of this machine, or :: for all of them."""
    metrics_campaigns: Campaigns = Field(default=(), max_length=100)
    """Campaigns that have metrics of their own: their ids, separated by commas; at most 100."""
    log_level: LogLevel = "info"
    """Lowest level that is logged: debug, info, warning or error."""
    log_format: LogFormat = "auto"
    """console, json, or auto: console on a terminal, else json."""
    otel_endpoint: Annotated[str, AfterValidator(addresses.http_url)] | None = None
    """Where spans go by OTLP over HTTP, such as http://127.0.0.1:4318; without it there are none (extra `otel`)."""
    session_timeout_s: float = Field(default=6, ge=1, le=1800)
    """Seconds without a heartbeat after which the group assigns a worker's partitions to the others."""
    rebalance_timeout_s: float = Field(default=20, ge=1, le=1800)
    """Seconds that the group waits in a rebalance for every worker to join."""
    transaction_timeout_s: float = Field(default=60, ge=1, le=900)
    """Seconds after which the broker aborts an open transaction; a worker retries without a broker for as long."""
    transaction_protocol: int = Field(default=1, ge=1, le=2)
    """Version of Kafka's transactions: 1, or 2 (KIP-890) for a cluster of Kafka 4.1 or later."""
    unit_events_max: int = Field(default=2000, ge=1, le=100_000)
    """Most records of one partition that are processed in one transaction."""
    fire_batch_max: int = Field(default=500, ge=1, le=100_000)
    """Most timers that fire in one transaction."""
    store: Store = "rocksdb"
    """Where state is kept: rocksdb (on disk, in `state_dir`), or memory (a restart reads everything from Kafka)."""
    state_dir: Path = Path("ringback-state")
    """Folder of the local state, one for each worker; if it is lost, a restart reads everything from Kafka."""
    clock_file: Path | None = None
    """For stepped tests only: a file with the instant that the worker uses as now."""
    clock_offset_file: Path | None = None
    """For tests only: a file with the seconds that the worker adds to its clock."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keywords only: `load` reads the other sources itself, so that it can name what is wrong in them."""
        return (init_settings,)

    @property
    def folder(self) -> Path | None:
        """The folder of the local state; None with the state in memory."""
        return self.state_dir if self.store == "rocksdb" else None

    def topic(self, name: str) -> str:
        """Full name of a topic of the catalog."""
        return self.prefix + name


def names() -> list[str]:
    """Every setting, in the order of the docs: those of the console, of adapters and of a secured Kafka last."""
    apart = (*CONSOLE_NAMES, *ADAPTER_NAMES, *SECURITY_NAMES)
    return [*(name for name in Settings.model_fields if name not in apart), *apart]


def load(config: Path | None = None, **given: Any) -> Settings:
    """Read the settings from `given`, the environment and the file `config` (else RINGBACK_CONFIG, else none).

    A value None in `given` means "not given". Raises SettingsError with one line for each unknown name, each invalid
    value, or the file that cannot be read.
    """
    path = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    from_file = _read_file(path) if path else {}
    problems = [_unknown(f"setting {name} in {path}", name, Settings.model_fields) for name in _strangers(from_file)]
    problems += _unknown_variables(os.environ)
    if problems:
        raise SettingsError("\n".join(problems))
    from_environment = EnvSettingsSource(Settings)()
    named = {name: value for name, value in given.items() if value is not None}
    return make(**{**from_file, **from_environment, **named})


def make(**values: Any) -> Settings:
    """Settings from keywords alone. Raises SettingsError with one line for each invalid value."""
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_problem(problem) for problem in error.errors())) from None


def describe(settings: Settings) -> list[tuple[str, str]]:
    """Every setting and its value as text, in the order of `names`.

    Of a secret it says only that it is set; also of a value that may be a misplaced secret, such as a user's name.
    """
    values = ((name, getattr(settings, name)) for name in names())
    return [(name, _text(value) if value is None or _is_told(name, value) else "(set)") for name, value in values]


def _is_told(name: str, value: object) -> bool:
    return Settings.model_fields[name].repr and not isinstance(value, SecretStr)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        value = ", ".join(value) or None
    return "(none)" if value is None else str(value)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}. Check --config") from None
    except ValueError as error:  # Not UTF-8, or not TOML.
        raise SettingsError(f"the settings file {path} is not TOML: {error}. Correct that line") from None


def _strangers(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in Settings.model_fields]


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields} | {CONFIG_VARIABLE}
    given = (name for name in environ if name.upper().startswith(ENV_PREFIX) and name.upper() not in known)
    strangers = (name for name in given if not _service_link(name.upper(), environ[name]))
    return [_unknown(f"environment variable {name}", name.upper(), known) for name in sorted(strangers)]


def _service_link(name: str, value: str) -> bool:
    return bool(SERVICE_LINK.search(name)) or (name.endswith("_PORT") and "://" in value)


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    cure = f"Did you mean {near[0]}?" if near else "`ringback worker --help` lists the settings"
    return f"unknown {what}. {cure}"


def _problem(error: Mapping[str, Any]) -> str:
    """One problem that pydantic found as one line. The value stays out of it: it may be a password in a wrong place."""
    message = str(error["msg"]).removeprefix("Value error, ").replace("\n", " ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0])
    if name not in Settings.model_fields:
        return _unknown(f"setting {name}", name, Settings.model_fields)
    return f"setting {name} ({ENV_PREFIX}{name.upper()}): {message[0].lower()}{message[1:]}"
