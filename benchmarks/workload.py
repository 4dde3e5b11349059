"""What every peer has to process: wrap-ups, and the campaign and rules that they meet. Pure: time is an argument.

Each contact has four wrap-ups, one of which makes a rule schedule a callback; the contacts take turns. The callbacks
fall due hours later, so nobody has to dial while it is measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from streams.dev.bench.load import Message, message
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.names import TopicName
from topics.partitions import partition_for
from topics.rules import Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

LIST, CAMPAIGN, RULE_SET = "L", "P", "R"
WRAP_UPS_PER_CONTACT = 4
FIRST_OFFSET_MINUTES = 600


@dataclass(frozen=True, slots=True)
class Workload:
    """So many wrap-ups, all of one instant `at`, in whole seconds. rules: each knows a code of its own."""

    events: int
    at: datetime
    rules: int = 20
    partitions: int = 4

    @property
    def contacts(self) -> int:
        """How many contacts the wrap-ups are about."""
        return -(-self.events // WRAP_UPS_PER_CONTACT)

    @property
    def callbacks(self) -> int:
        """How many of the wrap-ups have a callback scheduled."""
        return sum(self._leads_to_callback(number) for number in range(self.events))

    def rule_set(self) -> RuleSet:
        """Rules in their order; rule n knows the code CODEn."""
        rules = (
            Rule(
                rule_id=f"r{number}",
                order=number,
                category=RuleCategory.WRAP_UP,
                conditions=(WrapUpCodeCondition(codes=(f"CODE{number}",)),),
                actions=(ScheduleCallback(offset_minutes=FIRST_OFFSET_MINUTES + number),),
            )
            for number in range(self.rules)
        )
        return RuleSet(rule_set_id=RULE_SET, rules=tuple(rules))

    def configuration(self) -> tuple[Message, ...]:
        """The rule set and a power campaign that is on."""
        campaign = Campaign(
            campaign_id=CAMPAIGN,
            dialing_mode=DialingMode.POWER,
            status=CampaignStatus.ON,
            contact_list_id=LIST,
            rule_set_ids=(RULE_SET,),
        )
        return message(TopicName.RULE_SETS, self.rule_set()), message(TopicName.CAMPAIGNS, campaign)

    def wrap_ups(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of each record, in the order of production; as text, since there are so many."""
        at, contacts = self.at.strftime("%Y-%m-%dT%H:%M:%SZ"), self.contacts
        for number in range(self.events):
            contact = f"c{number % contacts}"
            code = f"CODE{number // WRAP_UPS_PER_CONTACT % self.rules}" if self._leads_to_callback(number) else "DONE"
            value = (
                f'{{"event_id":"e{number}","occurred_at":"{at}","conversation_id":"v{number}",'
                f'"campaign_id":"{CAMPAIGN}","contact_list_id":"{LIST}","contact_id":"{contact}",'
                f'"phone_number":"+12125550101","phone_column":"home","wrap_up_code":"{code}",'
                f'"agent_id":"a7","call_analysis":"person"}}'
            )
            yield f"{LIST}|{contact}".encode(), value.encode()

    def by_partition(self) -> list[list[tuple[bytes, bytes]]]:
        """The same, sorted into the partitions that the keys belong to."""
        places: dict[bytes, int] = {}
        sorted_: list[list[tuple[bytes, bytes]]] = [[] for _ in range(self.partitions)]
        for key, value in self.wrap_ups():
            if (place := places.get(key)) is None:
                place = places[key] = partition_for(key, self.partitions)
            sorted_[place].append((key, value))
        return sorted_

    def _leads_to_callback(self, number: int) -> bool:
        return (number + number // self.contacts) % WRAP_UPS_PER_CONTACT == 0
