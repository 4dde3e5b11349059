"""What all pages share: the settings, the view, the door, and what acts. Made once, when the console starts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from streams.base.clock import Clock
from streams.base.settings import Settings
from streams.console.access.door import Door
from streams.console.access.posts import Posts
from streams.console.access.rates import Rates
from streams.console.access.seals import Seals, key_in
from streams.console.web.sources import Deeds, Forecasts, Looks, Tries


@dataclass(frozen=True, slots=True)
class Site:
    """One console. stopping: set when it ends, so that streams end too."""

    settings: Settings
    clock: Clock
    looks: Looks
    forecasts: Forecasts
    deeds: Deeds
    trials: Tries
    door: Door
    posts: Posts
    rates: Rates
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers reach it by https."""
        return (self.settings.console_url or "").startswith("https:")


def site(
    settings: Settings,
    clock: Clock,
    looks: Looks,
    forecasts: Forecasts,
    deeds: Deeds,
    trials: Tries,
    seconds: Callable[[], float] = monotonic,
) -> Site:
    """A console over these parts. seconds: for rate limits. Raises SettingsError if the token file cannot be read."""
    seals = Seals(key_in(settings.console_dir))
    return Site(
        settings=settings,
        clock=clock,
        looks=looks,
        forecasts=forecasts,
        deeds=deeds,
        trials=trials,
        door=Door(settings, seals),
        posts=Posts(seals, settings.console_url),
        rates=Rates(seconds),
    )
