"""From an event to a phone that rings, and back: what Asterisk and a real SIP peer do is what is told."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.telephony.callee import Kind, number
from tests.telephony.stack import SOON_S, Telephony
from tests.telephony.story import begin, call_back, called_back
from topics.events import CallAnalysis

pytestmark = pytest.mark.kafka


async def test_what_answers_is_what_is_told_and_each_phone_rings_once(phones: Telephony) -> None:
    """A person, a machine, a busy line, nobody, silence, who hangs up, a number out of service, a full trunk."""
    await begin(phones)
    phones.dialer()
    for kind in Kind:
        await call_back(phones, f"c{kind}", number(kind))
    await phones.until(lambda: len(phones.ended()) == len(Kind))
    assert phones.wrap_ups() == {
        called_back("c1"): ("ANSWERED", "person"),
        called_back("c2"): ("MACHINE", "machine"),
        called_back("c3"): ("BUSY", "busy"),
        called_back("c4"): ("NO-ANSWER", "no_answer"),
        called_back("c5"): ("ANSWERED", "person"),
        called_back("c6"): ("ANSWERED", None),
        called_back("c7"): ("SIT", "sit"),
    }
    assert phones.returned() == {called_back("c8"): "failed"}, "a trunk without a line places no call"
    ended = phones.ended()
    assert ended.pop(called_back("c8")) == ["not_dialed", "failed"]
    assert set(map(tuple, ended.values())) == {("completed",)}
    assert phones.callee.rang == {number(kind): 1 for kind in Kind}


async def test_a_busy_line_is_called_again_by_the_steps_of_its_ladder_and_then_no_more(phones: Telephony) -> None:
    """Event, worker, command, dialer, Asterisk, wrap-up, rule, callback and second call; after the last step none."""
    await begin(phones, rule_set_ids=("back", "ladder"))
    phones.dialer()
    busy = number(Kind.BUSY)
    await call_back(phones, "c1", busy, wrap_up_code="TRIED", call_analysis=CallAnalysis.BUSY)

    def ladders_end() -> list[str]:
        steps = phones.taken.values("callback-lifecycle")
        return [one["callback_id"] for one in steps if "ladder_ended" in one["reasons"]]

    await phones.until(ladders_end)
    first = called_back("c1")
    commands = [one for one in phones.taken.values("callback-lifecycle") if one["transition"] == "dialing"]
    first_command, second_command = (one["facts"]["command_id"] for one in commands)
    second = called_back("c1", f"w-{first_command}")
    assert [one["callback_id"] for one in commands] == [first, second]
    assert ladders_end() == [called_back("c1", f"w-{second_command}")]
    assert phones.wrap_ups() == {first: ("BUSY", "busy"), second: ("BUSY", "busy")}
    assert phones.callee.rang == {busy: 2}


async def test_a_command_that_has_expired_is_given_back_and_rings_nowhere(phones: Telephony) -> None:
    await begin(phones, expire_after_s=2)
    await call_back(phones, "c1", number(Kind.BUSY))
    await phones.until(lambda: phones.commands() == 1)
    await phones.past(datetime.now(UTC) + timedelta(seconds=3))
    phones.dialer()
    await phones.until(lambda: phones.ended())
    assert phones.returned() == {called_back("c1"): "expired"}
    assert phones.ended() == {called_back("c1"): ["not_dialed", "expired"]}
    assert phones.callee.rang == {}


async def test_the_code_and_the_agent_that_the_dialplan_names_are_those_of_the_wrap_up(phones: Telephony) -> None:
    await begin(phones, queue_id="sales")
    phones.dialer()
    await call_back(phones, "c1", number(Kind.PERSON))
    await phones.until(lambda: phones.ended())
    assert phones.wrap_ups() == {called_back("c1"): ("SALE", "person")}
    (told,) = (one for one in phones.taken.values("wrap-up") if one["callback_id"])
    assert told["agent_id"] == "agent-7"
    assert told["dialed_at"] < told["occurred_at"]


async def test_no_more_calls_are_on_their_way_than_there_are_lines(phones: Telephony) -> None:
    """Three commands and one line: while a phone rings, the others wait."""
    await begin(phones)
    phones.dialer(asterisk={"lines": 1, "ring_s": 1})
    for which in range(3):
        await call_back(phones, f"c{which}", number(Kind.NOBODY, which))
    await phones.until(lambda: len(phones.ended()) == 3)
    calls = sorted(
        (one["dialed_at"], one["occurred_at"]) for one in phones.taken.values("wrap-up") if one["callback_id"]
    )
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(calls))
    assert sum(phones.callee.rang.values()) == 3


async def test_a_dialer_whose_password_asterisk_refuses_ends_and_says_so(phones: Telephony) -> None:
    dialer = phones.dialer(asterisk={"password": "wrong"})
    assert dialer.process is not None
    assert await asyncio.to_thread(dialer.process.wait, SOON_S) == 1
    assert "Asterisk refuses the user of ARI: 401\n" in dialer.said


async def test_a_call_that_asterisk_does_not_place_is_given_back_as_failed(phones: Telephony) -> None:
    """Its settings name a trunk that Asterisk does not have."""
    await begin(phones)
    dialer = phones.dialer(asterisk={"endpoint": "PJSIP/{number}@nowhere"})
    await call_back(phones, "c1", number(Kind.PERSON))
    await phones.until(lambda: phones.ended())
    assert phones.ended() == {called_back("c1"): ["not_dialed", "failed"]}
    assert "ARI answers" in dialer.said
    assert phones.callee.rang == {}
    assert number(Kind.PERSON) not in dialer.said, "a log has no numbers"
