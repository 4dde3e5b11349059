"""Previews at a real Asterisk: an agent sees them, and accepts or skips."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.kafka.cluster import PARTITIONS
from tests.telephony.callee import Kind, number
from tests.telephony.stack import Dialer, Telephony
from tests.telephony.story import begin, promise
from topics.callback_events import Owner
from topics.events import ContactRecord

pytestmark = pytest.mark.kafka


async def shown(phones: Telephony, dialer: Dialer, agent_id: str, count: int) -> dict[str, str]:
    """The command of each callback that this agent may have, when there are so many."""
    found: list[dict[str, str]] = []
    while len(found) < count:
        found = (await dialer.agent("GET", f"/previews?agent_id={agent_id}"))[1]
        await phones.taken.poll()
    return {one["callback_id"]: one["command_id"] for one in found}


async def choose(dialer: Dialer, command_id: str, word: str, agent_id: str) -> tuple[int, object]:
    return await dialer.agent("POST", f"/previews/{command_id}/{word}", {"agent_id": agent_id})


async def test_a_preview_rings_when_an_agent_accepts_it_and_the_checks_allow_it(phones: Telephony) -> None:
    """One is accepted, one skipped, one is for another agent, and one may not be called until its contact may."""
    await begin(phones)
    dialer = phones.dialer()
    await phones.feed.send("contacts", ContactRecord(contact_list_id="L", contact_id="c3", callable=False))
    await promise(phones, "accepted", "c1", number(Kind.PERSON))
    await promise(phones, "skipped", "c2", number(Kind.PERSON, 2))
    await promise(phones, "refused", "c3", number(Kind.PERSON, 3))
    await promise(phones, "of-a8", "c4", number(Kind.BUSY), owner=Owner.ONLY, agent_id="a8")
    commands = await shown(phones, dialer, "a8", 4)
    assert set(await shown(phones, dialer, "a7", 3)) == {"accepted", "skipped", "refused"}
    assert await choose(dialer, commands["of-a8"], "accept", "a7") == (403, None)
    assert await choose(dialer, commands["refused"], "accept", "a7") == (409, {"reasons": ["contact_uncallable"]})
    assert await choose(dialer, commands["skipped"], "skip", "a7") == (204, None)
    assert phones.callee.rang == {}

    assert await choose(dialer, commands["accepted"], "accept", "a7") == (204, None)
    assert await choose(dialer, commands["accepted"], "accept", "a8") == (404, None)
    assert await choose(dialer, commands["of-a8"], "accept", "a8") == (204, None)
    await phones.feed.send("contacts", ContactRecord(contact_list_id="L", contact_id="c3", callable=True))
    await phones.feed.flush()
    while (await choose(dialer, commands["refused"], "accept", "a7"))[0] == 409:
        await phones.taken.poll()
    await phones.until(lambda: len(phones.ended()) == 4)
    assert phones.wrap_ups() == {
        "accepted": ("ANSWERED", None),
        "refused": ("ANSWERED", None),
        "of-a8": ("BUSY", "busy"),
    }
    agents = {one["callback_id"]: one["agent_id"] for one in phones.taken.values("wrap-up") if one["callback_id"]}
    assert agents == {"accepted": "a7", "refused": "a7", "of-a8": "a8"}
    assert phones.returned() == {"skipped": "skipped"}
    assert phones.callee.rang == {number(Kind.PERSON): 1, number(Kind.PERSON, 3): 1, number(Kind.BUSY): 1}


async def test_a_preview_that_nobody_takes_or_that_was_cancelled_comes_back_and_rings_nowhere(
    phones: Telephony,
) -> None:
    """One leaves the screen after its time; one expires on it; one is accepted after it was cancelled."""
    await begin(phones)
    dialer = phones.dialer(preview_s=12.0)
    await phones.until(lambda: len(re.findall(r"partition \d: 0 commands", dialer.said)) == PARTITIONS)
    await promise(phones, "untaken", "c0", number(Kind.PERSON))
    await promise(phones, "cancelled", "c1", number(Kind.PERSON, 1))
    window = datetime.now(UTC) + timedelta(seconds=8)
    await promise(phones, "expired", "c2", number(Kind.PERSON, 2), window_end_at=window)
    commands = await shown(phones, dialer, "a7", 3)
    await phones.cancel("cancelled", "c1")
    await phones.until(lambda: "cancelled" in phones.ended())
    status, said = await choose(dialer, commands["cancelled"], "accept", "a7")
    assert (status, said) == (409, {"reasons": ["callback_ended"]})
    back = {"cancelled": "failed", "expired": "expired", "untaken": "no_agent"}
    await phones.until(lambda: phones.returned() == back)
    await phones.until(lambda: len(phones.ended()) == 3)
    ended = phones.ended()
    assert (ended["untaken"], ended["expired"]) == (["not_dialed", "no_agent"], ["not_dialed", "expired"])
    assert phones.callee.rang == {}


async def test_pages_of_other_sites_cannot_use_the_interface_for_agents(phones: Telephony) -> None:
    dialer = phones.dialer()
    assert (await dialer.agent("GET", "/previews?agent_id=a7", Host="rebound.example"))[0] == 403
    assert (await dialer.agent("GET", "/previews?agent_id=a7"))[0] == 200
    accept = ("POST", "/previews/x/accept", {"agent_id": "a7"})
    assert (await dialer.agent(*accept, **{"Content-Type": "text/plain"}))[0] == 415
    assert (await dialer.agent(*accept))[0] == 404


async def test_of_two_commands_of_a_callback_the_later_is_on_offer_and_rings_once(phones: Telephony) -> None:
    """It was presented, and moved to now: the first command is dropped without a word, as Ringback expects."""
    await begin(phones)
    dialer = phones.dialer()
    await promise(phones, "k", "c1", number(Kind.BUSY))
    first = (await shown(phones, dialer, "a7", 1))["k"]
    await phones.reschedule("k", "c1")
    later = first
    while later == first:
        later = (await shown(phones, dialer, "a7", 1))["k"]
    assert await choose(dialer, first, "accept", "a7") == (404, None)
    assert await choose(dialer, later, "accept", "a7") == (204, None)
    await phones.until(lambda: phones.ended())
    assert phones.wrap_ups() == {"k": ("BUSY", "busy")}
    assert phones.returned() == {}
    assert phones.callee.rang == {number(Kind.BUSY): 1}
