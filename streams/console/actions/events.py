"""From an action and callbacks to ordinary events: pure. The same run makes the same events, however often it is asked.

Source: docs/contract.md, sections "callback-scheduled" and "Keys and partitions"; docs/actions.md.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from streams.console.actions.model import Action, Letter, Meant, NotAllowed, Outgoing, Run, moved_to
from streams.console.view.model import CallbackKey
from streams.logic.contact.limits import PROMISE_AHEAD_MAX
from streams.logic.hours.numbers import is_valid_number
from topics import replayed
from topics.audit import ActionKind, AuditStep, ConsoleAudit
from topics.callback_events import CallbackCancelled, CallbackChanged, CallbackRescheduled, Owner
from topics.cloud_events import Attributes, CloudEvent, event_type
from topics.codec import CallbackEvent, contact_key, encode
from topics.fields import DoesNotFit
from topics.names import TopicName
from topics.partitions import partition_for

CHANGED_BY = ("agent_id", "owner", "queue_id", "phone_number", "notes")
"""Fields that an action may carry beside a time."""

SENT_AS_THEY_ARE = (ActionKind.REPLAY, ActionKind.CONFIGURE)
"""Actions of records that have their partition; of the others an event is made for each callback."""

MOVES = (ActionKind.MOVE, ActionKind.CALL_NOW)
SENT_BY = "ringback.run"
"""The header of configuration: by which run it was sent."""


def event_id(run: str, key: CallbackKey) -> str:
    """The id of the event that a run sends for a callback: sent again, it is the same event, which changes nothing."""
    parts = [run, key.contact_list_id, key.contact_id, key.callback_id]
    return "a-" + hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


def check(action: Action, now: datetime) -> None:
    """Raise NotAllowed for an action that no callback could be asked for."""
    if not action.actor.strip():
        raise NotAllowed("who acts has to be named")
    match action.kind:
        case ActionKind.MOVE:
            _check_move(action, now)
        case ActionKind.REASSIGN | ActionKind.CHANGE:
            _check_change(action)


def _check_move(action: Action, now: datetime) -> None:
    if (action.due_at is None) == (action.by_s is None):
        raise NotAllowed("a move needs either the time to move to or how far to move, and not both")
    if action.due_at is None:
        if action.window_end_at is not None:
            raise NotAllowed("a window goes with a time to move to; a move by some time moves the window along")
        if not 0 < abs(action.by_s or 0) <= PROMISE_AHEAD_MAX.total_seconds():
            raise NotAllowed("a callback is moved by a second at least, and by 30 days at most")
        return
    if action.due_at < now:
        raise NotAllowed("the time to move to has gone by. To call at once is another action")
    if action.due_at > now + PROMISE_AHEAD_MAX:
        raise NotAllowed("a callback cannot be moved further ahead than 30 days")
    if action.window_end_at is not None and action.window_end_at <= action.due_at:
        raise NotAllowed("a window ends after the due time")


def _check_change(action: Action) -> None:
    carried = [name for name in CHANGED_BY if getattr(action, name)]
    if action.kind is ActionKind.REASSIGN and not {"agent_id", "owner", "queue_id"} & set(carried):
        raise NotAllowed("a reassignment needs an agent, an owner or a queue")
    if not carried:
        raise NotAllowed("a change needs at least one field and its value; none can be emptied")
    if action.owner in (Owner.PREFERRED, Owner.ONLY) and not action.agent_id:
        raise NotAllowed("an owner `only` or `preferred` needs an agent")
    if action.phone_number is not None and not is_valid_number(action.phone_number):
        raise NotAllowed("the phone number is in no numbering plan, or not as that writes it")


def event(action: Action, meant: Meant, run: str, asked_at: datetime) -> CallbackEvent:
    """The event that asks for it. Raises NotAllowed for a callback that it cannot be asked for."""
    common: dict[str, Any] = {
        "event_id": event_id(run, meant.key),
        "occurred_at": asked_at,
        "callback_id": meant.callback_id,
        "campaign_id": meant.campaign_id,
        "contact_list_id": meant.contact_list_id,
        "contact_id": meant.contact_id,
        "actor": action.actor,
        "reason": action.reason,
    }
    try:
        if action.kind is ActionKind.CANCEL:
            return CallbackCancelled(**common)
        if action.kind not in MOVES:
            return CallbackChanged(**common, **_fields(action, meant))
        if (to := moved_to(action, meant, asked_at)) is None:
            raise NotAllowed(f"callback {meant.callback_id} has no due time yet")
        return CallbackRescheduled(**common, due_at=to[0], window_end_at=to[1])
    except DoesNotFit as error:
        raise NotAllowed(f"callback {meant.callback_id}: {error}") from None


def _fields(action: Action, meant: Meant) -> dict[str, Any]:
    carried = [name for name in CHANGED_BY if getattr(action, name)]
    if meant.back_to is None:
        return {name: getattr(action, name) for name in carried}
    former, found = meant.back_to, dict[str, Any]()
    if {"agent_id", "owner"} & set(carried):
        # An agent cannot be taken away, but a callback of anyone is nobody's; an owner is named with their agent.
        found["owner"] = Owner(former.owner) if former.owner and former.agent_id else Owner.ANYONE
        if former.agent_id:
            found["agent_id"] = former.agent_id
    if "queue_id" in carried and former.queue_id:
        found["queue_id"] = former.queue_id
    return found


def records(run: Run, whats: Iterable[Meant | Letter], topic: str, partitions: int) -> Iterator[Outgoing]:
    """What a run sends, a record for each. topic: `callback-scheduled` by its full name, with its partitions."""
    assert run.asked_at is not None, "a run has been asked for before it sends"
    for what in whats:
        if isinstance(what, Letter):
            header = SENT_BY if run.action.kind is ActionKind.CONFIGURE else replayed.RUN
            headers = (*what.headers, (header, run.name.encode()))
            yield Outgoing(what.topic, what.partition, what.key, what.value, headers)
            continue
        key = contact_key(what.contact_list_id, what.contact_id).encode()
        value = encode(event(run.action, what, run.name, run.asked_at))
        yield Outgoing(topic, partition_for(key, partitions), key, value)


SOURCE = "console"
"""Whose events the records of an audit are, whatever wrote them: a console, or a command line."""


def audit(run: Run, step: AuditStep, at: datetime, actor: str, topic: str) -> Outgoing:
    """The audit record of a step. topic: `console-audit` by its full name; actor: who took the step."""
    record = ConsoleAudit(
        run=run.name,
        step=step,
        occurred_at=at,
        actor=actor,
        via=run.via,
        action=run.action.kind,
        reason=run.action.reason,
        undoes=run.undoes,
        selected=run.selected,
        changes=run.action.changes(),
        meant=run.meant,
        sent=run.sent,
    )
    id_ = f"{run.name}-{step}-{int(at.timestamp() * 1000):x}"
    event = CloudEvent(event_type(TopicName.CONSOLE_AUDIT), id_.encode(), at, run.name)
    headers = Attributes(SOURCE).headers(event, at, True)
    return Outgoing(topic, 0, run.name.encode(), encode(record), tuple(headers))


def event_ids(run: Run, what: Meant | Letter) -> str | None:
    """By which id what became of it is found; None of a record that has none."""
    return what.event_id if isinstance(what, Letter) else event_id(run.name, what.key)


AUDIT_TOPIC = TopicName.CONSOLE_AUDIT
EVENTS_TOPIC = TopicName.CALLBACK_SCHEDULED
