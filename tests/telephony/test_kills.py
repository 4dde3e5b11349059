"""Whatever ends a dialer, and whenever: no phone rings twice, and nothing is left without a word."""

import asyncio
import json
import random
import signal
from contextlib import suppress

import pytest

from examples.asterisk_dialer.outcomes import INTERRUPTED
from tests.telephony.callee import Kind, number
from tests.telephony.proxy import At, proxy
from tests.telephony.stack import SOON_S, Dialer, Telephony
from tests.telephony.story import begin, call_back, called_back, promise

pytestmark = pytest.mark.kafka


async def previews(phones: Telephony, dialer: Dialer) -> list[dict[str, str]]:
    """What this dialer offers, when it offers something."""
    offered: list[dict[str, str]] = []
    while not offered:
        offered = (await dialer.agent("GET", "/previews?agent_id=a7"))[1]
        await phones.taken.poll()
    return offered


@pytest.mark.parametrize(
    ("at", "rings", "told"),
    [
        (At.BEFORE_ASTERISK_HEARS, 0, (INTERRUPTED, None)),
        (At.BEFORE_THE_ANSWER, 1, ("NO-ANSWER", "no_answer")),
        (At.RINGING, 1, ("NO-ANSWER", "no_answer")),
        (At.ENDED, 1, (INTERRUPTED, None)),
    ],
    ids=str,
)
async def test_a_dialer_that_is_killed_and_started_again_rings_no_second_time(
    phones: Telephony, at: At, rings: int, told: tuple[str, str | None]
) -> None:
    """At the first moment of four the call has not been placed, and is not placed any more: it errs on that side."""
    await begin(phones)
    async with proxy(phones.asterisk.url) as ari:
        dialer = phones.dialer(ari.url, asterisk={"ring_s": 60})
        await dialer.until_said("connected with Asterisk")
        ari.at, ari.kill = at, dialer.kill
        await call_back(phones, "c1", number(Kind.NOBODY))
        if at is At.ENDED:
            await phones.until(lambda: phones.callee.rang)
            await phones.hang_up()
        await phones.until(lambda: ari.at is None)
        dialer.start()
        await dialer.until_said("connected with Asterisk")
        await phones.until(lambda: dialer.found == 1)
        await phones.hang_up()
        await phones.until(lambda: phones.ended())
        assert phones.wrap_ups() == {called_back("c1"): told}
        assert phones.callee.rang == ({number(Kind.NOBODY): rings} if rings else {})


@pytest.mark.parametrize(("many", "kills"), [(60, 4), pytest.param(600, 30, marks=pytest.mark.long)])
async def test_dialers_that_are_killed_at_any_time_lose_no_command_and_ring_no_phone_twice(
    phones: Telephony, many: int, kills: int
) -> None:
    """Two of them, one or the other killed in the middle of calls and started again; each number is in one command."""
    await begin(phones, contacts=many)
    dialers = [phones.dialer() for _ in range(2)]
    for dialer in dialers:
        await dialer.until_said("connected with Asterisk")
    for which in range(many):
        await call_back(phones, f"c{which}", number(Kind.BUSY, which + 1))
    chance = random.Random(kills)
    for kill in range(kills):
        busy = (kill + 1) * many // (kills + 2)
        await phones.until(lambda busy=busy: len(phones.callee.rang) >= busy)
        await asyncio.sleep(chance.random() / 20)
        dialer = chance.choice(dialers)
        dialer.kill()
        dialer.start()
    await phones.until(lambda: len(phones.ended()) == many)
    told = phones.wrap_ups()
    rang = phones.callee.rang
    assert set(told) == {called_back(f"c{which}") for which in range(many)}
    assert max(rang.values()) == 1
    silent = [which for which in range(many) if number(Kind.BUSY, which + 1) not in rang]
    assert all(told[called_back(f"c{which}")] == (INTERRUPTED, None) for which in silent)
    assert phones.returned() == {}


async def test_a_preview_that_was_on_offer_is_on_offer_again_and_a_stop_waits_for_calls(phones: Telephony) -> None:
    """Killed while an agent looks at it; then stopped in order while it rings, which tells what came of it."""
    await begin(phones)
    dialer = phones.dialer()
    await promise(phones, "k", "c1", number(Kind.NOBODY))
    offered = await previews(phones, dialer)
    for _ in range(2):
        dialer.kill()
        dialer.start()
        assert await previews(phones, dialer) == offered
    (command,) = offered
    path = f"/previews/{command['command_id']}/accept"
    assert (await dialer.agent("POST", path, {"agent_id": "a7"}))[0] == 204
    assert await asyncio.to_thread(dialer.stop) == 0
    await phones.until(lambda: phones.ended())
    assert phones.wrap_ups() == {"k": ("NO-ANSWER", "no_answer")}
    assert phones.callee.rang == {number(Kind.NOBODY): 1}


