"""The settings of adapters: how long halves wait, and how numbers, attributes and times of other systems are read.

They are part of `streams.base.settings.Settings`.
"""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.base.console_settings import Names, zone


class AdapterSettings(BaseSettings):
    """Of all adapters; each is a process of its own and has its own."""

    model_config = SettingsConfigDict(frozen=True, use_attribute_docstrings=True)

    adapter_window_s: float = Field(default=14400, ge=1, le=604800)
    """Seconds that one half of an event waits for the other; then it becomes a dead letter."""
    adapter_region: str | None = Field(default=None, pattern=r"\A[A-Z]{2}\z")
    """Country of phone numbers without a country code, such as US; without it they are refused."""
    adapter_attributes: Names = ()
    """Attributes and columns that may be passed on: their names, separated by commas; all others are left out."""
    adapter_time_zone: Annotated[str, AfterValidator(zone)] = "UTC"
    """Time zone of times that have none, as in the tables of VICIdial."""


ADAPTER_NAMES = tuple(AdapterSettings.model_fields)
"""In the order of the docs."""
