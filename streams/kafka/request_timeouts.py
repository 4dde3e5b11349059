"""How long a request to a broker may take before it counts as lost and is sent again on another connection."""

from dataclasses import dataclass

from streams.library_internals.aiokafka.protocol import (
    FetchRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    ProduceRequest,
    SyncGroupRequest,
)
from streams.library_internals.aiokafka.requests_v2 import ProduceV12

ANSWER_S = 10.0
DATA_ANSWER_S = 20.0
"""The same for requests and answers that may be megabytes."""


@dataclass(frozen=True, slots=True)
class RequestTimeouts:
    """How long requests may take, in seconds. One that the broker holds until others act has the time for that."""

    session_s: float
    rebalance_s: float
    transaction_s: float

    def of(self, request: object, given_s: float) -> float:
        """For one request; `given_s` is what its client was made with."""
        match request:
            case HeartbeatRequest():
                return min(given_s, max(1.0, self.session_s / 2))
            case JoinGroupRequest() | SyncGroupRequest():
                return min(given_s, self.rebalance_s + ANSWER_S)
            case FetchRequest() | ProduceRequest() | ProduceV12():
                return min(given_s, DATA_ANSWER_S, self._within_transaction)
            case _:
                return min(given_s, ANSWER_S, self._within_transaction)

    @property
    def _within_transaction(self) -> float:
        """A request that is lost must be tried again before the transaction it belongs to is given up."""
        return max(1.0, self.transaction_s / 3)
