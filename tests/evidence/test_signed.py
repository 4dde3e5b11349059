"""A file of evidence is as it was signed, down to the last byte, and its records say what it says."""

import random
from functools import cache

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence.checking import check
from streams.evidence.document import decoded, encoded
from streams.evidence.keys import base64url
from streams.evidence.page import page_of
from streams.evidence.sealing import NotSealed, _header, seal, unseal
from tests.evidence.days import whole_day
from tests.evidence.logs import made

BY = "ringback test"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def run(coroutine):
    """What a coroutine that waits for nothing comes to."""
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    return ended.value.value


@cache
def document():
    return decoded(encoded(run(made(whole_day().records))))


@cache
def file(form: str = "html") -> bytes:
    content = page_of(document()) if form == "html" else encoded(document()) + b"\n"
    return seal(content, KEY, as_html=form == "html")


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_file_holds_and_names_its_signer(form):
    checked = check(file(form), BY, KEY.public_key())
    assert (checked.problems, checked.notes) == ((), ())
    assert checked.document == document()


@pytest.mark.parametrize("form", ["html", "json"])
@given(data=st.data())
def test_any_byte_that_is_changed_is_found(form, data):
    given_file = file(form)
    at = data.draw(st.integers(0, len(given_file) - 1) | st.integers(len(given_file) - 600, len(given_file) - 1))
    changed = bytearray(given_file)
    changed[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != given_file[at]))
    assert check(bytes(changed), BY).problems


@pytest.mark.parametrize("form", ["html", "json"])
def test_each_byte_of_the_signature_counts(form):
    given_file = file(form)
    for at in range(given_file.rfind(b"\n", 0, -1) + 1, len(given_file)):
        for bit in (1, 2, 4, 32):
            changed = bytearray(given_file)
            changed[at] ^= bit
            assert check(bytes(changed), BY).problems, at


@pytest.mark.parametrize("form", ["html", "json"])
@given(data=st.data())
def test_a_file_that_is_cut_off_or_has_more_than_was_signed_is_found(form, data):
    given_file = file(form)
    end = data.draw(st.integers(0, len(given_file) - 1))
    assert check(given_file[:end], BY).problems
    assert check(given_file + data.draw(st.binary(min_size=1, max_size=20)), BY).problems
    assert check(data.draw(st.binary(min_size=1, max_size=20)) + given_file, BY).problems


def test_a_file_that_somebody_else_signed_is_found_by_the_key_that_must_have_signed():
    forged = seal(unseal(file()).content, OTHER_KEY, as_html=True)
    assert check(forged, BY).problems == ()
    (problem,) = check(forged, BY, KEY.public_key()).problems
    assert problem.startswith("somebody else signed it")


def signed(changed) -> bytes:
    return seal(encoded(changed) + b"\n", KEY, as_html=False)


def test_a_sentence_that_the_records_do_not_say_is_found_though_it_is_signed():
    original = document()
    entries = list(original.said.entries)
    entries[5] = msgspec.structs.replace(entries[5], words="The contact asked for this call.")
    said = msgspec.structs.replace(original.said, entries=tuple(entries))
    (problem,) = check(signed(msgspec.structs.replace(original, said=said)), BY).problems
    assert "its records do not say what it says" in problem


def test_a_record_that_is_left_out_added_or_changed_is_found_though_it_is_signed():
    original = document()
    for at, one in enumerate(original.records):
        without = (*original.records[:at], *original.records[at + 1 :])
        if one.topic in ("callback-lifecycle", "placement-decided", "wrap-up", "dnc-entries", "campaigns"):
            assert check(signed(msgspec.structs.replace(original, records=without)), BY).problems, one.place
    twice = (*original.records, original.records[0])
    assert check(signed(msgspec.structs.replace(original, records=twice)), BY).problems
    beyond = msgspec.structs.replace(original.records[0], offset=10_000)
    assert check(signed(msgspec.structs.replace(original, records=(*original.records, beyond))), BY).problems


def test_what_it_cannot_show_may_not_be_left_out():
    original = document()
    assert original.said.cannot_show
    said = msgspec.structs.replace(original.said, cannot_show=())
    assert check(signed(msgspec.structs.replace(original, said=said)), BY).problems


def test_a_page_that_says_something_else_than_its_document_is_found_though_it_is_signed():
    content = page_of(document()).replace(b"Cancelled by sup", b"Cancelled by Ann", 1)
    (problem,) = check(seal(content, KEY, as_html=True), BY).problems
    assert problem == "its page does not say what its document says"


def test_another_version_checks_what_was_decided_and_says_that_words_were_not_compared():
    original = document()
    entries = tuple(msgspec.structs.replace(one, words="In other words.") for one in original.said.entries)
    reworded = msgspec.structs.replace(original, said=msgspec.structs.replace(original.said, entries=entries))
    checked = check(signed(reworded), "ringback later")
    assert checked.problems == () and "in other words" in checked.notes[0]
    effects = tuple(msgspec.structs.replace(one, effect="made") for one in original.said.entries)
    lying = msgspec.structs.replace(original, said=msgspec.structs.replace(original.said, entries=effects))
    assert check(signed(lying), "ringback later").problems


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}\n", b"<html></html>\n", b"\x00" * 64, b'{"ringback-evidence-signature":"a..b"}\n']
)
def test_what_is_no_file_of_evidence_is_said_to_be_none(data):
    with pytest.raises(NotSealed):
        unseal(data)
    assert check(data, BY).problems


def test_something_else_that_is_signed_is_no_evidence():
    for content in (b"hello\n", b"{}\n", b'{"kind":"other"}\n'):
        (problem,) = check(seal(content, KEY, as_html=False), BY).problems
        assert "no evidence" in problem


@given(seed=st.integers(0, 2**32))
def test_records_in_any_order_give_the_same_bytes(seed):
    records = whole_day().records
    random.Random(seed).shuffle(records)
    assert encoded(run(made(records))) == encoded(run(made(whole_day().records)))


def test_nothing_but_the_time_of_making_is_different_when_it_is_made_again():
    first, second = run(made(whole_day().records)), run(made(whole_day().records, made_at="2026-11-28T09:00:00Z"))
    assert first != second
    assert msgspec.structs.replace(first, made=second.made) == second


def test_a_signature_with_another_header_or_with_a_payload_of_its_own_is_not_read():
    content = unseal(file("json")).content
    for header in (b'{"alg":"none"}', _header(KEY.public_key()).replace(b'"kid":"', b'"kid":"0'), b"{}", b"no JSON"):
        token = base64url(header)
        signature = base64url(KEY.sign(token.encode() + b"." + content))
        line = b'{"ringback-evidence-signature":"%s"}\n'
        with pytest.raises(NotSealed):
            unseal(content + line % f"{token}..{signature}".encode())
    token = base64url(_header(KEY.public_key()))
    signature = base64url(KEY.sign(token.encode() + b"." + content))
    assert unseal(content + line % f"{token}..{signature}".encode()).is_signed_by(KEY.public_key())
    with pytest.raises(NotSealed):
        unseal(content + line % f"{token}.e30.{signature}".encode())
