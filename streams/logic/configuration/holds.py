"""What stops calls: the holds in force, of one campaign or of everything.

A record of which nobody can read what it stops, stops everything. Source: docs/rules.md, section 9;
docs/decisions/0047-holds-and-paces.md.
"""

from streams.logic.contact.exchange import Arrived
from topics.check_facts import HoldFacts
from topics.configuration import Hold
from topics.names import TopicName
from topics.records import Cause


class Holds:
    """By hold id, what each record says that stands."""

    def __init__(self) -> None:
        self._everything: dict[str, HoldFacts] = {}
        self._of_campaigns: dict[str, dict[str, HoldFacts]] = {}
        self._campaigns: dict[str, str | None] = {}
        self._changed_everything = -1
        self._changed: dict[str, int] = {}

    def __len__(self) -> int:
        """How many are in force."""
        return len(self._campaigns)

    def take(self, hold: Hold, arrived: Arrived) -> None:
        """A hold begins, or reads differently now."""
        facts = HoldFacts(hold_id=hold.hold_id, campaign_id=hold.campaign_id, reason=hold.reason, actor=hold.actor)
        self._put(facts, arrived.offset)

    def take_unreadable(self, hold_id: str, offset: int) -> None:
        """A record under this key cannot be read: it stops everything, until a good one or a tombstone comes."""
        self._put(HoldFacts(hold_id=hold_id, unreadable=True), offset)

    def remove(self, hold_id: str, offset: int) -> None:
        """A tombstone: the hold lets go."""
        if hold_id not in self._campaigns:
            return
        campaign_id = self._campaigns.pop(hold_id)
        self._note(campaign_id, offset)
        if campaign_id is None:
            del self._everything[hold_id]
            return
        of_campaign = self._of_campaigns[campaign_id]
        del of_campaign[hold_id]
        if not of_campaign:
            del self._of_campaigns[campaign_id]

    def stops(self, campaign_id: str) -> bool:
        """Whether no call of a campaign may go out; it need not be a campaign that anybody knows."""
        return bool(self._everything) or campaign_id in self._of_campaigns

    def on(self, campaign_id: str) -> tuple[HoldFacts, ...]:
        """The holds that stop a campaign, by id; empty if none does."""
        if not self.stops(campaign_id):
            return ()
        found = {**self._everything, **self._of_campaigns.get(campaign_id, {})}
        return tuple(found[hold_id] for hold_id in sorted(found))

    def cause(self, campaign_id: str) -> Cause:
        """The latest record that began, changed or ended a hold of a campaign or of everything."""
        offset = max(self._changed_everything, self._changed.get(campaign_id, -1))
        return Cause(topic=TopicName.HOLDS, partition=0, offset=offset if offset >= 0 else None)

    def _put(self, facts: HoldFacts, offset: int) -> None:
        self.remove(facts.hold_id, offset)
        self._campaigns[facts.hold_id] = facts.campaign_id
        self._note(facts.campaign_id, offset)
        if facts.campaign_id is None:
            self._everything[facts.hold_id] = facts
        else:
            self._of_campaigns.setdefault(facts.campaign_id, {})[facts.hold_id] = facts

    def _note(self, campaign_id: str | None, offset: int) -> None:
        if campaign_id is None:
            self._changed_everything = offset
        else:
            self._changed[campaign_id] = offset
