"""What must be the same in two accounts of the same events, whoever gave them."""

from typing import Any

import orjson

from topics.cloud_events import is_attribute

WHERE_IT_STOOD = ("__connect.errors.offset", "__connect.errors.topic")


def comparable(value: bytes | None, headers: Any) -> Any:
    """A record without its offsets: the simulator counts them per topic, Kafka per partition and with markers.

    And without what makes it a CloudEvent, which the simulator does not write.
    """
    plain = None if value is None else orjson.loads(value)
    if isinstance(plain, dict) and isinstance(plain.get("cause"), dict):
        plain["cause"] = {name: what for name, what in plain["cause"].items() if name != "offset"}
    return plain, [(name, what) for name, what in headers if name not in WHERE_IT_STOOD and not is_attribute(name)]
