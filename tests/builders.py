"""Events with plain defaults, and a worker on a virtual clock to send them to. Everything is a literal instant."""

import json
from typing import Any

import msgspec
import orjson

from streams.logic.contact.ids import command_id
from streams.logic.partition.partition import Partition
from streams.simulator.lines import Line, parse_line
from streams.simulator.simulate import VirtualWorker, Written, line_of
from topics.codec import contact_key
from topics.fields import Instant

Json = dict[str, Any]

NUMBER = "+12125550101"
UNKNOWN_NUMBER = "+15550000000"
"""E.164 in shape, and in no numbering plan."""


def instant(text: str):
    """An aware UTC datetime from RFC 3339."""
    return msgspec.convert(text, Instant)


def as_json(facts: msgspec.Struct) -> Json:
    """Facts as they are written."""
    found: Json = json.loads(msgspec.json.encode(facts))
    return found


def campaign(campaign_id: str = "P", **changes: Any) -> Json:
    return {
        "campaign_id": campaign_id,
        "dialing_mode": "progressive",
        "status": "on",
        "contact_list_id": "L",
        "queue_id": "Q",
        **changes,
    }


def rule_set(*rules: Json, rule_set_id: str = "R") -> Json:
    return {"rule_set_id": rule_set_id, "rules": list(rules)}


def rule(rule_id: str = "again", *, order: int = 1, minutes: int = 10, **changes: Any) -> Json:
    """A wrap-up rule: code AGAIN schedules a callback."""
    return {
        "rule_id": rule_id,
        "order": order,
        "category": "wrap_up",
        "conditions": [{"type": "wrap_up_code", "codes": ["AGAIN"]}],
        "actions": [{"type": "schedule_callback", "offset_minutes": minutes}],
        **changes,
    }


def scheduled(callback_id: str = "k1", **changes: Any) -> Json:
    return {
        "type": "scheduled",
        "event_id": f"s-{callback_id}",
        "occurred_at": "2026-11-23T14:30:00Z",
        "callback_id": callback_id,
        "source": "widget",
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        "due_at": "2026-11-23T15:00:00Z",
        "agent_id": "a7",
        "owner": "anyone",
        **changes,
    }


def rescheduled(callback_id: str = "k1", **changes: Any) -> Json:
    return {
        "type": "rescheduled",
        "event_id": f"r-{callback_id}",
        "occurred_at": "2026-11-23T14:40:00Z",
        "callback_id": callback_id,
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "due_at": "2026-11-24T15:00:00Z",
        **changes,
    }


def cancelled(callback_id: str = "k1", **changes: Any) -> Json:
    return {
        "type": "cancelled",
        "event_id": f"c-{callback_id}",
        "occurred_at": "2026-11-23T14:40:00Z",
        "callback_id": callback_id,
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        **changes,
    }


def returned(callback_id: str = "k1", presentation: int = 1, **changes: Any) -> Json:
    """A dialer gives back the command of this presentation."""
    where = {"contact_list_id": "L", "contact_id": "c1", **changes}
    return {
        "type": "returned",
        "event_id": f"u-{callback_id}",
        "occurred_at": "2026-11-23T15:02:00Z",
        "callback_id": callback_id,
        "campaign_id": "P",
        "command_id": command_id(where["contact_list_id"], where["contact_id"], callback_id, presentation),
        "reason": "skipped",
        **where,
    }


def changed(callback_id: str = "k1", **changes: Any) -> Json:
    return {
        "type": "changed",
        "event_id": f"f-{callback_id}",
        "occurred_at": "2026-11-23T14:40:00Z",
        "callback_id": callback_id,
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        **changes,
    }


def wrap_up(conversation_id: str = "v1", **changes: Any) -> Json:
    return {
        "event_id": f"w-{conversation_id}",
        "occurred_at": "2026-11-23T14:30:00Z",
        "conversation_id": conversation_id,
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        "wrap_up_code": "DONE",
        **changes,
    }


def contact(contact_id: str = "c1", **changes: Any) -> Json:
    return {
        "contact_list_id": "L",
        "contact_id": contact_id,
        "callable": True,
        "attributes": {},
        "numbers": [],
        **changes,
    }


