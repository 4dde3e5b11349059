"""The producers and dialers of `examples/clients` on a real Kafka: one story, told in each language."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.clients.languages import Dialer, Programs, told
from tests.clients.story import LIST, SOON_S, UNCALLABLE, Story, callbacks, in_s, story
from tests.clients.switch import Switch, switch
from tests.kafka.cluster import Cluster
from tests.shared_kafka import SharedKafka
from tests.waiting import until
from topics.partitions import partition_for

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

PARTITIONS = 6
"""No power of two: with one, clients agree that take another bit of the same hash for its sign."""
NAMES = ["a", "müller", "Ærøskøbing", "Łódź", "Ναύπλιο", "Київ", "北京市", "😀", "with space", "a|b"]
CONTACTS = [*NAMES, *(f"c{which}" for which in range(240))]
PREVIEWED = [f"vorschau-{which}" for which in range(8)]
ANALYZED = [f"Straße-{which}" for which in range(24)]
LATE = ["zu-spät-1", "zu-spät-2"]
INTERRUPTED = "DIALER-INTERRUPTED"


@pytest.fixture
def cluster(kafka: SharedKafka, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of its own on the session's Kafka."""
    with Cluster(kafka.bootstrap, prefix, tmp_path, partitions=PARTITIONS) as made:
        yield made


def programs(language: str, cluster: Cluster) -> Programs:
    """Set up, for this cluster."""
    return Programs(language, cluster.folder, cluster.broker, cluster.prefix)


@pytest.mark.parametrize("language", told())
async def test_an_event_lies_where_javas_client_puts_it_and_one_that_is_sent_again_changes_nothing(
    language: str, cluster: Cluster
) -> None:
    """Java's own client is one of the four, so what they are all compared with is compared with it."""
    client = await asyncio.to_thread(programs, language, cluster)
    lines, ids = callbacks(CONTACTS, 100, in_s(86_400)), sorted(f"k-{name}" for name in CONTACTS)
    async with story(cluster, NAMES) as here:
        for _ in range(2):
            assert sorted(await asyncio.to_thread(client.produce, lines)) == ids
        steps = here.taken.records["callback-lifecycle"]
        await here.until(lambda: len(steps) + len(here.taken.records["dead-letter"]) >= len(ids))
        await here.taken.settle(0.5)
        assert sorted(one["callback_id"] for one in here.taken.values("callback-lifecycle")) == ids
        assert {one["transition"] for one in here.taken.values("callback-lifecycle")} == {"scheduled"}
        assert here.taken.records["dead-letter"] == []
        sent = here.taken.records["callback-scheduled"]
    where = {(one.key.decode(), one.partition) for one in sent}
    keys = [f"{LIST}|{name}" for name in CONTACTS]
    assert where == {(key, partition_for(key.encode(), PARTITIONS)) for key in keys} and len(sent) == 2 * len(keys)
    assert {partition for _, partition in where} == set(range(PARTITIONS))


@pytest.mark.parametrize("language", told())
async def test_a_command_rings_once_whatever_ends_its_dialer_and_only_where_it_may(
    language: str, cluster: Cluster
) -> None:
    """Eight previews, one that is refused, two that have expired, twenty-four calls of the system, and aborted ones.

    A second dialer joins in the middle. Then, with a call up, both are killed, and one is started again.
    """
    client = await asyncio.to_thread(programs, language, cluster)
    contacts = [*LATE, *PREVIEWED, UNCALLABLE, *ANALYZED]
    dialers: list[Dialer] = []
    with switch() as calls:
        try:
            async with story(cluster, contacts) as here:
                await here.promise(LATE, 100, "X")
                await asyncio.to_thread(client.produce, callbacks([*PREVIEWED, UNCALLABLE], 200, in_s(0.1)))
                await here.call_back(ANALYZED, 300)
                await here.until(lambda: len(here.commands()) == len(contacts))
                await here.forge_and_abort(here.taken.values("dial-analysis")[0])
                await until(lambda: datetime.now(UTC) >= here.last_expiry())
                await dialed_by_three(client, calls, dialers, here)
                check(calls, here)
        finally:
            for dialer in dialers:
                dialer.kill()


