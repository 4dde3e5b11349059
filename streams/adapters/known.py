"""Every adapter by its name."""

from collections.abc import Callable, Mapping

from streams.adapters.genesys.adapter import Genesys
from streams.adapters.seam import Adapter, Terms
from streams.adapters.vicidial.adapter import Vicidial

ADAPTERS: Mapping[str, Callable[[Terms], Adapter]] = {"genesys": Genesys, "vicidial": Vicidial}
"""What makes an adapter, by the name that its topics, its group and its command have."""
