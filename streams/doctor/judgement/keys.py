"""What a key is that is not the one of its value: how it differs from it, and which setting makes it so.

Source: docs/contract.md, section "Keys and partitions".
"""

import re
import unicodedata
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from topics.framing import is_framed

STRINGS = (
    "Java: key.serializer=org.apache.kafka.common.serialization.StringSerializer; "
    "Connect: key.converter=org.apache.kafka.connect.storage.StringConverter"
)
PLAIN = "send the key as plain text in UTF-8"
SEPARATOR_MAX = 3


class WrongKey(Struct, frozen=True):
    """what: what the key is, without a part of it. cure: the client's setting, or what to send."""

    what: str
    cure: str


NONE = WrongKey(
    "there is no key",
    f"{PLAIN}: {{key}}. kcat wants -K with the separator, aiokafka and confluent-kafka key=, Connect a transform "
    "ValueToKey",
)
FRAMED = WrongKey("the key is framed for a schema registry", f"use no serializer of a registry for the key. {STRINGS}")
QUOTED = WrongKey("the key is in quotation marks, as JSON has a text", f"use no JSON serializer for the key. {STRINGS}")
OBJECT = WrongKey(
    "the key is a JSON object or list",
    f"send {{key}} as plain text. {STRINGS}, with a transform that joins the fields",
)
UTF_16 = WrongKey("the key is in UTF-16", PLAIN)
JAVA = WrongKey("the key is a serialized Java object", f"use the serializer of texts. {STRINGS}")
BYTES = WrongKey("the key is no text in UTF-8", f"{PLAIN}. {STRINGS}")
BOM = WrongKey(
    "the key begins with a byte order mark", "write the file or text without one: in Python utf-8, not utf-8-sig"
)
SPACE = WrongKey(
    "the key has white space or a zero byte at its begin or end",
    "strip it: a line break comes from reading lines, a zero byte from a C string with its end",
)
CASE = WrongKey(
    "the key has other capitals than the ids in the value", "take the ids of the key from the value as they are"
)
FORM = WrongKey(
    "the key has another Unicode form than the ids in the value",
    "take the ids of the key from the value as they are, and normalize both or none (NFC)",
)
OTHER_WAY = WrongKey("the key has its parts in another order", "send {key}")
ANOTHER = WrongKey("the key is another text", "send {key}, with the ids that the value has")


def wrong_key(key: bytes | None, expected: str | None, fields: Mapping[str, object]) -> WrongKey:
    """What is wrong with a key. expected: the right one, None if the value does not tell. fields: those of the value.

    In `cure`, {key} stands for the names of the fields that make the key.
    """
    if key is None:
        return NONE
    if b"\0" in key and _is_utf_16(key, expected):
        return UTF_16
    if is_framed(key):
        return FRAMED
    if key.startswith(b"\xac\xed\x00\x05"):
        return JAVA
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return BYTES
    return _of_json(text) or _of_text(text, expected, fields)


def _is_utf_16(key: bytes, expected: str | None) -> bool:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        try:
            text = key.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text == expected or (expected is None and text.isascii() and text.isprintable()):
            return True
    return False


def _of_json(text: str) -> WrongKey | None:
    if text[:1] not in ('"', "{", "["):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return QUOTED if isinstance(value, str) else OBJECT


def _of_text(text: str, expected: str | None, fields: Mapping[str, object]) -> WrongKey:
    if text.startswith("\ufeff"):
        return BOM
    if text != (bare := text.strip(" \t\r\n\0\ufeff\u00a0")):
        return SPACE
    if expected is None:
        return ANOTHER
    if bare.casefold() == expected.casefold():
        return CASE
    if unicodedata.normalize("NFC", bare) == unicodedata.normalize("NFC", expected):
        return FORM
    return _of_parts(bare, expected, fields)


def _of_parts(text: str, expected: str, fields: Mapping[str, object]) -> WrongKey:
    first, bar, second = expected.partition("|")
    if bar and text.startswith(first) and text.endswith(second):
        between = text[len(first) : len(text) - len(second)]
        if len(text) >= len(first) + len(second) and re.fullmatch(rf"\W{{0,{SEPARATOR_MAX}}}|[_,]|%7[Cc]", between):
            shown = f"with {between!r} in place of" if between else "without"
            return WrongKey(f"the key is the two ids {shown} '|'", "send {key}, with a '|' between them")
    if bar and sorted(text.split("|")) == sorted(expected.split("|")):
        return OTHER_WAY
    for name, value in fields.items():
        if value == text:
            return WrongKey(f"the key is {name} alone", "send {key}")
    if text.endswith(expected) or text.startswith(expected):
        return WrongKey("the key has more before or behind it", "send {key} and no more")
    return ANOTHER
