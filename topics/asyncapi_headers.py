"""The headers of messages, as JSON Schemas for the AsyncAPI document.

Source: docs/contract.md, sections "CloudEvents", "Trace context" and "Dead letters".
"""

from typing import Any

from topics.cloud_events import CONTENT_TYPE, LIFECYCLE_TYPES, SPEC_VERSION, event_type, schema_urn
from topics.codec import ErrorCode
from topics.names import TopicName

Schema = dict[str, Any]

CORRELATED_BY = {TopicName.PLACEMENT_REQUESTED: "request_id", TopicName.PLACEMENT_DECIDED: "request_id"}
"""The field by which request and answer are told."""

_TRACED = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS, TopicName.PLACEMENT_DECIDED)

_TRACE: Schema = {
    "traceparent": {"type": "string", "description": "W3C Trace Context: carried on to what follows from the event."},
    "tracestate": {"type": "string", "maxLength": 512, "description": "W3C Trace Context, with a `traceparent`."},
}


def headers_of_input() -> Schema:
    """Of what comes in: none has to be there, and all others are passed over."""
    attributes = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_dataschema")
    events: Schema = {name: {"type": "string"} for name in (*attributes, "content-type")}
    return {
        "type": "object",
        "description": "None is required. Those of CloudEvents and of schema registries are accepted and not read.",
        "properties": events | _TRACE,
    }


def headers_of_output(topic: TopicName) -> Schema:
    """Of what is written: the attributes of a CloudEvent."""
    has_subject = topic not in (TopicName.PLACEMENT_DECIDED, TopicName.OUTSTANDING_CALLBACKS)
    attributes = _attributes(topic)
    # A tombstone has no data, and nothing is said about it.
    of_data: Schema = {
        "ce_dataschema": {
            "type": "string",
            "const": schema_urn(topic.value),
            "description": "The `$id` of the schema.",
        },
        "content-type": {"type": "string", "const": CONTENT_TYPE},
    }
    return {
        "type": "object",
        "properties": attributes
        | ({"ce_subject": {"type": "string", "description": _SUBJECTS[topic]}} if has_subject else {})
        | of_data
        | (_TRACE if topic in _TRACED else {}),
        "required": [*attributes, *(() if topic == TopicName.OUTSTANDING_CALLBACKS else of_data)],
    }


def headers_of_letter() -> Schema:
    """Of a dead letter: those of the original, then these."""
    own: Schema = {
        "__connect.errors.topic": {"type": "string", "description": "The topic it was read from, by its full name."},
        "__connect.errors.partition": {"type": "string", "pattern": "^[0-9]+$"},
        "__connect.errors.offset": {"type": "string", "pattern": "^[0-9]+$"},
        "__connect.errors.exception.class.name": {"type": "string"},
        "__connect.errors.exception.message": {
            "type": "string",
            "description": "What is wrong, and where in the value.",
        },
        "ringback.error": {"type": "string", "x-extensible-enum": [str(code) for code in ErrorCode]},
    }
    attributes = _attributes(TopicName.DEAD_LETTER)
    subject = {"ce_subject": {"type": "string", "description": _SUBJECTS[TopicName.DEAD_LETTER]}}
    return {
        "type": "object",
        "description": "The headers of the original come first; of a name that is there twice the last counts.",
        "properties": own | attributes | subject,
        "required": [*own, *attributes, *subject],
    }


_SUBJECTS = {
    TopicName.DIAL_PREVIEW: "The callback's id.",
    TopicName.DIAL_ANALYSIS: "The callback's id.",
    TopicName.CALLBACK_LIFECYCLE: "The callback's id, if there is one.",
    TopicName.DNC_ENTRIES: "The list's id.",
    TopicName.CONSOLE_AUDIT: "The name of the run.",
    TopicName.DEAD_LETTER: "The topic of the original, without prefix.",
}


def _attributes(topic: TopicName) -> Schema:
    types: Schema = {"const": event_type(topic)}
    if topic == TopicName.CALLBACK_LIFECYCLE:
        types = {"x-extensible-enum": list(LIFECYCLE_TYPES.values())}
    return {
        "ce_specversion": {"type": "string", "const": SPEC_VERSION},
        "ce_id": {"type": "string", "minLength": 1, "description": "The same if it is produced again after a crash."},
        "ce_type": {"type": "string", **types},
        "ce_source": {"type": "string", "description": "`/ringback/` and the setting `app` of the workers."},
        "ce_time": {"type": "string", "format": "date-time"},
    }