async def test_another_dialer_follows_the_calls_of_the_partitions_that_it_is_given(phones: Telephony) -> None:
    """A second one comes while phones ring: the group shares the partitions anew, and each call is told of once."""
    await begin(phones)
    first = phones.dialer(asterisk={"ring_s": 60})
    await first.until_said("connected with Asterisk")
    for which in range(8):
        await call_back(phones, f"c{which}", number(Kind.NOBODY, which + 1))
    await phones.until(lambda: sum(phones.callee.rang.values()) == 8)
    second = phones.dialer()
    await second.until_said("connected with Asterisk")
    await phones.until(lambda: first.found + second.found == 8)
    await phones.hang_up()
    await phones.until(lambda: len(phones.ended()) == 8)
    assert set(phones.wrap_ups().values()) == {("NO-ANSWER", "no_answer")}
    assert set(phones.callee.rang.values()) == {1}
    assert "called, NO-ANSWER" in second.said, "the second one has followed none"


async def test_without_asterisk_commands_wait_and_one_that_loses_its_calls_says_that_nobody_saw_their_end(
    phones: Telephony,
) -> None:
    """Asterisk is away when the command comes; it comes back, rings, and is ended with the call."""
    await begin(phones)
    phones.asterisk.stop()
    dialer = phones.dialer()
    await call_back(phones, "c1", number(Kind.NOBODY))
    await dialer.until_said("no connection with Asterisk")
    await phones.until(lambda: phones.commands() == 1)
    await asyncio.to_thread(phones.asterisk.start)
    await phones.until(lambda: phones.callee.rang)
    phones.asterisk.kill()
    await asyncio.to_thread(phones.asterisk.start)
    await phones.until(lambda: phones.ended())
    assert phones.wrap_ups() == {called_back("c1"): (INTERRUPTED, None)}
    assert phones.callee.rang == {number(Kind.NOBODY): 1}


async def test_a_command_that_comes_again_rings_nowhere_in_the_same_process_and_in_the_next(phones: Telephony) -> None:
    """The very record once more, as after the offsets of a group were set back: while it rings, and after a restart."""
    await begin(phones)
    dialer = phones.dialer()
    await call_back(phones, "c1", number(Kind.NOBODY))
    await phones.until(lambda: phones.callee.rang)
    (command,) = phones.taken.records["dial-analysis"]

    async def comes_again() -> None:
        await phones.feed.producer.send_and_wait(command.topic, command.value, command.key, command.partition)

    await comes_again()
    await phones.until(lambda: phones.ended())
    await comes_again()
    dialer.kill()
    dialer.start()
    await comes_again()
    # One that is new comes after it, so that what came before it has been taken.
    await call_back(phones, "c1", number(Kind.BUSY), event_id="later", conversation_id="later")
    await phones.until(lambda: len(phones.ended()) == 2)
    assert phones.callee.rang == {number(Kind.NOBODY): 1, number(Kind.BUSY): 1}
    assert len(phones.wrap_ups()) == 2


async def test_a_command_that_has_waited_is_asked_about_and_rings_only_if_it_is_allowed(phones: Telephony) -> None:
    """One of 40 s ago, with an id that is not that of the callback's command: superseded, the answer says."""
    await begin(phones)
    dialer = phones.dialer()
    await call_back(phones, "c1", number(Kind.BUSY))
    await phones.until(lambda: phones.ended())
    (command,) = phones.taken.records["dial-analysis"]
    (ended,) = (json.loads(command.value)["command_id"],)
    stale, at = command.value.replace(ended.encode(), b"f" * 32), command.timestamp - 40_000
    await phones.feed.producer.send_and_wait(command.topic, stale, command.key, command.partition, timestamp_ms=at)
    await phones.feed.producer.send_and_wait(command.topic, b"{}", command.key, command.partition)
    await dialer.until_said(f"command {'f' * 32}: not called, failed")
    await dialer.until_said(r"no command \(ValidationError\)")
    assert phones.callee.rang == {number(Kind.BUSY): 1}


async def test_a_dialer_that_was_suspended_cannot_ring_what_another_one_has_begun(phones: Telephony) -> None:
    """Suspended with a preview on offer, and with the agent's word for it unread, when another one rings it."""
    await begin(phones)
    first = phones.dialer()
    await promise(phones, "k", "c1", number(Kind.NOBODY))
    command_id = (await previews(phones, first))[0]["command_id"]
    accept = ("POST", f"/previews/{command_id}/accept", {"agent_id": "a7"})
    assert first.process is not None
    first.process.send_signal(signal.SIGSTOP)
    late = asyncio.create_task(first.agent(*accept))
    second = phones.dialer(asterisk={"ring_s": 60})
    await previews(phones, second)
    assert (await second.agent(*accept))[0] == 204
    await phones.until(lambda: phones.callee.rang)
    first.process.send_signal(signal.SIGCONT)
    with suppress(OSError, RuntimeError):  # It has ended, if it had heard the agent before the group.
        assert (await late)[0] in (404, 409)
    await phones.hang_up()
    await phones.taken.until(lambda: bool(phones.ended()), SOON_S)
    assert phones.wrap_ups() == {"k": ("NO-ANSWER", "no_answer")}
    assert phones.callee.rang == {number(Kind.NOBODY): 1}
