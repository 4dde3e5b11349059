"""What serializers of schema registries put before a JSON value, and how it is taken off.

Confluent's have a zero byte and the schema's id in 4 bytes, or a byte of 1 and a GUID; Apicurio's have a zero byte and
4 bytes, up to version 2 mostly 8; the Glue registry's have 3, the compression (0 for none) and a GUID. They may name
the schema in headers as well, and then nothing stands before the value. JSON alone is read: Avro and Protobuf, which
stand behind the same bytes, are left as they are.
Source: docs/contract.md, section "Schema registries".
"""

import re

_LENGTHS = {0: (5, 9), 1: (17,), 3: (18,)}
"""By the first byte, how many bytes stand before the value."""

_OBJECT = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*["}]')


def unframed(value: bytes) -> bytes:
    """The JSON object behind the bytes of a serializer; the value as it is where there are none, or no object."""
    # No JSON begins with these, and a message never gets further than this line otherwise.
    if not value or value[0] not in _LENGTHS:
        return value
    return next((value[end:] for end in _LENGTHS[value[0]] if _OBJECT.match(value, end)), value)


def is_framed(value: bytes) -> bool:
    """Whether it begins as serializers of schema registries do."""
    return bool(value) and value[0] in _LENGTHS and len(value) >= _LENGTHS[value[0]][0]


def why_wrong_key(key: bytes | None) -> str:
    """What is wrong with a key that is not the one of its value, without a part of it."""
    if is_framed(key or b""):
        return "The key is framed for a schema registry; it has to be plain text"
    return "The key does not match the value"
