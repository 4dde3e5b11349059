"""Takes dial commands, has calls placed, and says what came of each. It may be killed at any time.

    python dialer.py

docs/dialers.md says what a dialer has to do, docs/clients.md how this one does it.
"""

import json
import os
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from confluent_kafka import Message
from ringback import Answers, Commands, Events, Lost, now

DIAL_URL = os.environ.get("DIAL_URL")
FRESH = timedelta(seconds=30)
ASKED_TIMES, ANSWER_WITHIN_S = 3, 5.0

Command = dict[str, Any]


class Dialer:
    """What one process does with commands."""

    def __init__(self) -> None:
        self.events, self.commands, self.answers = Events(), Commands(), Answers()

    def take(self, command: Command, record: Message) -> None:
        """See to it that Ringback is told what came of a command: a wrap-up, or that it comes back undialed."""
        command_id, expires_at = command["command_id"], command["expires_at"]
        fresh = command["checks"] == "passed" and now() - written_at(record) < FRESH
        if self.commands.begun(record) == command_id:  # Its call was begun, and whoever began it saw no end.
            self.wrap_up(command, "DIALER-INTERRUPTED", None)
        elif expires_at is not None and now() >= datetime.fromisoformat(expires_at):
            self.give_back(command, "expired")
        elif not fresh and not self.may_dial(command):
            self.give_back(command, "failed")
        else:
            self.commands.commit(record, record.offset(), command_id)  # From here on nobody dials it again.
            dialed_at = now()
            self.wrap_up(command, dial(command), dialed_at)
        self.commands.commit(record, record.offset() + 1)

    def may_dial(self, command: Command) -> bool:
        """Ask Ringback whether the call may be placed now. Without an answer it may not."""
        request_id = uuid4().hex
        for _ in range(ASKED_TIMES):
            self.tell("placement-requested", command, uuid4().hex,
                      {"request_id": request_id, "origin": "callback", "agent_id": command["agent_id"],
                       "phone_number": command["phone_number"], "command_id": command["command_id"],
                       "reply_to": self.answers.me})  # fmt: skip
            if answer := self.answers.to(request_id, ANSWER_WITHIN_S):
                return answer["allowed"] and now() < datetime.fromisoformat(answer["valid_until"])
        return False

    def wrap_up(self, command: Command, code: str, dialed_at: datetime | None) -> None:
        """A call was placed, and this came of it. The id of the command is that of the conversation."""
        self.tell("wrap-up", command, f"{code}-{command['command_id']}",
                  {"conversation_id": command["command_id"], "wrap_up_code": code, "agent_id": command["agent_id"],
                   "phone_number": command["phone_number"], "phone_column": command.get("phone_column"),
                   "dialed_at": dialed_at and dialed_at.isoformat()})  # fmt: skip

    def give_back(self, command: Command, reason: str) -> None:
        """No call was placed."""
        self.tell("callback-scheduled", command, f"{reason}-{command['command_id']}",
                  {"type": "returned", "command_id": command["command_id"], "reason": reason})  # fmt: skip

    def tell(self, topic: str, command: Command, event_id: str, more: dict[str, Any]) -> None:
        """Send an event about the callback of a command."""
        about = ("campaign_id", "contact_list_id", "contact_id", "callback_id")
        self.events.send(topic, {name: command[name] for name in about} | {"event_id": event_id} | more)


def dial(command: Command) -> str:
    """Place the call, and return its wrap-up code when it has ended. This is the part to replace by your own.

    With DIAL_URL a POST of the command places the call, and is answered with the code when the call has ended.
    """
    print("dials", command["phone_number"], flush=True)
    if DIAL_URL is None:
        return "ANSWERED"
    request = urllib.request.Request(DIAL_URL, json.dumps(command).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def written_at(record: Message) -> datetime:
    """When Ringback wrote a command."""
    return datetime.fromtimestamp(record.timestamp()[1] / 1000, UTC)


def main() -> None:
    """For ever."""
    dialer = Dialer()
    for record in dialer.commands:
        try:
            dialer.take(json.loads(record.value()), record)
        except Lost:
            print("another dialer has partition", record.partition(), file=sys.stderr)


if __name__ == "__main__":
    main()
