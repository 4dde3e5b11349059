"""The trace context of an event goes out with the commands of its callback, and changes nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.logic.contact.limits import ROW_BYTES_MAX
from streams.logic.contact.rows import decode_contact, encode_contact
from streams.logic.contact.trace_context import TRACESTATE_MAX, TraceContext, headers_of, trace_context
from streams.logic.partition.own_rows import is_contact
from tests.builders import Said, Worker, campaign, cancelled, instant, rescheduled, returned, rule, scheduled, wrap_up

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
DUE = "2026-11-23T15:00:00Z"
REQUEST = {
    "event_id": "q-e", "request_id": "q", "occurred_at": "2026-11-23T14:40:00Z", "origin": "campaign",
    "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": "+12125550101",
}  # fmt: skip


def headers(said: Said, topic: str) -> list[dict[str, str]]:
    return [line.get("headers", {}) for line in said.lines if line["topic"] == topic]


def rows(worker: Worker) -> list[bytes]:
    return [row for key, row in worker.core.partitions[0].table.items() if is_contact(key)]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (PARENT, PARENT),
        (OTHER, OTHER),
        ("cc" + PARENT[2:], PARENT),
        ("cc" + PARENT[2:] + "-what-comes-with-it", PARENT),
        (PARENT + "-more", None),
        ("cc" + PARENT[2:] + "more", None),
        ("ff" + PARENT[2:], None),
        (PARENT.upper(), None),
        (PARENT[:-1], None),
        (" " + PARENT, None),
        (PARENT + "\n", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-{TRACE_ID}-{'0' * 16}-01", None),
        ("", None),
        ("+12125550101", None),
    ],
)
def test_a_header_counts_if_the_recommendation_calls_it_valid(value: str, found: str | None) -> None:
    context = trace_context([("traceparent", value.encode())])
    assert (context and context.traceparent) == found


@given(st.lists(st.tuples(st.sampled_from(["traceparent", "tracestate", "x"]), st.none() | st.binary(max_size=600))))
def test_whatever_stands_in_headers_can_be_read_and_is_carried_on_as_text(
    found: list[tuple[str, bytes | None]],
) -> None:
    assert trace_context([*found, ("traceparent", None)]) is None
    context = trace_context([*found, ("traceparent", PARENT.encode())])
    assert context is not None and trace_context(headers_of(context)) == context


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("vendor=7", True),
        ("v" * TRACESTATE_MAX, True),
        ("v" * (TRACESTATE_MAX + 1), False),
        ("", False),
        ("vendor=ü", False),
    ],
)
def test_a_state_is_carried_on_if_it_is_short_and_plain_and_else_only_the_parent(state: str, kept: bool) -> None:
    context = trace_context([("traceparent", PARENT.encode()), ("tracestate", state.encode())])
    assert context == TraceContext(PARENT, state if kept else None)


def test_of_two_headers_of_one_name_the_last_counts_and_without_a_parent_there_is_no_state() -> None:
    two = [("traceparent", PARENT.encode()), ("traceparent", OTHER.encode())]
    assert trace_context(two) == TraceContext(OTHER)
    assert trace_context([("tracestate", b"vendor=7")]) is None


def test_a_command_carries_on_what_the_event_brought_that_scheduled_its_callback_also_after_a_restart() -> None:
    worker = Worker()
    said = worker.send("callback-scheduled", scheduled(), traceparent=PARENT, tracestate="vendor=7")
    assert headers(said, "callback-lifecycle") == headers(said, "outstanding-callbacks") == [{}]
    worker.restart()
    said = worker.run_to(DUE)
    assert headers(said, "dial-preview") == [{"traceparent": PARENT, "tracestate": "vendor=7"}]


def test_the_entry_of_a_command_for_the_metrics_has_the_context_that_it_carries() -> None:
    worker = Worker()
    worker.send("callback-scheduled", scheduled(), traceparent=PARENT)
    outcome = worker.core.partitions[0].fire(instant(DUE))
    assert outcome is not None and [one.traceparent for one in outcome.fired] == [PARENT]


def test_the_callback_of_a_rule_carries_on_what_the_wrap_up_brought() -> None:
    worker = Worker(campaign(rule_set_ids=["R"]), rules=(rule(),))
    worker.send("wrap-up", wrap_up("v1", wrap_up_code="AGAIN"), traceparent=PARENT)
    said = worker.run_to("2026-11-24T15:00:00Z")
    assert headers(said, "dial-preview") + headers(said, "dial-analysis") == [{"traceparent": PARENT}]


@pytest.mark.parametrize(
    ("changes", "brought", "carried"),
    [
        ({}, {"traceparent": OTHER}, {"traceparent": OTHER}),
        ({}, {}, {"traceparent": PARENT, "tracestate": "vendor=7"}),
        ({}, {"traceparent": "no"}, {"traceparent": PARENT, "tracestate": "vendor=7"}),
    ],
)
def test_a_reschedule_brings_its_own_and_without_one_the_first_stays(changes, brought, carried) -> None:
    worker = Worker()
    worker.send("callback-scheduled", scheduled(), traceparent=PARENT, tracestate="vendor=7")
    worker.send("callback-scheduled", rescheduled(due_at="2026-11-23T16:00:00Z", **changes), **brought)
    assert headers(worker.run_to("2026-11-23T16:00:00Z"), "dial-preview") == [carried]


def test_a_reschedule_that_is_refused_brings_nothing() -> None:
    worker = Worker()
    worker.send("callback-scheduled", scheduled(), traceparent=PARENT)
    late = rescheduled(due_at="2028-11-23T16:00:00Z")
    assert worker.send("callback-scheduled", late, traceparent=OTHER).transitions == ["rejected"]
    assert headers(worker.run_to(DUE), "dial-preview") == [{"traceparent": PARENT}]


def test_a_command_that_comes_back_goes_out_with_what_its_return_brought() -> None:
    worker = Worker(campaign(on_returned="again"))
    worker.send("callback-scheduled", scheduled(), traceparent=PARENT)
    worker.run_to(DUE)
    worker.send("callback-scheduled", returned(), traceparent=OTHER)
    assert headers(worker.run_to("2026-11-23T16:00:00Z"), "dial-preview") == [{"traceparent": OTHER}]


def test_an_answer_carries_back_what_the_request_brought_also_when_it_is_repeated() -> None:
    worker = Worker()
    first = worker.send("placement-requested", REQUEST, traceparent=PARENT)
    again = worker.send("placement-requested", {**REQUEST, "event_id": "q-2"}, traceparent=OTHER)
    bare = worker.send("placement-requested", {**REQUEST, "event_id": "q-3"})
    found = [headers(said, "placement-decided") for said in (first, again, bare)]
    assert found == [[{"traceparent": PARENT}], [{"traceparent": OTHER}], [{}]]


def test_without_a_valid_header_every_row_is_the_same_and_says_nothing_of_traces() -> None:
    plain, odd, traced = Worker(), Worker(), Worker()
    for worker, brought in ((plain, {}), (odd, {"traceparent": "00-1-2-3"}), (traced, {"traceparent": PARENT})):
        worker.send("callback-scheduled", scheduled(), **brought)
    assert rows(plain) == rows(odd) and b"trace" not in b"".join(rows(plain))
    assert b'"trace":["%s",null]' % PARENT.encode() in b"".join(rows(traced))


def test_a_callback_that_has_ended_carries_nothing() -> None:
    worker = Worker()
    worker.send("callback-scheduled", scheduled(), traceparent=PARENT)
    worker.send("callback-scheduled", cancelled())
    assert PARENT.encode() not in b"".join(rows(worker))


def test_a_row_that_grows_too_large_gives_up_traces_before_answers_and_what_has_ended() -> None:
    worker = Worker()
    worker.send("placement-requested", REQUEST)
    worker.send("callback-scheduled", scheduled("k0"))
    worker.send("callback-scheduled", cancelled("k0"))
    for number in range(1, 200):
        event = scheduled(f"k{number}", event_id=f"s{number}", notes="n" * 60)
        said = worker.send("callback-scheduled", event, traceparent=PARENT, tracestate="s" * TRACESTATE_MAX)
        assert said.errors == []
        (row,) = rows(worker)
        assert len(row) <= ROW_BYTES_MAX
        if row.count(PARENT.encode()) < number:
            break
    known = decode_contact(row)
    assert len(known.callbacks) == number > 20 and len(known.answers) == len(known.ended) == 1
    assert encode_contact(known, row) == row
