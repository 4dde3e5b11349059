"""Who is meant, in words: the rule that did something, the agent or the queue that a callback is for."""

from streams.console.why.entries import Entry
from streams.console.why.reading import Json, text
from topics.callback_events import Owner
from topics.names import TopicName


def by_whom(facts: Json) -> str | None:
    """The rule that facts name: "rule again of rule set R"; None if they name none."""
    rule_id, rule_set_id = text(facts, "rule_id"), text(facts, "rule_set_id")
    return f"rule {rule_id} of rule set {rule_set_id or '?'}" if rule_id else None


def wanted_for(facts: Json) -> str:
    """For whom a callback is; empty if anyone may have it."""
    owner, agent_id, queue_id = text(facts, "owner"), text(facts, "agent_id") or "?", text(facts, "queue_id")
    if owner == Owner.ONLY:
        return f"for agent {agent_id} alone"
    if owner == Owner.PREFERRED:
        return f"preferably for agent {agent_id}"
    return f"for queue {queue_id}" if queue_id else ""


def shown_to(entry: Entry) -> str:
    """Who has the command of a presentation, by the command itself if it is known."""
    command_id = entry.fact("command_id")
    commands = [
        told.value
        for told in entry.told
        if told.topic == TopicName.DIAL_PREVIEW and told.value and text(told.value, "command_id") == command_id
    ]
    if not commands or command_id is None:
        return "an agent"
    command = commands[-1]
    owner, agent_id, queue_id = text(command, "owner"), text(command, "agent_id"), text(command, "queue_id")
    if agent_id and owner == Owner.ONLY:
        return f"agent {agent_id}"
    if agent_id and owner == Owner.PREFERRED:
        return f"agent {agent_id}, else queue {queue_id}" if queue_id else f"preferably agent {agent_id}"
    return f"queue {queue_id}" if queue_id else "an agent"
