"""The modelled group coordinator: generations, eager rebalances, sessions that run out, static members.

Joining and syncing are one step here: the shares of all members are known as soon as the last of them has joined.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from aiokafka.errors import RebalanceInProgressError, UnknownMemberIdError

from tests.simulation.chance import Chance
from tests.simulation.loop import VirtualLoop

STICKY = 0.6
"""How likely an assignment leaves with a member what it had."""

Share = tuple[int, list[int]]
"""Generation, partitions."""


class FencedInstanceIdError(Exception):
    """Another member has this instance id; aiokafka knows no name for it."""


@dataclass
class _Member:
    instance: str | None
    share: list[int] = field(default_factory=list)
    joining: "asyncio.Future[Share] | None" = None
    session: asyncio.TimerHandle | None = None


class _Phase(Enum):
    STABLE = auto()
    PREPARING = auto()


class Group:
    """One consumer group over partitions 0 to `partitions` - 1."""

    def __init__(
        self,
        loop: VirtualLoop,
        chance: Chance,
        partitions: int,
        session_s: float,
        rebalance_s: float,
        trace: Callable[[str], None],
    ) -> None:
        self.generation = 0
        self.assigned: Callable[[], None] = lambda: None
        self._loop = loop
        self._chance = chance
        self._partitions = partitions
        self._session_s = session_s
        self._rebalance_s = rebalance_s
        self._trace = trace
        self._members: dict[str, _Member] = {}
        self._replaced: set[str] = set()
        self._phase = _Phase.STABLE

    def join(self, member_id: str, instance: str | None) -> "asyncio.Future[Share]":
        """Answered when everybody has joined; at once for a static member that is back, and for a repeated request."""
        if member_id in self._replaced:
            raise FencedInstanceIdError
        member = self._members.get(member_id) or self._back(member_id, instance)
        answer: asyncio.Future[Share] = self._loop.create_future()
        if member is not None and self._phase is _Phase.STABLE:
            self._touch(member_id, member)
            answer.set_result((self.generation, list(member.share)))
            return answer
        member = member or self._members.setdefault(member_id, _Member(instance))
        if member.session is not None:
            member.session.cancel()
        member.joining = answer
        self._prepare()
        self._complete_if_all_are_here()
        return answer

    def heartbeat(self, member_id: str, generation: int) -> None:
        """Raises what a broker answers to a member that has to join again."""
        if member_id in self._replaced:
            raise FencedInstanceIdError
        member = self._members.get(member_id)
        if member is None or generation != self.generation:
            raise UnknownMemberIdError
        self._touch(member_id, member)
        if self._phase is _Phase.PREPARING:
            raise RebalanceInProgressError

    def leave(self, member_id: str) -> None:
        """The member goes."""
        if self._members.pop(member_id, None) is not None:
            self._trace(f"{member_id} leaves the group")
            self._prepare()
            self._complete_if_all_are_here()

    def rebalance(self) -> None:
        """Everybody joins once more, as when a member says that it subscribes to something else."""
        if self._members:
            self._trace("somebody joins once more")
            self._chance.counts["rebalances asked for"] += 1
            self._prepare()

    def _back(self, member_id: str, instance: str | None) -> _Member | None:
        """A static member under a new id takes the place of the one before; its old id is fenced."""
        for old_id, member in list(self._members.items()):
            if instance is not None and member.instance == instance:
                self._replaced.add(old_id)
                del self._members[old_id]
                if member.session is not None:
                    member.session.cancel()
                member.joining = None
                self._members[member_id] = member
                return member
        return None

    def _touch(self, member_id: str, member: _Member) -> None:
        if member.session is not None:
            member.session.cancel()
        member.session = self._loop.outside(self._session_s, self._expire, member_id)

    def _expire(self, member_id: str) -> None:
        member = self._members.get(member_id)
        if member is not None and member.joining is None:
            self._trace(f"the session of {member_id} has run out")
            self._chance.counts["sessions run out"] += 1
            self.leave(member_id)

    def _prepare(self) -> None:
        if self._phase is _Phase.STABLE:
            self._phase = _Phase.PREPARING
            self._loop.outside(self._rebalance_s, self._complete_without_them, self.generation)

    def _complete_without_them(self, generation: int) -> None:
        if self._phase is _Phase.PREPARING and self.generation == generation:
            for member_id in [name for name, member in self._members.items() if member.joining is None]:
                del self._members[member_id]
            self._complete()

    def _complete_if_all_are_here(self) -> None:
        if all(member.joining is not None for member in self._members.values()):
            self._complete()

    def _complete(self) -> None:
        self.generation += 1
        self._phase = _Phase.STABLE
        self._assign()
        shares = {name: member.share for name, member in self._members.items()}
        self._trace(f"generation {self.generation}: {shares}")
        self.assigned()
        for member_id, member in self._members.items():
            answer, member.joining = member.joining, None
            self._touch(member_id, member)
            if answer is not None and not answer.done():
                answer.set_result((self.generation, list(member.share)))

    def _assign(self) -> None:
        """Evenly; in some assignments a member keeps what it had, in others everything may move."""
        members = list(self._members.values())
        if not members:
            return
        most = -(-self._partitions // len(members))
        before = [set(member.share) for member in members]
        is_sticky = self._chance.happens(STICKY)
        for member in members:
            member.share = []
        numbers = list(range(self._partitions))
        self._chance.random.shuffle(numbers)
        for number in numbers:
            owners = [m for m, had in zip(members, before, strict=True) if is_sticky and number in had]
            fitting = [m for m in owners if len(m.share) < most] or members
            min(fitting, key=lambda member: len(member.share)).share.append(number)
        for member in members:
            member.share.sort()
