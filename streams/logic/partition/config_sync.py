"""How one partition keeps up with the configuration: reports, releases, and the clears and recycles it has to apply.

Applying a clear touches every contact of a list, so it is cut into one step per contact; only when all are done does
the partition's own row say so, and a partition that is stopped halfway starts over, to the same end.
Source: docs/rules.md, section 8 rows 14 and 15, section 9; docs/decisions/0003-configuration-offsets-in-a-meta-row.md,
docs/decisions/0010-clears-and-recycles-step-by-step.md and docs/decisions/0047-holds-and-paces.md.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.pacing import gap_of, governs_release
from streams.logic.configuration.unreadable_campaigns import UnreadableCampaigns
from streams.logic.contact.exchange import Outcome
from streams.logic.contact.inputs import Applied
from streams.logic.contact.rows import Lane
from streams.logic.decisions.waiting import lets_out
from streams.logic.partition.outputs import Outlet, reported
from streams.logic.partition.own_rows import Meta, decode_meta, encode_meta, for_topics, recreated
from streams.logic.partition.waiting_room import Pace, WaitingRoom
from topics.names import TopicName

CLEARS, RECYCLES = TopicName.CONTACT_LIST_CLEARED, TopicName.CAMPAIGN_RECYCLE


class ConfigSync:
    """What a partition has applied of the configuration, and the contacts that are still pending."""

    def __init__(self, number: int, partitions: int, configuration: Configuration, outlet: Outlet) -> None:
        self._number = number
        self._partitions = partitions
        self._configuration = configuration
        self._outlet = outlet
        self._meta = Meta()
        self._version = -1
        self._news = 0
        self._offsets: dict[str, int] = {}
        self._campaigns_seen: dict[str, tuple[int, bool, bool]] = {}
        self._pending: list[bytes] = []
        self._pending_at: datetime | None = None
        self._failed = False
        self._unsure = UnreadableCampaigns({})
        self.since: dict[str, Applied] = {}
        """Of campaigns that can be read again: what had been applied when they could be read last."""

    def start(self, row: bytes | None) -> None:
        """Go on where the partition's own row says."""
        self._meta = decode_meta(row)
        self._unsure = UnreadableCampaigns(self._meta.unsure)

    @property
    def recorded_since(self) -> datetime | None:
        """From when on the partition keeps when contacts' records were written; None before the first `catch_up`."""
        return self._meta.recorded_since

    def recreated_topics(self) -> set[str]:
        """The topics that were recreated since the partition's own row has offsets of them."""
        return recreated(self._meta, self._configuration.topic_ids)

    @property
    def is_behind(self) -> bool:
        """Whether the configuration has changed since the last `catch_up`."""
        return self._version != self._configuration.version

    @property
    def pending_at(self) -> datetime | None:
        """Since when a contact waits for the configuration to be applied; None if none does."""
        return self._pending_at if self._pending else None

    @property
    def applied(self) -> Applied:
        """The clears and recycles that have been applied to all contacts of the partition."""
        applied = self._meta.applied
        return Applied(cleared=applied.get(CLEARS, -1), recycled=applied.get(RECYCLES, -1))

    def catch_up(self, contacts: Callable[[], Iterable[bytes]], waiting: WaitingRoom, now: datetime) -> bytes | None:
        """Look at everything that changed. contacts: keys with a callback outstanding, asked for only if needed.

        Returns the partition's own row if it changed.
        """
        self._version = self._configuration.version
        # What is read from here on has not been looked at, even if the last contact is through only after it.
        self._offsets = dict(self._configuration.offsets)
        before = self._meta
        self._meta = self._for_topics()
        changed = self._changed_campaigns(waiting)
        self._open_or_close(waiting, waiting.lanes(), now)
        keys = set(self._pending) | waiting.keys(changed)
        self._note_unreadable()
        if touches := self._newly_touched():
            keys |= {key for key in contacts() if touches(key)}
        self._pending = sorted(keys, reverse=True)
        self._failed = False
        self._pending_at = now
        self._meta = replace(self._meta, recorded_since=self._meta.recorded_since or now)
        self._note_applied()
        return None if self._meta == before else encode_meta(self._meta)

    def report(self, now: datetime) -> tuple[Outcome, bytes | None]:
        """The next portion of what is to be said about configuration records, if this is who says it.

        Returns that, with the bugs behind it, and the partition's own row if it changed.
        """
        reports, before, outcome = self._configuration.reports, self._meta, Outcome()
        news = reports.news
        if self._number != 0 or self._news == news:
            return outcome, None
        self._meta = self._for_topics()
        portion = reports.portion(self._meta.reported)
        for report in portion.reports:
            outcome.merge(reported(report, now, self._outlet))
        if not portion.more:
            self._news = news
        self._meta = replace(self._meta, reported=portion.reported)
        return outcome, None if self._meta == before else encode_meta(self._meta)

    def next_key(self) -> bytes:
        """The next contact to which the configuration is applied, in the order of keys. Call `done` after it."""
        return self._pending[-1]

    def done(self, *, failed: bool = False) -> bytes | None:
        """The contact from `next_key` is through, or met a bug. Returns the partition's own row if it changed.

        After a failure the clears and recycles do not count as applied: they are tried again with the next change
        and at the next start.
        """
        self._pending.pop()
        self._failed = self._failed or failed
        before = self._meta
        self._note_applied()
        return None if self._meta == before else encode_meta(self._meta)

    def _for_topics(self) -> Meta:
        meta = for_topics(self._meta, self._configuration.topic_ids, cleared=CLEARS, recycled=RECYCLES)
        if meta.unsure is not self._meta.unsure:
            self._unsure.kept = dict(meta.unsure)
        return meta

    def _note_applied(self) -> None:
        if self._pending or self._failed:
            return
        self._unsure.applied(self.since)
        self.since = {}
        offsets = self._offsets
        applied = {topic: offsets[topic] for topic in (CLEARS, RECYCLES) if offsets[topic] >= 0}
        self._meta = replace(self._meta, applied={**self._meta.applied, **applied}, unsure=self._unsure.kept)

    def _note_unreadable(self) -> None:
        """Keep since when campaigns cannot be read; to those that can again, what came meanwhile is applied."""
        configuration = self._configuration
        self.since = self._unsure.look(configuration.unreadable.campaigns, configuration.campaigns, self.applied)
        self._meta = replace(self._meta, unsure=self._unsure.kept)

    def open_new(self, waiting: WaitingRoom, now: datetime) -> None:
        """Open the lanes that somebody has begun to wait in, if they lead out: what waits for the rate alone."""
        if new := waiting.new_lanes():
            self._open_or_close(waiting, new, now)

    def _changed_campaigns(self, waiting: WaitingRoom) -> set[str]:
        """The campaigns that somebody waits for and that have a new record, or name what has become (un)readable.

        Or that a hold stops now, or stops no more.
        """
        seen = {name: self._sight_of(name) for name in waiting.campaign_ids()}
        changed = {name for name, sight in seen.items() if self._campaigns_seen.get(name) != sight}
        self._campaigns_seen = seen
        return changed

    def _sight_of(self, campaign_id: str) -> tuple[int, bool, bool]:
        configuration = self._configuration
        campaign = configuration.campaigns.get(campaign_id)
        held_up = campaign is not None and configuration.unreadable.hold_up(campaign)
        return configuration.campaign_offset(campaign_id), held_up, configuration.holds.stops(campaign_id)

    def _open_or_close(self, waiting: WaitingRoom, lanes: Iterable[Lane], now: datetime) -> None:
        for lane in lanes:
            if lets_out(self._configuration, lane.campaign_id, to_agent=lane.to_agent):
                waiting.open(lane, now, self._pace(lane))
            else:
                waiting.close(lane)

    def _pace(self, lane: Lane) -> Pace:
        campaign = self._configuration.campaigns.get(lane.campaign_id)
        if campaign is None:
            return Pace(timedelta(), governed=False)
        return Pace(gap_of(campaign, self._partitions), governs_release(campaign, moved=lane.moved))

    def _newly_touched(self) -> Callable[[bytes], bool] | None:
        """Which keys the clears and recycles may touch that were not applied yet; None if there are none."""
        configuration, applied = self._configuration, self.applied
        if any(self._has_missed(name, since) for name, since in self.since.items()):
            return lambda key: True
        if any(
            marker.offset > applied.recycled and configuration.campaigns[name].recycle_cancels
            for name in configuration.recycles.campaign_ids()
            if name in configuration.campaigns and (marker := configuration.recycles.latest(name))
        ):
            return lambda key: True
        lists = {name.encode() for name, marker in configuration.clears.items() if marker.offset > applied.cleared}
        return (lambda key: key.partition(b"|")[0] in lists) if lists else None

    def _has_missed(self, campaign_id: str, since: Applied) -> bool:
        """Whether a clear, or a recycle of the campaign, came after `since`."""
        recycle = self._configuration.recycles.latest(campaign_id)
        cleared = any(marker.offset > since.cleared for marker in self._configuration.clears.values())
        return cleared or (recycle is not None and recycle.offset > since.recycled)
