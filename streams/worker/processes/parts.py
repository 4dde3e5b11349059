"""What each of several processes is started with, and how its settings travel to it."""

from collections.abc import Mapping

import msgspec
from pydantic import SecretStr

from streams.base.settings import Settings, make
from streams.storage.state_dir import PROCESS
from streams.worker.binding import LOOPBACK


def settings_of(settings: Settings, number: int) -> Settings:
    """Those of a process, the first of which is 1: a folder, a name in the group and a page of its own.

    Raises SettingsError when the name would be too long.
    """
    own: dict[str, object] = {
        "processes": 1,
        "metrics_host": LOOPBACK,
        "metrics_port": 0,
        "state_dir": settings.state_dir / f"{PROCESS}{number}",
    }
    if settings.instance_id is not None:
        own["instance_id"] = f"{settings.instance_id}-{number}"
    return make(**(_values(settings) | own))


def packed(settings: Settings) -> bytes:
    """As one line, secrets included."""
    return msgspec.json.encode(_values(settings), enc_hook=str) + b"\n"


def unpacked(line: bytes) -> Settings:
    """The settings that were packed."""
    return make(**msgspec.json.decode(line))


def _values(settings: Settings) -> dict[str, object]:
    values: Mapping[str, object] = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