async def dialed_by_three(client: Programs, calls: Switch, dialers: list[Dialer], here: Story) -> None:
    """Until every callback has ended."""
    calls.takes_s = 0.5
    dialers.append(client.dialer("first", calls.url))
    await here.until(lambda: len(calls.numbers) >= 2)
    dialers.append(client.dialer("second", calls.url))
    await here.until(lambda: dialers[1].dialed)
    calls.takes_s = 0.02
    calls.hold_next()
    await here.until(lambda: calls.held is not None)
    assert not any(dialer.ended for dialer in dialers), [dialer.said for dialer in dialers]
    for dialer in dialers:
        dialer.kill()
    dialers.append(client.dialer("third", calls.url))
    await here.until(lambda: len(here.ended()) == len(here.commands()))
    await here.taken.settle(1.0)
    assert not dialers[2].ended, dialers[2].said


@pytest.mark.parametrize("language", told())
async def test_of_two_dialers_that_have_a_command_in_hand_and_may_call_one_calls(
    language: str, cluster: Cluster
) -> None:
    """One is suspended after it has asked, until another has called. Then it learns that it may call, and does not."""
    client = await asyncio.to_thread(programs, language, cluster)
    dialers: list[Dialer] = []
    with switch() as calls:
        try:
            async with story(cluster, ["ann"]) as here:
                await here.promise(["ann"], 100, "P")
                await here.until(here.commands)
                worker = cluster.workers[0]
                worker.kill()  # So nobody answers the first.
                dialers.append(client.dialer("suspended", calls.url))
                await here.until(here.asked_by)
                dialers[0].suspend()
                worker.start()
                dialers.append(client.dialer("successor", calls.url))
                await here.until(here.ended)
                assert here.ended() == {"k-ann": ["completed"]} and dialers[1].dialed == ["+12125550100"]
                dialers[0].resume()
                async with asyncio.timeout(SOON_S):  # It joins again when it is done with the command, or it ends.
                    while await here.members() < 2 and not dialers[0].ended:
                        await asyncio.sleep(0.1)
                await here.taken.settle(0.5)
                told_first = [
                    one for one in here.taken.values("placement-decided") if one["reply_to"] == here.asked_by()[0]
                ]
                assert told_first and all(one["allowed"] for one in told_first), "it was told that it may call"
                assert dialers[0].dialed == [] and list(calls.rang.values()) == [1]
                assert here.codes() == {"k-ann": ["ANSWERED"]} and here.taken.records["dead-letter"] == []
        finally:
            for dialer in dialers:
                dialer.kill()


def check(calls: Switch, here: Story) -> None:
    """Each command rang once, none that may not; what nobody saw the end of is told as that, and nothing is refused."""
    ended, codes, allowed = here.ended(), here.codes(), here.allowed()
    refused, late = f"k-{UNCALLABLE}", [f"k-{name}" for name in LATE]
    undialed = {refused: ["not_dialed", "failed"]} | {name: ["not_dialed", "expired"] for name in late}
    assert {name: how for name, how in ended.items() if how != ["completed"]} == undialed
    assert set(codes) == set(ended) - set(undialed)
    commands = {one["callback_id"]: one["command_id"] for one in here.commands()}
    rang = {name: calls.rang[commands[name]] for name in codes}
    unseen = {name for name, said in codes.items() if INTERRUPTED in said}
    # One whose dialer was killed between its commit and the switch never rang. Two were killed, one of them in a call.
    assert {name: times for name, times in rang.items() if times != 1} == {
        name: 0 for name in unseen if rang[name] == 0
    }
    assert 1 <= len(unseen) <= 2 and sum(rang.values()) >= len(rang) - 1
    assert set(calls.rang) <= {commands[name] for name in codes}, "what is aborted, refused or expired never rings"
    assert {name: allowed[name] for name in allowed if name in undialed} == {refused: False}
    assert [name for name in PREVIEWED if not allowed.get(f"k-{name}")] == [], "a preview is asked about first"
    assert here.taken.records["dead-letter"] == []
