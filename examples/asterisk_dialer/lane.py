"""A partition of commands in one dialer's hands: each command from being taken to what is told of it.

docs/dialers.md has the steps. What the journal says has begun does not begin again.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from aiokafka import TopicPartition
from msgspec.structs import replace

from topics.callback_events import ReturnReason
from topics.commands import Checks, DialCommand
from topics.names import TopicName

from . import outcomes
from .ari import Calls, NotPlaced
from .in_hand import InHand
from .journal import Entry, Journal, Step
from .placement import AGENT_ASKS, ENDED, SYSTEM_ASKS, Placement
from .previews import Previews

log = logging.getLogger(__name__)

FRESH = timedelta(seconds=30)
"""An analysis command that has waited for longer is asked about before it is dialed."""

PASSED = timedelta(seconds=60)
"""How long after a command was written its checks still count as passed."""


class Tools(NamedTuple):
    """What all lanes of a process share. lines: how many calls with call analysis there may be at once."""

    calls: Calls
    placement: Placement
    previews: Previews
    lines: asyncio.Semaphore
    preview_s: float


class Lane:
    """Of one partition. It places its calls one after the other, and lets go of everything between two steps."""

    def __init__(self, journal: Journal, tools: Tools, tasks: asyncio.TaskGroup) -> None:
        self._journal, self._tools, self._tasks = journal, tools, tasks
        self._placing = asyncio.Lock()
        self._gone = False
        self._in_hand: dict[str, InHand] = {}
        self._latest: dict[tuple[str, str, str], int] = {}
        self._opened = tasks.create_task(self._open())

    async def _open(self) -> None:
        for entry in await self._journal.open():
            self._start(entry)
        log.info("partition %d: %d commands in hand from before", self._journal.partition, len(self._in_hand))

    async def take(self, where: TopicPartition, records: list[Any]) -> None:
        """Have these commands; those that are known already are passed over."""
        await asyncio.wait([self._opened])
        async with self._placing:
            if self._gone:
                return
            entries = {entry.in_hand.command_id: entry for record in records if (entry := self._read(record))}
            await self._journal.take(list(entries.values()), {where: records[-1].offset + 1})
            for entry in entries.values():
                self._start(entry)
            await self._drop_older()

    def _read(self, record: Any) -> Entry | None:
        try:
            command = msgspec.json.decode(record.value, type=DialCommand)
        except msgspec.MsgspecError as error:
            place = f"{record.topic}, partition {record.partition}, offset {record.offset}"
            log.error("%s: no command (%s)", place, type(error).__name__)
            return None
        if command.command_id in self._journal.known:
            log.info("command %s: it came before", command.command_id)
            return None
        written_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        return Entry(step=Step.TAKEN, at=datetime.now(UTC), written_at=written_at, command=command)

    async def let_go(self, *, but_calls: bool = False) -> None:
        """Stop. Calls go on, and whoever has the partition next finds all of this in the journal.

        but_calls: go on with what is told of calls that are on their way.
        """
        self._gone = True
        self._opened.cancel()
        async with self._placing, self._journal.writing:
            ends = [one for one in self._in_hand.values() if not (but_calls and one.begun)]
            for one in ends:
                if one.task and not one.is_told:
                    one.task.cancel()
        await asyncio.wait([self._opened, *(one.task for one in ends if one.task)])
        if not but_calls:
            await self._journal.close()

    @property
    def calls(self) -> "list[asyncio.Task[None]]":
        """What follows the calls that are on their way."""
        return [one.task for one in self._in_hand.values() if one.task and one.begun]

    def waiting(self, checks: Checks) -> int:
        """How many commands of this kind wait for a line or an agent."""
        return sum(not one.begun and one.command.checks is checks for one in self._in_hand.values())

    def _start(self, entry: Entry) -> None:
        one = self._in_hand[entry.in_hand.command_id] = InHand(entry)
        one.task = self._tasks.create_task(self._see_to(one))

    async def _drop_older(self) -> None:
        """Of several commands of a callback the latest alone is dialed. Ringback waits for no word of the others."""
        loop = asyncio.get_running_loop()
        for one in self._in_hand.values():
            if one.command.presentation > self._latest.get(one.callback, 0):
                self._latest[one.callback] = one.command.presentation
                # The older one may still come, on the other topic. Later it is not fresh, and is asked about.
                loop.call_later(PASSED.total_seconds(), self._latest.pop, one.callback, None)
        async with self._journal.writing:
            older = [one for one in self._in_hand.values() if not (one.begun or one.is_told) and self._is_older(one)]
            for one in older:
                if one.task:
                    one.task.cancel()
        for one in older:
            self._in_hand.pop(one.command.command_id, None)  # A task that was not run yet does not do it.
            await self._journal.end(one.entry, None, None)

    def _is_older(self, one: InHand) -> bool:
        return one.command.presentation < self._latest.get(one.callback, 0)

    async def _see_to(self, one: InHand) -> None:
        command = one.command
        try:
            reason = None if one.begun else await self._before(one)
            ended = None if reason else await self._tools.calls.ended(command.command_id)
            if ended is not None and not ended.rang:
                reason = ReturnReason.FAILED
            now, one.is_told = datetime.now(UTC), True
            if reason is None:
                told = outcomes.wrap_up(command, ended, one.entry.at, one.entry.agent_id, now)
                await self._journal.end(one.entry, TopicName.WRAP_UP, told)
                log.info("command %s: called, %s", command.command_id, told.wrap_up_code)
            else:
                returned = outcomes.returned(command, reason, now)
                await self._journal.end(one.entry, TopicName.CALLBACK_SCHEDULED, returned)
                log.info("command %s: not called, %s", command.command_id, reason)
        finally:
            self._in_hand.pop(command.command_id, None)
            if one.has_line:
                self._tools.lines.release()

    async def _before(self, one: InHand) -> ReturnReason | None:
        """All that leads to a call; returns why there is none."""
        if one.command.checks is Checks.AT_PLACEMENT:
            return await self._preview(one)
        try:
            async with asyncio.timeout(one.left_s):
                until = await self._allowed_until(one)
        except TimeoutError:
            return ReturnReason.EXPIRED
        return await self._place(one, "analysis", until)

    async def _allowed_until(self, one: InHand) -> datetime | None:
        """Wait for a line, and for an answer if the command is not fresh any more; None: it is refused."""
        await self._tools.lines.acquire()
        one.has_line = True
        await self._tools.calls.connected.wait()
        if datetime.now(UTC) - one.entry.written_at < FRESH:
            return one.entry.written_at + PASSED
        said = await self._tools.placement.ask(one.command, None, SYSTEM_ASKS)
        return said.valid_until if said and said.allowed else None

    async def _preview(self, one: InHand) -> ReturnReason | None:
        offer = self._tools.previews.offer(one.command)
        shown_until = one.entry.at + timedelta(seconds=self._tools.preview_s)
        try:
            while not one.expired:
                left_s = (shown_until - datetime.now(UTC)).total_seconds()
                choice = await offer.choice(left_s if one.left_s is None else min(left_s, one.left_s))
                if choice is None:
                    break
                if not choice.accepted:
                    choice.answer()
                    return ReturnReason.SKIPPED
                refusal, until = await self._asked(one.command, choice.agent_id)
                if not refusal:
                    reason = await self._place(one, "preview", until, choice.agent_id)
                    choice.answer(*([reason] if reason else []))
                    return reason
                choice.answer(*refusal)
                if not ENDED.isdisjoint(refusal):
                    return ReturnReason.FAILED
            return ReturnReason.EXPIRED if one.expired else ReturnReason.NO_AGENT
        finally:
            self._tools.previews.withdraw(offer)

    async def _asked(self, command: DialCommand, agent_id: str) -> tuple[list[str], datetime | None]:
        """Why this agent cannot call now; if nothing speaks against it, until when the call may be placed."""
        if not self._tools.calls.connected.is_set():
            return ["no_line"], None
        said = await self._tools.placement.ask(command, agent_id, AGENT_ASKS)
        if said is None:
            return ["no_answer"], None
        return ([], said.valid_until) if said.allowed else (said.reasons, None)

    async def _place(
        self, one: InHand, extension: str, until: datetime | None, agent_id: str | None = None
    ) -> ReturnReason | None:
        """Begin the call, which nobody does again; returns why it was not placed. until: when it is too late."""
        async with self._placing:
            now = datetime.now(UTC)
            if one.expired or until is None or now >= until:
                return ReturnReason.EXPIRED if one.expired else ReturnReason.FAILED
            one.entry = replace(one.entry, step=Step.BEGUN, at=now, agent_id=agent_id)
            await self._journal.begin(one.entry)
            try:
                await self._tools.calls.place(one.command, extension, agent_id)
            except NotPlaced as error:
                log.warning("command %s: %s", one.command.command_id, error)
                return ReturnReason.FAILED
        return None
