"""The rights that are published: the page has those of the catalog, they are enough, and each of them is needed."""

import asyncio
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from aiokafka.structs import OffsetAndMetadata

from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.base.settings import Settings
from streams.cli import dnc_entries
from streams.cli.erase import kept_of
from streams.cli.evidence_making import Wanted, make
from streams.cli.import_work import Chosen, Import
from streams.cli.looking import Looking
from streams.console.actions.model import Action, Letter, Meant, Run, RunState
from streams.console.actions.runs import Runs
from streams.console.erasing.foreseen import foreseen
from streams.console.erasing.request import Request
from streams.console.erasing.traces import look as traces_of
from streams.console.trial.change import removal
from streams.dev.local import LocalWorker
from streams.doctor import examination
from streams.doctor.findings import Result
from streams.importer import kinds
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from streams.logic.contact.clock_check import EPOCH
from tests.kafka.cluster import PARTITIONS, Cluster, feeder
from tests.secured.kafka import Acls, SecuredKafka
from tests.secured.work import do_everything, events
from topics.audit import ActedVia, ActionKind
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN, NEEDED_TOPICS
from topics.of_adapters import OF_ADAPTERS
from topics.partitions import partition_for
from topics.right import Right
from topics.rights import COMMANDS, main, of_worker, table

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
SOON_S = 20.0
RIGHTS_TOLD_S = 90.0

Command = Callable[[Settings], object]


def create(settings: Settings) -> object:
    return topic_admin.create(Clients(settings), PARTITIONS, 1), topic_admin.check(Clients(settings))


def dnc_check(settings: Settings) -> object:
    return dnc_entries.read(settings, lambda _: None)


