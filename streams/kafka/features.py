"""What a Kafka cluster has agreed on: versions of features that all its brokers have, and that are switched on.

aiokafka speaks the ApiVersions request up to version 2, and features came with version 3 (Kafka 2.7): it is described
here. Sources: KIP-584; Kafka's ApiVersionsRequest.json and ApiVersionsResponse.json.
"""

from io import BytesIO
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion

from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.library_internals.aiokafka.client import ask
from streams.library_internals.aiokafka.protocol import (
    CompactString,
    Int16,
    Int32,
    Request,
    RequestStruct,
    Response,
    ResponseHeader_v0,
    Schema,
    Structs,
    TaggedFields,
)

TRANSACTION_VERSION = "transaction.version"
FINALIZED = 2
"""The tag under which the features stand that are switched on."""
_FEATURES = Structs(("name", CompactString("utf-8")), ("max_level", Int16), ("min_level", Int16))


class _FeaturesResponse(Response):  # type: ignore[misc]
    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        ("versions", Structs(("api_key", Int16), ("min_version", Int16), ("max_version", Int16))),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _FeaturesRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 18
    API_VERSION = 3
    RESPONSE_TYPE = _FeaturesResponse
    SCHEMA = Schema(
        ("client_software_name", CompactString("utf-8")),
        ("client_software_version", CompactString("utf-8")),
        ("tags", TaggedFields),
    )

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> ResponseHeader_v0:
        """Of this answer alone it is the old one, for clients that do not know the version."""
        return ResponseHeader_v0.decode(read_buffer)


class _FeaturesRequest(Request[_FeaturesRequestStruct]):  # type: ignore[misc]
    API_KEY = 18

    def build(self, request_struct_class: type[_FeaturesRequestStruct]) -> _FeaturesRequestStruct:
        return request_struct_class("ringback", "1", {})


class Agreed(NamedTuple):
    """What a broker knows. apis: by key of a request its highest version. features: levels that are switched on."""

    apis: dict[int, int]
    features: dict[str, int]


async def agreed(admin: AIOKafkaAdminClient, node: int | None = None) -> Agreed:
    """What a broker knows, some broker without `node`; nothing when it is too old to say. Raises KafkaError."""
    try:
        answer: Any = await ask(admin, _FeaturesRequest(), node)
    except (IncompatibleBrokerVersion, NotImplementedError):
        return Agreed({}, {})
    features = answer.tags.get(FINALIZED)
    levels = {name: level for name, level, _ in _FEATURES.decode(BytesIO(features))} if features else {}
    return Agreed({key: highest for key, _, highest in answer.versions}, levels)


async def finalized(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """The level of each feature that is switched on; {} when the broker is too old for features. Raises KafkaError."""
    return (await agreed(admin)).features


async def check_transactions(admin: AIOKafkaAdminClient, settings: Settings) -> None:
    """Raise OperatorError when the cluster lacks the transactions that the settings ask for. Raises KafkaError."""
    if settings.transaction_protocol == 1:
        return
    level = (await finalized(admin)).get(TRANSACTION_VERSION, 0)
    if level < settings.transaction_protocol:
        raise OperatorError(
            f"transaction_protocol is {settings.transaction_protocol}, and the brokers at {settings.broker} have "
            f"{TRANSACTION_VERSION} {level}. Set it to 1, or upgrade that feature of the cluster, see docs/operate.md"
        )
