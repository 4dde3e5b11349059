"""What is told of a call is a function of how Asterisk says that it ended."""

import pytest

from examples.asterisk_dialer import outcomes
from examples.asterisk_dialer.outcomes import INTERRUPTED, Ended
from tests.builders import instant
from topics.callback_events import Owner, ReturnReason
from topics.codec import decode, encode, value_key
from topics.commands import Checks, DialCommand, Origin

AT, NOW = instant("2026-11-27T10:00:00Z"), instant("2026-11-27T10:00:30Z")


def command(checks: Checks = Checks.PASSED) -> DialCommand:
    return DialCommand(
        command_id="c" * 32, callback_id="k1", origin=Origin.RULE, campaign_id="P", contact_list_id="L",
        contact_id="c1", phone_number="+12125550101", due_at=AT, presentation=1, owner=Owner.ANYONE, checks=checks,
        phone_column="home",
    )  # fmt: skip


def told(ended: Ended | None, checks: Checks = Checks.PASSED) -> tuple[str, str | None]:
    event = outcomes.wrap_up(command(checks), ended, AT, None, NOW)
    return event.wrap_up_code, event.call_analysis


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Ended(16, "Up", {"AMDSTATUS": "HUMAN"}), ("ANSWERED", "person")),
        (Ended(16, "Up", {"AMDSTATUS": "NOTSURE"}), ("ANSWERED", "person")),
        (Ended(16, "Up", {"AMDSTATUS": "MACHINE"}), ("MACHINE", "machine")),
        (Ended(0, "Up", {"AMDSTATUS": "HANGUP"}), ("ANSWERED", None)),
        (Ended(16, "Up", {}), ("ANSWERED", None)),
        (Ended(17, "Down", {}), ("BUSY", "busy")),
        (Ended(17, "Ringing", {}), ("BUSY", "busy")),
        (Ended(17, "Up", {"AMDSTATUS": "HUMAN"}), ("ANSWERED", "person")),
        (Ended(19, "Ringing", {"AMDSTATUS": ""}), ("NO-ANSWER", "no_answer")),
        (Ended(18, "Down", {}), ("NO-ANSWER", "no_answer")),
        (Ended(1, "Down", {}), ("SIT", "sit")),
        (Ended(28, "Down", {}), ("SIT", "sit")),
        (Ended(21, "Ringing", {}), ("NOT-REACHED", None)),
        (Ended(34, "Ringing", {}), ("NOT-REACHED", None)),
        (Ended(16, "Up", {"AMDSTATUS": "HUMAN", "WRAP_UP_CODE": "SALE"}), ("SALE", "person")),
        (Ended(16, "Up", {"AMDSTATUS": "HUMAN", "WRAP_UP_CODE": ""}), ("ANSWERED", "person")),
        (None, (INTERRUPTED, None)),
    ],
)
def test_cause_state_and_variables_of_the_channel_make_code_and_analysis(ended, said):
    assert told(ended) == said


def test_a_preview_is_not_analysed_whatever_a_variable_says():
    assert told(Ended(16, "Up", {"AMDSTATUS": "MACHINE"}), Checks.AT_PLACEMENT) == ("ANSWERED", None)


@pytest.mark.parametrize(("cause", "state", "rang"), [(34, "Down", False), (34, "Ringing", True), (17, "Down", True)])
def test_only_what_had_no_way_out_is_sure_not_to_have_rung(cause, state, rang):
    assert Ended(cause, state).rang is rang


def test_the_events_are_of_the_contract_and_their_ids_follow_from_the_command():
    ended = Ended(16, "Up", {"AMDSTATUS": "HUMAN", "AGENT_ID": "a9"})
    wrap_up = outcomes.wrap_up(command(), ended, AT, None, NOW)
    returned = outcomes.returned(command(), ReturnReason.SKIPPED, NOW)
    assert decode("wrap-up", encode(wrap_up)) == wrap_up and value_key("wrap-up", wrap_up) == "L|c1"
    assert decode("callback-scheduled", encode(returned)) == returned
    assert (wrap_up.event_id, returned.event_id) == (f"w-{'c' * 32}", f"r-{'c' * 32}")
    assert (wrap_up.agent_id, wrap_up.dialed_at, wrap_up.conversation_id) == ("a9", AT, "c" * 32)
    assert outcomes.wrap_up(command(), ended, AT, "a7", NOW).agent_id == "a7"