def import_list(settings: Settings) -> object:
    """The one way of importing that reads what it writes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_text("phone_number\n+12125550101\n", "utf-8")
        chosen = Chosen(settings, (path,), None, None, skip_rejects=False, check_only=False)
        return Import(chosen, kinds.DNC, kinds.dnc_entry_on("D")).replace("D")


def look(settings: Settings) -> object:
    """What every command does that looks, in a folder of its own."""
    with TemporaryDirectory() as folder:
        return Looking(settings.model_copy(update={"console_dir": Path(folder)})).view()


def prove(settings: Settings) -> object:
    """Evidence about a number that nobody has."""
    wanted = Wanted("+12125550101", EPOCH, EPOCH + timedelta(days=1), timedelta(days=1))
    with TemporaryDirectory() as folder:
        return asyncio.run(make(settings, wanted, Path(folder), lambda *_: None))


def act(settings: Settings) -> object:
    return _sent(settings, Meant(contact_list_id="L", contact_id="c", callback_id="k", campaign_id="P"))


def replay(settings: Settings) -> object:
    """Of a tombstone that was refused once."""
    topic = settings.topic("dnc-entries")
    letter = Letter(
        topic=topic, partition=0, key=b"D|+12125550199", value=None, headers=(), from_topic=topic, from_partition=0,
        from_offset=0,
    )  # fmt: skip
    return _sent(settings, letter)


def configure(settings: Settings) -> object:
    """Take an entry off a list."""
    with TemporaryDirectory() as folder:
        runs, change = Runs(Path(folder)), removal("dnc-entries", "D|+12125550199", None)
        action = Action(kind=ActionKind.CONFIGURE, actor="sup")
        planned = runs.plan_changes([change], action, ActedVia.COMMAND_LINE, settings.prefix)
        return asyncio.run(runs.send(planned.name, Clients(settings)))


def _sent(settings: Settings, what: Meant | Letter) -> object:
    look(settings)
    action = Action(kind=ActionKind.CANCEL, actor="sup")
    with TemporaryDirectory() as folder:
        runs = Runs(Path(folder))
        planned = runs.plan_replay([what], action, ActedVia.COMMAND_LINE, {})  # type: ignore[list-item]
        return asyncio.run(runs.send(planned.name, Clients(settings)))


def erase(settings: Settings) -> object:
    """One contact with a number, which may be on a Do Not Call list."""
    return asyncio.run(_erase(settings))


async def _erase(settings: Settings) -> object:
    clients, now = Clients(settings), SystemClock().now()
    record = b'{"contact_list_id":"L","contact_id":"c","numbers":[{"phone_number":"+12125550101"}]}'
    try:
        async with clients.producer(acks="all", enable_idempotence=True) as producer:
            topic, number = settings.topic("contacts"), partition_for(b"L|c", PARTITIONS)
            await producer.send_and_wait(topic, record, key=b"L|c", partition=number)
    except TopicAuthorizationFailedError as error:
        raise OperatorError(repr(error)) from None
    traces = await traces_of(clients, [("L", "c")], lambda *_: None)
    foreseen(await kept_of(clients), traces, now)
    run = Run(
        name="erase-1", action=Action(kind=ActionKind.ERASE, actor="sup"), selected={}, via=ActedVia.COMMAND_LINE,
        state=RunState.SENDING, planned_at=now, asked_at=now, meant=1,
    )  # fmt: skip
    return await Request(clients, run, [("L", "c")], None).carry_out(0, lambda *_: None)


def dial(settings: Settings) -> object:
    """What a dialer does on Kafka, for one contact."""
    return asyncio.run(_dial(settings))


async def _dial(settings: Settings) -> None:
    clients = Clients(settings)
    commands = clients.consumer(
        group_id=f"{settings.prefix}dialer", isolation_level="read_committed", enable_auto_commit=False,
        auto_offset_reset="earliest",
    )  # fmt: skip
    read = [settings.topic(name) for name in ("dial-preview", "dial-analysis")]
    commands.subscribe(read)
    answers = clients.consumer(isolation_level="read_committed", auto_offset_reset="earliest")
    answers.assign([TopicPartition(settings.topic("placement-decided"), 0)])
    try:
        async with commands, answers, clients.producer(enable_idempotence=True) as producer:
            for name in ("wrap-up", "callback-scheduled", "placement-requested"):
                await producer.send_and_wait(settings.topic(name), b"{}", key=b"L|c")
            await asyncio.wait_for(answers.getmany(timeout_ms=500), SOON_S)
            while not commands.assignment():
                await commands.getmany(timeout_ms=100)
            await commands.commit({TopicPartition(topic, 0): OffsetAndMetadata(0, "") for topic in read})
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError) as error:
        raise OperatorError(repr(error)) from None


def produce(settings: Settings) -> object:
    """A record on each topic that others write."""
    return asyncio.run(_produce(settings))


async def _produce(settings: Settings) -> None:
    async with Clients(settings).producer(enable_idempotence=True) as producer:
        for name in (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS):
            try:
                await producer.send_and_wait(settings.topic(name), b"{}", key=b"L|c")
            except TopicAuthorizationFailedError:
                raise OperatorError(f"no right to Write topic {settings.topic(name)}.") from None


def examine(settings: Settings) -> object:
    """All but the clock, which takes a right on the cluster."""
    report = asyncio.run(examination.Doctor(Clients(settings), SystemClock(), examination.Chosen()).examine())
    unseen = [one.seen for one in report.findings if one.result is Result.COULD_NOT_LOOK]
    if lacking := [one for one in unseen if "no right to" in one and "cluster" not in one]:
        raise OperatorError("\n".join(lacking))
    return report


RUN: dict[str, Command] = {
    "topics create": create,
    "topics check": lambda settings: topic_admin.check(Clients(settings)),
    "dnc check": dnc_check,
    "import": import_list,
    "callbacks list": look,
    "callbacks move": act,
    "evidence": prove,
    "dead-letters replay": replay,
    "apply": configure,
    "erase": erase,
    "console": replay,
    "doctor": examine,
    "dialer": dial,
    "producer": produce,
}


def test_the_page_has_the_rights_that_are_made_from_the_catalog() -> None:
    assert f"\n{table()}\n" in PAGE


def test_every_command_on_kafka_has_its_rights() -> None:
    assert set(RUN) | {"worker", *(f"adapter {name}" for name in OF_ADAPTERS)} == set(COMMANDS)
    assert {right.name for right in of_worker("", "app")} == {*NEEDED_TOPICS, "app", "app-"}


def test_rights_are_printed_for_kafkas_own_tool_and_for_strimzi(capsys: pytest.CaptureFixture[str]) -> None:
    main(["worker", "--principal", "User:CN=dialer", "--prefix", "x.", "--app", "two"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len({(right.resource, right.operations) for right in of_worker()})
    assert (
        lines[0]
        .partition(" --topic x.callback-scheduled ")[0]
        .endswith(
            "--add --allow-principal User:CN=dialer --operation Read --operation DescribeConfigs --topic x.wrap-up"
        )
    )
    assert all(sum(line.split().count(f"x.{name}") for line in lines) == 1 for name in NEEDED_TOPICS)
    assert lines[-1].endswith("--operation Write --transactional-id two- --resource-pattern-type prefixed")
    main(["topics-create", "--console"])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(" --topic ringback.console-audit") and "--operation Create " in line
    main(["topics-check", "--principal", "User:CN=Dialer One", "--strimzi", "kafka"])
    user = yaml.safe_load(capsys.readouterr().out)
    assert user["metadata"] == {"name": "dialer-one", "labels": {"strimzi.io/cluster": "kafka"}}
    assert user["spec"]["authorization"]["acls"][0] == {
        "resource": {"type": "topic", "name": "ringback.wrap-up", "patternType": "literal"},
        "operations": ["Describe", "DescribeConfigs"],
    }


async def comes_to(run: Command, settings: Settings, wanted: Callable[[str], bool]) -> None:
    """Run a command again and again until what it says is wanted, since rights are told to brokers a moment later."""
    async with asyncio.timeout(RIGHTS_TOLD_S):
        while True:
            try:
                await asyncio.to_thread(run, settings)
                said = ""
            except OperatorError as error:
                said = str(error)
            if wanted(said):
                return
            await asyncio.sleep(0.1)


async def each_is_needed(
    command: str, some: Callable[[str], bool], secured: SecuredKafka, cluster: Cluster, admin: Any
) -> None:
    """Take the rights on the topics that are asked for away, one at a time."""
    settings = cluster.settings(**secured.scram())
    rights, acls = COMMANDS[command](settings.prefix, settings.app), Acls(admin)
    await asyncio.to_thread(topic_admin.create, Clients(cluster.settings()), PARTITIONS, 1, CATALOG)
    await acls.allow(rights)
    await comes_to(RUN[command], settings, lambda said: not said)
    for right in (right for right in rights if some(right.name.removeprefix(settings.prefix))):
        for operation in right.operations:
            await one_is_needed(RUN[command], settings, right._replace(operations=(operation,)), acls, admin)


async def one_is_needed(run: Command, settings: Settings, right: Right, acls: Acls, admin: Any) -> None:
    await acls.take(right)
    if right.operations == ("Create",):
        await admin.delete_topics([right.name])
    # Without Read, and without Write, Kafka does not show the topic either.
    words = {"Describe", *right.operations} if right.operations == ("Read",) else {*right.operations}
    await comes_to(
        run,
        settings,
        lambda said: any(f"no right to {word} " in said for word in words) and f"topic {right.name}." in said,
    )
    await acls.allow([right])
    await comes_to(run, settings, lambda said: not said)


@pytest.mark.kafka
@pytest.mark.parametrize("command", RUN)
async def test_a_command_has_enough_with_its_rights_and_each_kind_of_them_is_needed(
    secured: SecuredKafka, cluster: Cluster, admin: Any, command: str
) -> None:
    await each_is_needed(command, lambda topic: topic == "dnc-entries", secured, cluster, admin)


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", ["topics create", "topics check"])
async def test_every_single_right_of_a_command_is_needed(
    secured: SecuredKafka, cluster: Cluster, admin: Any, command: str
) -> None:
    await each_is_needed(command, lambda _: True, secured, cluster, admin)


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_every_single_right_of_a_worker_is_needed(secured: SecuredKafka, cluster: Cluster, admin: Any) -> None:
    """Without it, a worker that has something of everything to do ends, or does not become ready."""
    settings, acls = cluster.settings(), Acls(admin)
    rights = of_worker(settings.prefix, settings.app)
    await acls.allow(rights)
    # With a name it need not wait until the group has forgotten it; without a disk it reads the changelog each time.
    worker = cluster.worker(**secured.scram(), instance_id="one", store="memory")
    worker.wait_ready(SOON_S)
    assert await do_everything(cluster, SOON_S) == set()
    needless = []
    each = [right._replace(operations=(operation,)) for right in rights for operation in right.operations]
    for turn, right in enumerate(each, 1):
        worker.stop()
        await acls.take(right)
        async with feeder(cluster) as feed:
            await events(feed, turn)
        worker.start()
        if not ends_or_never_begins(worker):
            needless.append(right)
        await acls.allow([right])
    assert needless == []
    worker.stop()
    worker.start()
    worker.wait_ready(SOON_S)


def ends_or_never_begins(worker: LocalWorker) -> bool:
    try:
        worker.wait_ready(SOON_S)
    except (TimeoutError, RuntimeError):
        return True
    with suppress(subprocess.TimeoutExpired):
        return worker.wait_ended(SOON_S) not in (None, 0)
    return False