def recycle(event_id: str = "y1", **changes: Any) -> Json:
    return {"event_id": event_id, "occurred_at": "2026-11-23T14:50:00Z", "campaign_id": "P", **changes}


def clear(event_id: str = "z1", **changes: Any) -> Json:
    return {"event_id": event_id, "occurred_at": "2026-11-23T14:50:00Z", "contact_list_id": "L", **changes}


def hold(hold_id: str = "h1", **changes: Any) -> Json:
    """Of everything, unless it names a campaign."""
    return {"hold_id": hold_id, "reason": "stop", **changes}


class Said:
    """What a worker wrote, in order, as plain JSON."""

    def __init__(self, written: list[Written]) -> None:
        self.lines: list[Json] = [orjson.loads(line_of(one)) for one in written]

    def of(self, topic: str) -> list[Any]:
        return [line["value"] for line in self.lines if line["topic"] == topic]

    @property
    def topics(self) -> list[str]:
        return [line["topic"] for line in self.lines]

    @property
    def lifecycle(self) -> list[Any]:
        return self.of("callback-lifecycle")

    @property
    def transitions(self) -> list[str]:
        return [record["transition"] for record in self.lifecycle]

    @property
    def reasons(self) -> list[list[str]]:
        return [record["reasons"] for record in self.lifecycle]

    @property
    def commands(self) -> list[Json]:
        return [line["value"] for line in self.lines if line["topic"] in ("dial-preview", "dial-analysis")]

    @property
    def views(self) -> list[Any]:
        return self.of("outstanding-callbacks")

    @property
    def errors(self) -> list[str]:
        return [line["headers"]["ringback.error"] for line in self.lines if line["topic"] == "dead-letter"]


class Worker:
    """A worker on a virtual clock. Each `send` returns what was written up to and with that event.

    listed: the contacts whose records are there from the beginning; the system dials no others.
    """

    def __init__(
        self,
        *campaigns: Json,
        rules: tuple[Json, ...] = (),
        partitions: int = 1,
        listed: tuple[str, ...] = ("c1",),
    ) -> None:
        self.core = VirtualWorker(partitions)
        self.at = "2026-11-23T08:00:00Z"
        for value in campaigns or (campaign(rule_set_ids=["R"] if rules else []),):
            self.send("campaigns", value)
        if rules:
            self.send("rule-sets", rule_set(*rules))
        for contact_id in listed:
            self.send("contacts", contact(contact_id))

    def send(
        self, topic: str, value: Json | None, at: str | None = None, key: str | None = None, **headers: str
    ) -> Said:
        """One event, arriving when it occurred, or now if that is later or not said."""
        occurred_at = value.get("occurred_at", self.at) if value else self.at
        self.at = at or max(self.at, occurred_at)
        text = json.dumps({"topic": topic, "at": self.at, "key": key, "value": value, "headers": headers})
        return Said(list(self.core.arrive(parse_line(text.encode(), "test"))))

    def send_raw(self, topic: str, value: str, key: str, headers: dict[str, str]) -> Said:
        """One event as the text that was sent, arriving now."""
        given = json.dumps({"topic": topic, "at": self.at, "key": key, "headers": headers})
        line = f'{given[:-1]}, "value": {value}}}'
        return Said(list(self.core.arrive(parse_line(line.encode(), "test"))))

    def arrive(self, line: Line) -> Said:
        return Said(list(self.core.arrive(line)))

    def schedule(self, value: Json, at: str | None = None) -> Said:
        return self.send("callback-scheduled", value, at)

    def wrap_up(self, value: Json, at: str | None = None) -> Said:
        return self.send("wrap-up", value, at)

    def restart(self) -> None:
        """Build every partition anew from its rows, as a worker does that starts again."""
        now = instant(self.at)
        for number, old in enumerate(self.core.partitions):
            new = Partition(number, len(self.core.partitions), self.core.configuration, {})
            for key, row in old.table.items():
                new.restore(key, row)
            new.ready(now)
            assert new.configure(now).records == []
            self.core.partitions[number] = new

    def run_to(self, at: str) -> Said:
        """Let time pass."""
        self.at = at
        return Said(list(self.core.advance(instant(at))))


def key_of(value: Json) -> bytes:
    return contact_key(value["contact_list_id"], value["contact_id"]).encode()
