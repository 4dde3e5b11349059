"""How deep a JSON value may nest: as deep on every version of Python, whose own limits differ, and with any stack."""

import re
from itertools import accumulate

NESTING_MAX = 500
"""Objects and lists in one another. Events nest five deep; the strictest Python gives up at some 900."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def refuse_deep(value: bytes, deepest: int = NESTING_MAX) -> None:
    """Raise RecursionError if the value nests deeper than that. What is no JSON may be refused or not."""
    if value.count(b"[") + value.count(b"{") <= deepest:
        return  # As good as every event ends here.
    brackets = _STRING.sub(b"", value).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets))) > deepest:
        raise RecursionError(f"nested more than {deepest} deep")
