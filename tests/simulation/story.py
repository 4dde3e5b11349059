"""What happens around the workers: the events of a random history, a dialer that answers, campaigns that go off and on.

Everything is drawn from the seed. In every second one callbacks are also changed, given back, and kept by holds.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aiokafka import TopicPartition

from tests.simulation.broker import Broker
from tests.simulation.erasing import Erasing
from tests.simulation.log import Stored
from tests.simulation.sender import LIST, PREFIX, Event, Sender

CAMPAIGN = "P"
DNC = "D"
NOBODYS = "+12125550000"
RULE_MINUTES = 1
DIALER_POLL_S = 0.5
RETURNED = 0.25
"""How likely a dialer gives a command back that it would answer."""


class Story(Sender):
    """Sends things at moments; `until` is when the last of them is sent, apart from the answers of the dialer."""

    def __init__(
        self, random: Random, promises: Random, erasures: Random, broker: Broker, partitions: int,
        trace: Callable[[str], None],
    ) -> None:  # fmt: skip
        """promises: draws whether there are changes, returns and holds, and which; erasures: what is erased."""
        super().__init__(random, broker, partitions, trace)
        self.until, self.is_over = random.uniform(8, 24), False
        self._contacts = [f"c{number}" for number in range(random.randint(1, 6))]
        self._answers = random.choice((0.0, 0.7, 1.0))
        self._is_about_dnc = random.random() < 0.2
        self._recycle_cancels = ["rule"] if random.random() < 0.3 else []
        self._read: dict[TopicPartition, int] = {}
        self._promises, self._erasures = promises, erasures
        self._returned = RETURNED if promises.random() < 0.5 else 0.0
        self._on_returned = {"on_returned": "again", "again_after_s": 2} if promises.random() < 0.5 else {}

    def plan(self) -> None:
        """Set the scene, and a timer for everything that is to come."""
        self._scene()
        random = self._random
        for _ in range(random.randint(6, 32)):
            self._at(random.uniform(0.5, self.until), random.choice(self._kinds()))
        for _ in range(random.choice((0, 0, 1, 2))):
            off = random.uniform(1, self.until - 5)
            self._at(off, self._campaign, "off")
            self._at(off + random.uniform(0.5, 9), self._campaign, "on")
        for _ in range(random.choice((0, 0, 1, 3))):
            self._at(random.uniform(1, self.until), self._recycle)
        # Entries of the workers that come after those that somebody else has not committed yet cannot be read so soon.
        for _ in range(random.choice((4, 8) if self._is_about_dnc else (0, 0, 2, 4))):
            self._at(random.uniform(1, self.until), self._entry_from_outside)
        self._at(self.until + 10, self._campaign, "on")
        if self._returned:
            self._plan_promises()
        Erasing(self, self._erasures, self.until)
        self._dial()

    def _plan_promises(self) -> None:
        """Changes of callbacks, and holds that begin, read differently and let go."""
        promises = self._promises
        for _ in range(promises.randint(1, 6)):
            self._at(promises.uniform(0.5, self.until), self._change_later)
        for number in range(promises.choice((0, 1, 1, 2))):
            begins = promises.uniform(1, self.until)
            for _ in range(promises.choice((1, 1, 2))):
                begins += promises.uniform(0, 2)
                hold = {"hold_id": f"h{number}", "campaign_id": promises.choice((CAMPAIGN, None)), "reason": "trouble"}
                self._at(begins, self._configure, "holds", f"h{number}", hold)
            self._at(begins + promises.uniform(0.5, 9), self._configure, "holds", f"h{number}", None)

    def _kinds(self) -> list[Callable[[], object]]:
        if self._is_about_dnc:
            return [self._put_on_dnc, self._put_on_dnc, self._rule_callback, self._ask]
        return [
            self._schedule, self._schedule, self._schedule, self._cancel_later, self._move_later, self._complete_later,
            self._rule_callback, self._rule_callback, self._rule_callback, self._put_on_dnc, self._ask, self._ask,
            self._schedule_and_ask, self._cancel_and_ask,
        ]  # fmt: skip

    def _scene(self) -> None:
        again = {
            "rule_id": "again", "order": 1, "category": "wrap_up",
            "conditions": [{"type": "wrap_up_code", "codes": ["CB"]}],
            "actions": [{"type": "schedule_callback", "offset_minutes": RULE_MINUTES}],
        }  # fmt: skip
        never = {
            "rule_id": "never", "order": 2, "category": "wrap_up",
            "conditions": [{"type": "wrap_up_code", "codes": ["NO"]}], "actions": [{"type": "append_to_dnc"}],
        }  # fmt: skip
        self._configure("rule-sets", "R", {"rule_set_id": "R", "rules": [again, never]})
        self._campaign("on")
        for contact in self._contacts:
            value = {"contact_list_id": LIST, "contact_id": contact, "callable": True, "numbers": [], "attributes": {}}
            self._send(Event("contact", contact, contact), "contacts", value)

    def _campaign(self, status: str) -> None:
        value = {
            "campaign_id": CAMPAIGN, "dialing_mode": "power", "status": status, "contact_list_id": LIST,
            "rule_set_ids": ["R"], "dnc_list_ids": [DNC], "recycle_cancels": self._recycle_cancels, **self._on_returned,
        }  # fmt: skip
        self._configure("campaigns", CAMPAIGN, value)

    def _recycle(self) -> None:
        event_id = self._next("recycle")
        value = {"event_id": event_id, "occurred_at": self._now().isoformat(), "campaign_id": CAMPAIGN}
        record = self._configure("campaign-recycle", CAMPAIGN, value)
        self.events.append(Event("recycle", event_id, records=[record]))

    def _configure(self, topic: str, key: str, value: dict[str, Any] | None) -> Stored:
        self._trace(f"sent: {topic} {'tombstone' if value is None else value.get('status', key)}")
        return self._broker.send(PREFIX + topic, 1, self._content(key, value))

    def _entry_from_outside(self) -> None:
        """Somebody else writes Do Not Call entries too, and those that come after wait for the transaction."""
        value = {"dnc_list_id": DNC, "phone_number": NOBODYS}
        tp = TopicPartition(f"{PREFIX}dnc-entries", 0)
        self._trace("sent: an entry in a transaction")
        open_s = self._random.uniform(0.1, 25 if self._is_about_dnc else 6)
        self._transact(tp, self._content(f"{DNC}|{NOBODYS}", value), open_s)

    def _schedule(self) -> str:
        callback, contact = self._next("k"), self._random.choice(self._contacts)
        ahead_ms = self._random.choice((0, 2000, self._random.randint(0, 25_000)))
        due = self._now() + timedelta(milliseconds=ahead_ms)
        event = Event("scheduled", f"s-{callback}", contact, callback, self._now(), due)
        self._change(event, {"source": "widget", "phone_number": self._phone(contact)})
        self._repeat_perhaps(event)
        return callback

    def _cancel_later(self) -> None:
        callback = self._schedule()
        event = Event("cancelled", f"x-{callback}", self.events[-1].contact, callback)
        self._later(0, 8, self._change, event, {})
        self._repeat_perhaps(event)

    def _move_later(self) -> None:
        callback = self._schedule()
        contact = self.events[-1].contact
        for number in range(self._random.choice((1, 1, 2))):
            event = Event("rescheduled", f"m{number}-{callback}", contact, callback)
            self._later(0, 6, self._move, event)
            self._repeat_perhaps(event)

    def _move(self, event: Event) -> None:
        event.due = self._now() + timedelta(milliseconds=self._random.randint(500, 20_000))
        self._change(event, {})

    def _change_later(self) -> None:
        """Another agent, which presents it anew if it is presented, or other notes, which do not."""
        callback = self._schedule()
        contact = self.events[-1].contact
        for number in range(self._promises.choice((1, 1, 2))):
            more = self._promises.choice(({"agent_id": f"a{number}"}, {"notes": f"n{number}"}))
            event = Event("changed", f"c{number}-{callback}", contact, callback)
            self._loop.outside(self._promises.uniform(0, 9), self._change, event, more)
            self._repeat_perhaps(event)

    def _complete_later(self) -> None:
        callback = self._schedule()
        self._later(0, 8, self._wrap_up, self.events[-1].contact, "DONE", callback)

    def _rule_callback(self) -> None:
        occurred = self._now() - timedelta(minutes=RULE_MINUTES) + timedelta(seconds=self._random.randint(0, 20))
        self._wrap_up(self._random.choice(self._contacts), "CB", None, min(occurred, self._now()))

    def _put_on_dnc(self) -> None:
        contact = self._random.choice(self._contacts)
        self._wrap_up(contact, "NO", None)
        for most in (4, 16) if self._is_about_dnc else (4,):
            self._later(0, most, self._ask_about, Event("wrap-up NO", "", contact, self._next("nobody")))

    def _ask(self) -> None:
        """A placement request for a callback of late."""
        known = [event for event in self.events if event.callback and event.what != "placement"]
        if not known:
            return
        self._ask_about(self._random.choice(known[-4:]))

    def _schedule_and_ask(self) -> None:
        self._schedule()
        self._later(0, 0.1, self._ask_about, self.events[-1])

    def _cancel_and_ask(self) -> None:
        callback = self._schedule()
        event = Event("cancelled", f"x-{callback}", self.events[-1].contact, callback)
        later = self._random.uniform(0.5, 6)
        self._later(later, later, self._change, event, {})
        self._later(later, later + 0.1, self._ask_about, event)

    def _ask_about(self, about: Event) -> None:
        event = Event("placement", self._next("q"), about.contact, about.callback, self._now())
        value = self._common(event) | {
            "request_id": event.event_id, "origin": "callback", "phone_number": self._phone(about.contact)
        }  # fmt: skip
        self._send(event, "placement-requested", value)
        self._repeat_perhaps(event)

    def _change(self, event: Event, more: dict[str, Any]) -> None:
        event.occurred_at = self._now()
        value = self._common(event) | {"type": event.what} | more
        if event.due is not None:
            value["due_at"] = event.due.isoformat()
        self._send(event, "callback-scheduled", value)

    def _wrap_up(self, contact: str, code: str, callback: str | None, at: datetime | None = None) -> None:
        event = Event(f"wrap-up {code}", self._next("w"), contact, callback, at or self._now())
        more = {"conversation_id": f"v-{event.event_id}", "phone_number": self._phone(contact), "wrap_up_code": code}
        self._send(event, "wrap-up", self._common(event) | more)
        self._repeat_perhaps(event)

    def _dial(self) -> None:
        """Answer commands, as far as there are any."""
        for tp in [tp for tp in self._broker.logs if tp.topic.startswith(f"{PREFIX}dial-")]:
            log, start = self._broker.logs[tp], self._read.get(tp, 0)
            self._read[tp] = log.stable_end
            for record in log.records[start : log.stable_end]:
                if record.is_marker or not record.is_committed or self._random.random() > self._answers:
                    continue
                command = json.loads(record.value or b"")
                if self._returned and self._promises.random() < self._returned:
                    self._give_back_later(command)
                else:
                    self._later(0.1, 4, self._wrap_up, command["contact_id"], "DONE", command["callback_id"])
        if not self.is_over:
            self._loop.outside(DIALER_POLL_S, self._dial)

    def _give_back_later(self, command: dict[str, Any]) -> None:
        event = Event("returned", f"b-{command['command_id']}", command["contact_id"], command["callback_id"])
        more = {"command_id": command["command_id"], "reason": "no_agent"}
        self._loop.outside(self._promises.uniform(0.1, 4), self._change, event, more)
        self._repeat_perhaps(event)

    def _common(self, event: Event) -> dict[str, Any]:
        return {
            "event_id": event.event_id, "occurred_at": event.occurred_at.isoformat(), "callback_id": event.callback,
            "campaign_id": CAMPAIGN, "contact_list_id": LIST, "contact_id": event.contact,
        }  # fmt: skip

    def _phone(self, contact: str) -> str:
        return f"+1212555{1000 + int(contact[1:])}"
