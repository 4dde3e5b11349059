"""Everything one contact partition knows and does, short of Kafka: the core of the worker and of the simulator.

It holds the partition's rows, fires their timers in time and applies inputs to them. It reads no clock, does no
input or output, and leaves it to its caller to write what it returns, all of it or nothing.
Source: docs/rules.md, section 8 rows 1, 13 to 16 and 27.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, MutableMapping
from datetime import datetime

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived, Bug, BugKind, Fired, LatenessCause, Outcome, Record, Result
from streams.logic.contact.inputs import ConfigurationChanged, Input, Released, TimerFired
from streams.logic.contact.limits import BACKOFF_FIRST
from streams.logic.contact.rows import decode_contact, decode_outline, encode_contact, row_bytes_max
from streams.logic.decisions.decide import Decision, decide
from streams.logic.partition.agenda import Agenda
from streams.logic.partition.appends import Appends
from streams.logic.partition.config_sync import ConfigSync
from streams.logic.partition.due_index import Wanted
from streams.logic.partition.erasures import Erasures
from streams.logic.partition.intake import cause_of, place_of, read_event, trace_of, type_of
from streams.logic.partition.lateness import HeldTimes
from streams.logic.partition.moved_keys import check_first
from streams.logic.partition.outputs import OUTLET, Outlet, refused
from streams.logic.partition.own_rows import META_KEY, is_contact
from streams.logic.partition.pacing import Pacing
from streams.logic.partition.shelf import REACH, InMemory, Reach, Shelf
from streams.logic.partition.stepped import made_unreadable, outcome_of
from streams.logic.partition.waiting_room import Release
from topics.codec import BadEvent, ErrorCode
from topics.records import Cause

__all__ = ["META_KEY", "Arrived", "Fired", "LatenessCause", "Outcome", "Partition", "Record"]

ROWS_PER_STEP = 1000  # A few milliseconds of work.


class Partition:
    """One contact partition: `restore` its rows, make it `ready`, then `configure`, `apply` and `fire`.

    number: its own, of so many partitions, from 0. configuration: that of the process. table: contact key to row; only
    this one writes it. outlet: where records go. campaigns: `census` counts each. decide: tests have their own. shelf:
    derived from the table, None to hold all timers in memory; reach: how far is read ahead on it.
    """

    def __init__(
        self, number: int, partitions: int, configuration: Configuration,
        table: MutableMapping[bytes, bytes], *, outlet: Outlet = OUTLET, campaigns: Collection[str] = (),
        decide: Callable[..., Decision] = decide, shelf: Shelf | None = None, reach: Reach = REACH,
    ) -> None:  # fmt: skip
        self.number = number
        self._shelf = shelf or InMemory(table)
        self.agenda = Agenda(self._shelf, campaigns, reach)
        self.census, self._waiting = self.agenda.census, self.agenda.waiting
        self._partitions, self._configuration = partitions, configuration
        self.table, self.outlet, self._decide = table, outlet, decide
        self._pacing = Pacing(partitions, configuration, self._waiting)
        self._config_sync = ConfigSync(number, partitions, configuration, self.outlet)
        self._appends, self.erasures = Appends(number, configuration.dnc), Erasures()
        self.held_times = HeldTimes()

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take in one changelog record, in their order, before `ready`."""
        if value is None:
            self.table.pop(key, None)
        else:
            self.table[key] = value

    def ready(self, now: datetime) -> None:
        """Every row is there: find out when timers fire. Raises UnknownRowVersion, KeysMoved."""
        deque(self.ready_in_steps(now), maxlen=0)

    def ready_in_steps(self, now: datetime, rows_per_step: int = ROWS_PER_STEP) -> Iterator[None]:
        """The same with breaks, for a caller that has other things to do. now: nobody else has it since then."""
        self.held_times.acquired_at = self.held_times.acquired_at or now
        check_first(self.table, self.number, self._partitions)
        yield from self._shelf.prepared(rows_per_step)
        self.agenda.start()
        for count, (key, row) in enumerate(self._shelf.at_hand()):
            if is_contact(key):
                self.agenda.load(key, decode_outline(row))
            else:
                self._appends.find(key, row)
                self.erasures.find(key, row)
            if count % rows_per_step == rows_per_step - 1:
                yield
        self._config_sync.start(self.table.get(META_KEY))
        self._waiting.start(now)

    def take_over(self) -> tuple[bool, set[str]]:
        """Once the configuration is read: whether former owners' Do Not Call entries hold, and recreated topics."""
        return self._appends.take_over(), self._config_sync.recreated_topics()

    def configure(self, now: datetime) -> Outcome:
        """Bring the partition up to what the configuration knows; nothing happens if that has not changed.

        Returns the next portion of reports (partition 0). Releases and cancels are steps that come out of `fire`.
        """
        said = self._with_meta(*self._config_sync.report(now))
        if self._config_sync.is_behind:
            said = self._with_meta(said, self._config_sync.catch_up(self.agenda.keys, self._waiting, now))
        said.merge(self._appends.read_back(self.table))
        said.merge(self.erasures.ended(self.table, now))
        return said

    def apply(self, arrived: Arrived, now: datetime) -> Outcome:
        """One record of a contact topic. Never raises: what cannot be accepted becomes a dead letter.

        After a bug the effects are undone and the event is tried once more; then it is a dead letter and a `Bug`. A
        record of which a part counts is counted as applied, and its dead letter by its code.
        """
        try:
            row = None if arrived.key is None else self.table.get(arrived.key)
            key, input_, bad = read_event(arrived, partitions=self._partitions, key_is_known=row is not None, now=now)
            outcome = self._apply_with_retry(key, row, input_, cause_of(arrived, input_), now, arrived)
        except BadEvent as refusal:
            return self._refuse(arrived, refusal, now)
        except Exception as bug:
            # The message of an unforeseen exception may quote the event, so it goes nowhere.
            unusable = BadEvent(ErrorCode.INTERNAL_ERROR, "$", "A fault of the processor; see its log")
            outcome = self._refuse(arrived, unusable, now, bug)
            outcome.bugs.append(Bug.of(BugKind.EVENT, bug, cause=place_of(arrived)))
            return outcome
        if bad is not None:
            outcome.merge(refused(arrived, bad, self.outlet))
        else:
            outcome.count(arrived.topic, type_of(arrived, input_), Result.APPLIED)
        return outcome

    def _refuse(self, arrived: Arrived, bad_event: BadEvent, now: datetime, bug: Exception | None = None) -> Outcome:
        """A dead letter; a contact whose record is refused must not be dialed on the strength of the one before it."""
        outcome = made_unreadable(
            arrived, self._partitions, lambda k, i, c: self._apply_input(k, self.table.get(k), i, c, now)
        )
        outcome.merge(refused(arrived, bad_event, self.outlet, bug=bug))
        return outcome

    def read_ahead(self, now: datetime) -> bool:
        """Read what is wanted soon from the shelf, in one step; returns whether there is more. Call it now and then."""
        return self.agenda.read_ahead(now)

    def next_at(self) -> datetime | None:
        """When `fire` has to be called next; None if there is no timer."""
        return None if (wanted := self.next_wanted()) is None else wanted[0]

    def next_wanted(self) -> Wanted | None:
        """What `fire` does next: when, for which callback and contact. Partitions may be compared by it."""
        if self._config_sync.pending_at is not None:
            return self._config_sync.pending_at, "", self._config_sync.next_key()
        timer, release = self.agenda.timer(), self._waiting.first()
        if release is None or (timer is not None and timer[0] <= release.at):
            return timer
        return release.at, release.callback_id, release.key

    def fire(self, now: datetime) -> Outcome | None:
        """Do the one thing that is wanted next, if it is wanted at or before now; None if nothing is.

        First what the configuration cancels: nothing is dialed that a clear has ended. Then in the order of time, and
        of one instant a timer before a release: an expiry beats it.
        """
        if self._config_sync.pending_at is not None:
            return self._review_next(now)
        timer, release = self.agenda.due(now), self._waiting.first()
        if timer is not None and timer[0] <= now and (release is None or timer[0] <= release.at):
            return self._fire_timer(timer, now)
        if release is not None and release.at <= now:
            return self._release(release, now)
        return None

    def _fire_timer(self, timer: Wanted, now: datetime) -> Outcome:
        _, callback_id, key = timer
        row = self.table.get(key)
        to_verify = None if self.agenda.is_retried(key) else timer
        turn = self._pacing.turn(row, callback_id, now)
        try:
            input_ = TimerFired(callback_id or None, turn.waits)
            outcome = self._apply_with_retry(key, row, input_, Cause(partition=self.number), now, to_verify=to_verify)
            if outcome:
                self._pacing.took(turn, outcome, now)
                return outcome
            outcome.bugs.append(Bug(BugKind.TIMER, "the timer led nowhere", callback_id=input_.callback_id))
        except Exception as error:
            outcome = Outcome.undone(BugKind.TIMER, error, callback_id or None)
        self.agenda.failed(timer, self.table[key], now)
        return outcome

    def _release(self, release: Release, now: datetime) -> Outcome:
        input_, row = Released(release.callback_id, release.held_by), self.table.get(release.key)
        try:
            outcome = self._apply_with_retry(release.key, row, input_, Cause(partition=self.number), now)
        except Exception as error:
            self._waiting.back_off(release, now + BACKOFF_FIRST)
            return Outcome.undone(BugKind.RELEASE, error, release.callback_id)
        if outcome.fired and release.governed:
            self._waiting.passed(release.lane.campaign_id, now)
        elif not outcome:
            # The campaign is off again, or on hold, and `configure` has not seen that yet.
            self._waiting.close(release.lane)
        return outcome

    def _review_next(self, now: datetime) -> Outcome:
        key = self._config_sync.next_key()
        input_ = ConfigurationChanged(self._config_sync.applied, self._config_sync.since)
        try:
            outcome = self._apply_with_retry(key, self.table.get(key), input_, Cause(partition=self.number), now)
        except Exception as error:
            return self._with_meta(Outcome.undone(BugKind.CONFIGURATION, error), self._config_sync.done(failed=True))
        return self._with_meta(outcome, self._config_sync.done())

    def _apply_with_retry(
        self, key: bytes, row: bytes | None, input_: Input, cause: Cause, now: datetime,
        arrived: Arrived | None = None, to_verify: Wanted | None = None,
    ) -> Outcome:  # fmt: skip
        """Apply an input, and once more if it meets a bug: it undoes itself. Raises BadEvent, and the second bug."""
        try:
            return self._apply_input(key, row, input_, cause, now, arrived, to_verify)
        except BadEvent:
            raise
        except Exception:
            return self._apply_input(key, row, input_, cause, now, arrived, to_verify)

    def _apply_input(
        self, key: bytes, row: bytes | None, input_: Input, cause: Cause, now: datetime,
        arrived: Arrived | None = None, to_verify: Wanted | None = None,
    ) -> Outcome:  # fmt: skip
        before = None if row is None else decode_contact(row, self._config_sync.recorded_since or now)
        if to_verify is not None:
            self._shelf.verify(to_verify, before)
        more = {"trace": trace_of(arrived), "erasure": self.erasures.of(key, now)}
        after, effects = self._decide(before, input_, cause, self._configuration, now, **more)
        if after is before and not effects:
            return Outcome()
        new_row = None if after is None else encode_contact(after, row, row_bytes_max(input_, before, after))
        outcome = outcome_of(key, before, new_row, arrived, effects, self.outlet.limits, self.held_times, now)
        # Up to here nothing has changed, so an exception undoes itself; from here on nothing can fail.
        for changed, value in outcome.writes.items():
            self.restore(changed, value)
        self.agenda.update(key, before, after)
        self._config_sync.open_new(self._waiting, now)
        self._appends.append(effects)
        self.erasures.learn(key, effects)
        return outcome

    def _with_meta(self, outcome: Outcome, meta_row: bytes | None) -> Outcome:
        if meta_row is not None:
            self.restore(META_KEY, meta_row)
            outcome.writes[META_KEY] = meta_row
        return outcome
