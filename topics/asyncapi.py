"""The AsyncAPI 3 document of all topics, as data: channels, messages, keys, headers, Kafka's settings and security.

It is about a Ringback worker: what it receives, and what it sends. Source: docs/contract/index.md;
https://www.asyncapi.com/docs/reference/specification/v3.1.0; https://github.com/asyncapi/bindings/tree/master/kafka.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from topics.asyncapi_headers import CORRELATED_BY, headers_of_input, headers_of_letter, headers_of_output
from topics.asyncapi_servers import PARAMETERS, SECURITY_SCHEMES, SERVERS
from topics.catalog import CATALOG, NEEDED_TOPICS, STATE_TOPIC
from topics.commands import CONTRACT_VERSION
from topics.manifests import Deployment
from topics.messages import MESSAGES, Message
from topics.names import TopicName
from topics.topic import Cleanup, Direction, Topic

BINDING_VERSION = "0.5.0"

Document = dict[str, Any]
Examples = Mapping[str, Mapping[str, Any]]
"""By the name of a message, its examples by their names."""

_DESCRIPTION = """\
Ringback keeps the scheduled callbacks of outbound dialing campaigns, and writes a dial command when one falls due.
docs/contract.md says what each field means, docs/contract/index.md what a reader and a sender may rely on.

Every value is one JSON object in UTF-8. Every key is plain text, and the partition of a record is the murmur2 of its
key, as Java clients compute it. What Ringback writes is in transactions: read it with `read_committed`.
"""

_KEYS = {
    "contact_list_id|contact_id": "The contact: its list's id, `|`, its own id. The first `|` ends the list's id.",
    "dnc_list_id|phone_number": "The entry: its list's id, `|`, the number in E.164.",
    "run": "The name of the run.",
}

_ALSO_WRITTEN = frozenset({TopicName.DNC_ENTRIES})
"""What comes in and is sent by workers as well."""


def document(examples: Examples) -> Document:
    """The document. Schemas of values are files beside it, `schemas/NAME.json`."""
    shown = [topic for topic in CATALOG.values() if topic.name != STATE_TOPIC]
    return {
        "asyncapi": "3.1.0",
        "id": "urn:ringback",
        "info": {
            "title": "Ringback",
            "version": f"{CONTRACT_VERSION}.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": {topic.name.value: _channel(topic) for topic in shown},
        "operations": dict(_operation(topic, action) for topic in shown for action in _actions(topic)),
        "components": {
            "messages": {name: _message(one, examples.get(name, {})) for name, one in MESSAGES.items()}
            | {TopicName.DEAD_LETTER.value: _letter(examples.get(TopicName.DEAD_LETTER, {}))},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _names(topic: Topic) -> list[str]:
    found = [name for name, one in MESSAGES.items() if one.topic is topic]
    return found or [topic.name.value]


def _channel(topic: Topic) -> Document:
    deployment = Deployment()
    return {
        "address": f"{{prefix}}{topic.name}",
        "title": topic.name.value,
        "description": _about(topic),
        "parameters": PARAMETERS,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        "bindings": {
            "kafka": {
                "partitions": topic.partition_count(deployment.partitions),
                "replicas": deployment.replicas,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _about(topic: Topic) -> str:
    partitions = (
        "All topics with this number of partitions have the same; it is the deployment's to choose."
        if topic.partitions is None
        else "It has one partition."
    )
    kept = " A record without a value is a tombstone: it removes the key." if topic.cleanup is Cleanup.COMPACT else ""
    optional = "" if topic.name in NEEDED_TOPICS else " Only whoever acts from a console or a command line needs it."
    return f"{topic.reason} {partitions}{kept}{optional}"


def _configuration(topic: Topic) -> Document:
    """The settings that the binding knows, as numbers where they are."""
    config = topic.config()
    known = ("retention.ms", "delete.retention.ms", "max.message.bytes")
    return {"cleanup.policy": [config["cleanup.policy"]]} | {
        name: int(config[name]) for name in known if name in config
    }


def _actions(topic: Topic) -> Sequence[str]:
    if topic.direction is Direction.OUT:
        return ("send",)
    return ("receive", "send") if topic.name in _ALSO_WRITTEN else ("receive",)


def _operation(topic: Topic, action: str) -> tuple[str, Document]:
    name = topic.name.value
    channel = f"#/channels/{name}"
    found: Document = {
        "action": action,
        "channel": {"$ref": channel},
        "title": f"{'Write' if action == 'send' else 'Read'} {name}",
        "messages": [{"$ref": f"{channel}/messages/{one}"} for one in _names(topic)],
    }
    if topic.name == TopicName.PLACEMENT_REQUESTED:
        answer = f"#/channels/{TopicName.PLACEMENT_DECIDED}"
        messages = [{"$ref": f"{answer}/messages/{TopicName.PLACEMENT_DECIDED}"}]
        found["reply"] = {"channel": {"$ref": answer}, "messages": messages}
    return f"{action}-{name}", found


def _message(message: Message, examples: Mapping[str, Any]) -> Document:
    headers = headers_of_input() if message.is_input else headers_of_output(message.topic.name)
    found: Document = {
        "name": message.name,
        "title": message.name,
        "summary": (message.value.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": headers,
        "payload": {"$ref": f"./schemas/{message.name}.json"},
        "bindings": {"kafka": {"key": _key(message.topic), "bindingVersion": BINDING_VERSION}},
    }
    if message.topic.name in CORRELATED_BY:
        found["correlationId"] = {"location": f"$message.payload#/{CORRELATED_BY[message.topic.name]}"}
    return found | _examples(examples)


def _letter(examples: Mapping[str, Any]) -> Document:
    return {
        "name": TopicName.DEAD_LETTER.value,
        "title": TopicName.DEAD_LETTER.value,
        "summary": "A record that could not be used: key, value, timestamp and headers are those of the original.",
        "headers": headers_of_letter(),
        "payload": {"description": "Whatever it was: it need not be JSON."},
        "bindings": {"kafka": {"key": _key(CATALOG[TopicName.DEAD_LETTER]), "bindingVersion": BINDING_VERSION}},
    } | _examples(examples)


def _key(topic: Topic) -> Document:
    words = _KEYS.get(topic.key) or (topic.key if " " in topic.key else f"`{topic.key}` of the value.")
    return {"type": "string", "description": words[0].upper() + words[1:]}


def _examples(examples: Mapping[str, Any]) -> Document:
    if not examples:
        return {}
    return {"examples": [{"name": name, "payload": payload} for name, payload in examples.items()]}
