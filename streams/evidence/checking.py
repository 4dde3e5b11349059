"""What a file of evidence is worth: whether it is as it was signed, and whether its records say what it says.

It needs the file alone. Source: docs/evidence.md, section "Verify".
"""

from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from streams.evidence.document import KIND, VERSION, Document, decoded, encoded, made_of
from streams.evidence.keys import fingerprint
from streams.evidence.page import document_in, page_of
from streams.evidence.records import Kept, Span
from streams.evidence.sealing import NotSealed, unseal


class Checked(NamedTuple):
    """What was found. problems: why it proves nothing, one line each; none if it holds. notes: what to know besides.

    signer: fingerprint of the key that its signature names; None if that cannot be read. document: None likewise.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    signer: str | None = None
    document: Document | None = None


def check(data: bytes, by: str, key: Ed25519PublicKey | None = None) -> Checked:
    """Check a file. by: this program and its version. key: of who must have signed it; None: of whoever did."""
    try:
        sealed = unseal(data)
    except NotSealed as error:
        return Checked((str(error),))
    signer = fingerprint(sealed.key)
    if not sealed.is_signed_by(sealed.key):
        return Checked(("the signature does not fit: the file was changed after it was signed",), (), signer)
    if key is not None and fingerprint(key) != signer:
        wanted = fingerprint(key)
        return Checked((f"somebody else signed it: the key is SHA256:{signer}, and not SHA256:{wanted}",), (), signer)
    try:
        document = decoded(document_in(sealed.content))
    except (ValueError, msgspec.DecodeError, RecursionError):
        return Checked(("it is signed, and no evidence: it has no document of this version",), (), signer)
    problems, notes = _check_document(document, sealed.content, by)
    return Checked(tuple(problems), tuple(notes), signer, document)


def _check_document(document: Document, content: bytes, by: str) -> tuple[list[str], list[str]]:
    """What its own records say of it. Another version may say the same in other words."""
    if (document.kind, document.version) != (KIND, VERSION):
        return [f"it is {document.kind} {document.version}; this program checks {KIND} {VERSION}"], []
    problems = list(_out_of_place(document.records, document.read))
    is_same_version = document.made.by == by
    made = made_of(
        document.asked, document.limits, document.records, document.read, document.unknown, document.other_callbacks
    )
    notes: list[str] = []
    if msgspec.json.encode(made) != msgspec.json.encode(document.said):
        if is_same_version or _core(made) != _core(document.said):
            problems.append("its records do not say what it says: what was derived from them comes out otherwise")
        else:
            notes.append(f"{document.made.by} made it; {by} says the same in other words")
    if is_same_version and not problems and content not in (page_of(document), encoded(document) + b"\n"):
        problems.append("its page does not say what its document says")
    elif not is_same_version:
        notes.append(
            f"{document.made.by} made the page, which only that version can make again; the document was checked"
        )
    return problems, notes


def _core(said: object) -> object:
    """What is derived, without the words."""
    plain = msgspec.to_builtins(said)
    return {
        "entries": [{name: one for name, one in entry.items() if name != "words"} for entry in plain["entries"]],
        "summary": plain["summary"],
        "coverage": plain["coverage"],
    }


def _out_of_place(records: tuple[Kept, ...], spans: tuple[Span, ...]) -> list[str]:
    """Records that stand where nothing was read, or twice."""
    read: dict[tuple[str, int], list[Span]] = {}
    for span in spans:
        read.setdefault((span.topic, span.partition), []).append(span)
    found, seen = [], set()
    for one in records:
        within = read.get((one.topic, one.partition), [])
        if not any(span.read_from <= one.offset < span.read_to for span in within):
            found.append(f"record {one.place} is not within what was read")
        if one.place in seen:
            found.append(f"record {one.place} is there twice")
        seen.add(one.place)
    return found
