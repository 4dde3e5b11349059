"""Every adapter by its name."""

from collections.abc import Callable, Mapping

from streams.adapters.genesys.adapter import Genesys
from streams.adapters.genesys.conversation import KEPT_MS_MAX as OF_GENESYS
from streams.adapters.seam import Adapter, Terms
from streams.adapters.vicidial.adapter import KEPT_MS as OF_VICIDIAL
from streams.adapters.vicidial.adapter import Vicidial

ADAPTERS: Mapping[str, Callable[[Terms], Adapter]] = {"genesys": Genesys, "vicidial": Vicidial}
"""What makes an adapter, by the name that its topics, its group and its command have."""

KEPT_MS_MAX = max(OF_GENESYS, OF_VICIDIAL)
"""How long after the last event an adapter remembers what names a contact, at most."""
