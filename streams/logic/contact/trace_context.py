"""The trace context that an event brings in its headers, and that its callback carries on to its commands.

Source: https://www.w3.org/TR/trace-context/; docs/contract.md, section "Trace context";
docs/decisions/0053-trace-context-in-the-row.md.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from streams.logic.contact.exchange import Headers

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"

TRACESTATE_MAX = 512
"""Characters. The recommendation asks for as many to be passed on; a longer one is left out whole."""

# version, trace id, parent id, flags; what a later version appends is not known here.
_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_STATE = re.compile(rb"[\x20-\x7e]{1,%d}" % TRACESTATE_MAX)


class TraceContext(Struct, frozen=True, array_like=True, gc=False):
    """A valid `traceparent` of version 00, and the `tracestate` that came with it, if any."""

    traceparent: str
    tracestate: str | None = None


def trace_context(headers: Iterable[tuple[str, bytes | None]]) -> TraceContext | None:
    """The trace context among the headers of a record, the last of each name; None if there is no valid one."""
    values = dict(headers)
    parent = _PARENT.fullmatch(values.get(TRACEPARENT) or b"")
    if parent is None or not _is_valid(*parent.groups()):
        return None
    state = values.get(TRACESTATE) or b""
    trace_id, parent_id, flags = (parent[number].decode() for number in (2, 3, 4))
    return TraceContext(f"00-{trace_id}-{parent_id}-{flags}", state.decode() if _STATE.fullmatch(state) else None)


def headers_of(trace: TraceContext | None) -> Headers:
    """The headers of a record that carries this on; none if there is nothing to carry."""
    if trace is None:
        return ()
    parent = (TRACEPARENT, trace.traceparent.encode())
    return (parent,) if trace.tracestate is None else (parent, (TRACESTATE, trace.tracestate.encode()))


def _is_valid(version: bytes, trace_id: bytes, parent_id: bytes, _: bytes, more: bytes | None) -> bool:
    """Ids of zeros mean that there is none; version ff is none, and 00 has nothing more."""
    known = version != b"ff" and not (version == b"00" and more is not None)
    return known and bool(trace_id.strip(b"0")) and bool(parent_id.strip(b"0"))
