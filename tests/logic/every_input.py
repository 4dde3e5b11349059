"""A callback in every state, and everything that can happen to it there: under every kind of configuration and clock.

A state is reached by inputs alone, as a worker would have reached it; what happens next goes straight to `decide`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import Any

import orjson

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.callback import Callback, Status, TimerKind
from streams.logic.contact.effects import Effect
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.ids import rule_callback_id
from streams.logic.contact.inputs import (
    Applied,
    ConfigurationChanged,
    ContactRecorded,
    ContactRemoved,
    ContactUnreadable,
    Input,
    Released,
    TimerFired,
)
from streams.logic.contact.limits import REMEMBERED_MAX
from streams.logic.contact.state import Contact
from streams.logic.decisions.decide import decide
from streams.logic.decisions.lifecycle import InputKind, OutsideLifecycle, State
from tests.builders import (
    NUMBER,
    UNKNOWN_NUMBER,
    Json,
    campaign,
    cancelled,
    changed,
    clear,
    contact,
    hold,
    instant,
    recycle,
    rescheduled,
    returned,
    rule,
    rule_set,
    scheduled,
    wrap_up,
)
from topics.callback_events import ContactErased, ReturnReason
from topics.codec import BadEvent, CallbackEvent, decode
from topics.events import ContactRecord, PlacementRequested, WrapUp
from topics.facts import HeldBy
from topics.records import CallbackLifecycle, Cause

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = instant("2026-11-23T14:30:00Z")
DUE = START + 10 * MINUTE
"""When every callback here falls due for the first time."""

RULES, AGENTS = (rule_callback_id("L", "c1", event_id) for event_id in ("w-v1", "w-v7"))
"""Callbacks: of the rule, and of an agent, who happens to give the id that the rule would give at the wrap-up w-v7."""

TIMERS = {
    InputKind.DUE: TimerKind.DUE,
    InputKind.TOO_LATE: TimerKind.TOO_LATE,
    InputKind.OWNER: TimerKind.OWNER,
    InputKind.OUTCOME: TimerKind.OUTCOME,
    InputKind.WINDOW: TimerKind.WINDOW,
}


def at(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


UNREADABLE = ContactUnreadable("L", "c1")
UNKNOWN = "k0"
"""A callback of which nobody has heard."""


def recorded(**changes: Any) -> ContactRecorded:
    record = decode("contacts", orjson.dumps(contact(**changes)))
    assert isinstance(record, ContactRecord)
    return ContactRecorded(record, START)


LIMITS = {"owner_expires_after_s": 3600, "outcome_timeout_s": 7200}
OFF, PREVIEW, TIMED = {"status": "off"}, {"dialing_mode": "preview"}, {"callable_time_set_id": "T"}
SCREENED = {**PREVIEW, "screen_previews": True}
SLOT = {**TIMED, "reschedule_zone_blocked": True}
ONE_CALL = {"one_call_at_a_time_s": 6 * 3600}
APART = {"min_gap_s": 24 * 3600, **ONE_CALL}

CONFIGURATIONS: dict[str, Json] = {
    "on": {},
    "off": OFF,
    "preview": PREVIEW,
    "screened": SCREENED,
    "shut": TIMED,
    "slot": SLOT,
    "slot in preview": {**SLOT, **SCREENED},
    "owner to the queue": {"owner_expiry": "queue"},
    "limited": {"expire_after_s": 600},
    "limited and off": {"expire_after_s": 600, **OFF},
    "next day": {"on_missed": "next_day"},
    "apart": APART,
    "one call, limited": {"expire_after_s": 600, **ONE_CALL},
    "screened and apart, times unreadable": {**SLOT, **SCREENED, **APART},
    "recycled": {"recycle_cancels": ["agent", "rule"]},
    "again": {"on_returned": "again"},
    "cleared": {},
    "gone": {},
    "unreadable": {},
    "rules unreadable": {},
    "screened, rules unreadable": {**SLOT, **SCREENED},
    "times unreadable": TIMED,
    "on hold": {"owner_expiry": "queue"},
}
"""By name, the settings of the campaign. What else there is to some of them, `_LATER` has."""

_NO_RULES = ("rule-sets", "R", {"rule_set_id": "R", "rules": "no list"})
_NO_TIMES = ("callable-time-sets", "T", {"callable_time_set_id": "T", "times": "no list"})
_LATER: dict[str, tuple[str, str, Json | None]] = {
    "recycled": ("campaign-recycle", "P", recycle(occurred_at=at(DUE - MINUTE))),
    # So that the campaign may call whom it has called.
    "one call, limited": ("campaign-recycle", "P", recycle(occurred_at=at(DUE - MINUTE))),
    "cleared": ("contact-list-cleared", "L", clear(occurred_at=at(DUE - MINUTE))),
    "gone": ("campaigns", "P", None),
    "unreadable": ("campaigns", "P", {"campaign_id": "P"}),
    "rules unreadable": _NO_RULES,
    "screened, rules unreadable": _NO_RULES,
    "times unreadable": _NO_TIMES,
    "screened and apart, times unreadable": _NO_TIMES,
    "on hold": ("holds", "h1", hold()),
}

UNFIT = (("on", recorded(callable=False)), ("screened", recorded(callable=False)), ("slot in preview", UNREADABLE))
"""Configurations under which the contact may not be called, with what is told of it first."""


@cache
def configured(name: str = "on") -> Configuration:
    """Each once: none of them is changed by a decision."""
    known = Configuration()
    records: list[tuple[str, str, Json | None]] = [
        ("callable-time-sets", "T", _times()),
        ("rule-sets", "R", rule_set(*_rules())),
        ("campaigns", "P", {**campaign(rule_set_ids=["R"]), **LIMITS, **CONFIGURATIONS[name]}),
        *([_LATER[name]] if name in _LATER else []),
    ]
    for offset, (topic, key, value) in enumerate(records):
        text = None if value is None else orjson.dumps(value)
        known.apply(Arrived(topic, 0, offset, key.encode(), text, int(DUE.timestamp() * 1000)), DUE)
    return known


def _rules() -> tuple[Json, ...]:
    """AGAIN schedules a callback. The other codes: one each for a way in which a rule schedules none, or cancels."""
    scheduling: dict[str, Json] = {
        "CLIMB": {"offsets_minutes": [10]},
        "KEEP": {"offset_minutes": 10, "if_outstanding": "keep"},
        "REPLACE": {"offset_minutes": 10, "if_outstanding": "replace"},
        "MONTH": {"offset_minutes": 43_200, "at_local_time": "08:00"},
    }
    actions = {code: {"type": "schedule_callback", **how} for code, how in scheduling.items()}
    actions["SOLD"] = {"type": "cancel_callbacks", "scope": "contact", "origins": ["agent", "rule"]}
    others = (
        rule(code, conditions=[{"type": "wrap_up_code", "codes": [code]}], actions=[one])
        for code, one in actions.items()
    )
    return rule(), *others


def _times() -> Json:
    """An hour on Fridays: a slot opens within eight days, and none is open when anything happens here."""
    slots = [{"day": 5, "start": "09:00", "stop": "10:00"}]
    return {"callable_time_set_id": "T", "times": [{"time_zone": "America/New_York", "slots": slots}]}


class Life:
    """A contact that is told one thing after the other."""

    def __init__(self, contact: Contact | None = None, now: datetime = START) -> None:
        self.contact, self.now = contact, now

    def send(self, told: Input, configuration: str = "on", now: datetime | None = None) -> "Life":
        self.now = now or self.now
        self.contact, _ = decide(self.contact, told, Cause(partition=0), configured(configuration), self.now)
        return self

    def fire(self, configuration: str = "on") -> "Life":
        """What is due next of its only callback."""
        assert self.contact is not None
        (callback,) = self.contact.callbacks
        assert callback.timer is not None
        return self.send(TimerFired(callback.callback_id), configuration, max(self.now, callback.timer.at))


def told(topic: str, value: Json) -> Input:
    event = decode(topic, orjson.dumps(value))
    assert isinstance(event, WrapUp | CallbackEvent | ContactErased | PlacementRequested)
    return event


def change(value: Json, number: int) -> Input:
    """One of the topic callback-scheduled, with an id of its own."""
    return told("callback-scheduled", {**value, "event_id": f"e{number}"})


def listed() -> Life:
    return Life().send(recorded())


def promised(**changes: Any) -> Life:
    value = scheduled(AGENTS, occurred_at=at(START), due_at=at(DUE), **changes)
    return listed().send(told("callback-scheduled", value))


def ruled(code: str = "AGAIN") -> Life:
    return listed().send(told("wrap-up", wrap_up("v1", wrap_up_code=code, occurred_at=at(START))))


def ended(life: Life, callback_id: str, **changes: Any) -> Life:
    when = life.now + 5 * MINUTE
    return life.send(told("wrap-up", wrap_up("v5", callback_id=callback_id, occurred_at=at(when), **changes)), now=when)


def moved(life: Life, callback_id: str, due_at: datetime = DUE + MINUTE, **changes: Any) -> Life:
    when = life.now + MINUTE
    value = rescheduled(callback_id, occurred_at=at(when), due_at=at(due_at), **changes)
    return life.send(told("callback-scheduled", value), now=when)


def given(life: Life, callback_id: str) -> Life:
    """To another agent."""
    when = life.now + MINUTE
    value = changed(callback_id, occurred_at=at(when), agent_id="a9", owner="preferred")
    return life.send(told("callback-scheduled", value), now=when)


def after_many(life: Life) -> Life:
    """So many others have come since that the ids of its events are forgotten."""
    for number in range(REMEMBERED_MAX):
        life.send(change(cancelled(f"k{number + 1000}", occurred_at=at(life.now)), number + 1000))
    return life


def in_call(life: Life) -> Life:
    """Another call of the contact is in flight."""
    about = {"campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": NUMBER}
    request = {"event_id": "p2", "request_id": "q2", "occurred_at": at(life.now), "origin": "campaign", **about}
    return life.send(told("placement-requested", request), "one call, limited")


def called_off(life: Life, callback_id: str) -> Life:
    return life.send(told("callback-scheduled", cancelled(callback_id, occurred_at=at(life.now))))


def given_back(life: Life, callback_id: str, configuration: str = "on") -> Life:
    """Its first command came back, and with `again` it is due once more."""
    value = returned(callback_id, occurred_at=at(life.now))
    return life.send(told("callback-scheduled", value), configuration)


def had(life: Life, callback_id: str) -> Life:
    """It was moved while its first command was out, which is open."""
    return moved(life, callback_id, life.now + 2 * MINUTE)


SKIP = "ININ-OUTBOUND-PREVIEW-SKIPPED"
WINDOW: Json = {"window_end_at": at(DUE + HOUR)}

LIVES: tuple[tuple[State, Life], ...] = (
    (None, Life()),
    (None, listed()),
    (None, listed().send(told("wrap-up", wrap_up("v1", occurred_at=at(START + 5 * MINUTE))))),
    (None, called_off(listed(), "k2")),
    (None, called_off(listed(), rule_callback_id("L", "c1", "w-v8"))),
    (None, listed().send(told("wrap-up", wrap_up("v1", wrap_up_code="SOLD", occurred_at=at(START + 5 * MINUTE))))),
    (Status.SCHEDULED, promised()),
    (Status.SCHEDULED, promised(conversation_id="v9")),
    (Status.SCHEDULED, moved(promised(), AGENTS)),
    (Status.SCHEDULED, given(promised(), AGENTS)),
    (Status.SCHEDULED, ruled()),
    (Status.SCHEDULED, moved(ruled(), RULES)),
    (Status.SCHEDULED, promised(**WINDOW)),
    (Status.SCHEDULED, promised(**WINDOW).fire("slot in preview")),
    (Status.SCHEDULED, ruled("CLIMB")),
    (Status.SCHEDULED, in_call(ruled())),
    (Status.SCHEDULED, in_call(ruled()).fire("apart")),
    (Status.SCHEDULED, in_call(ruled()).fire("one call, limited")),
    (Status.WAITING, ruled().fire("off")),
    (Status.WAITING, after_many(ruled().fire("off"))),
    (Status.WAITING, moved(ruled(), RULES).fire("off")),
    (Status.WAITING, given(ruled(), RULES).fire("off")),
    (Status.WAITING, ruled().fire("limited and off")),
    (Status.WAITING, in_call(ruled()).fire("off")),
    (Status.WAITING, ruled().fire("unreadable")),
    (Status.WAITING, ruled().fire("rules unreadable")),
    (Status.WAITING, moved(ruled(), RULES, **WINDOW).fire("off")),
    (Status.WAITING, moved(ruled(), RULES, **WINDOW).fire("limited and off")),
    (Status.WAITING, moved(ruled(), RULES, **WINDOW).fire("unreadable")),
    (Status.WAITING, promised().fire("on hold")),
    (Status.WAITING, promised(owner="only").fire().fire("on hold")),
    (Status.WAITING, promised().send(TimerFired(AGENTS, paced=True), now=DUE)),
    (Status.WAITING, Life(promised(**WINDOW).contact, DUE + 2 * HOUR).fire("unreadable")),
    (Status.PRESENTED, promised().fire()),
    (Status.PRESENTED, promised(owner="only").fire()),
    (Status.PRESENTED, moved(promised(), AGENTS).fire()),
    (Status.PRESENTED, given(promised(owner="only").fire(), AGENTS)),
    (Status.PRESENTED, ruled().fire("preview")),
    (Status.DIALING, ruled().fire()),
    (Status.DIALING, after_many(ruled().fire())),
    (Status.DIALING, moved(ruled(), RULES).fire()),
    (Status.DIALING, given(ruled().fire(), RULES)),
    (Status.COMPLETED, ended(promised().fire(), AGENTS)),
    (Status.COMPLETED, ended(ruled().fire(), RULES)),
    (Status.BLOCKED, ruled().fire("gone")),
    (Status.BLOCKED, promised().send(recorded(callable=False)).fire("screened")),
    (Status.CANCELLED, called_off(promised(), AGENTS)),
    (Status.CANCELLED, called_off(ruled(), RULES)),
    (Status.EXPIRED, promised().fire().fire()),
    (Status.EXPIRED, ruled().fire().fire()),
    (Status.SCHEDULED, had(promised().fire(), AGENTS)),
    (Status.SCHEDULED, given_back(promised().fire(), AGENTS, "again")),
    (Status.WAITING, had(ruled().fire("preview"), RULES).fire("off")),
    (Status.WAITING, given_back(ruled().fire(), RULES, "again").fire("off")),
    (Status.PRESENTED, given_back(promised().fire(), AGENTS, "again").fire()),
    (Status.DIALING, given_back(ruled().fire(), RULES, "again").fire()),
    (Status.NOT_DIALED, given_back(promised().fire(), AGENTS)),
    (Status.NOT_DIALED, ended(promised().fire(), AGENTS, wrap_up_code=SKIP)),
    (Status.NOT_DIALED, ended(ruled().fire(), RULES, wrap_up_code=SKIP)),
    (Status.OWNER_EXPIRED, promised(owner="only").fire().fire()),
    (Status.OWNER_EXPIRED, ended(promised(owner="only").fire().fire(), AGENTS)),
)
"""Each state, reached in several ways."""


def inputs(contact: Contact | None, now: datetime) -> Iterator[tuple[InputKind | None, Input]]:
    """Everything that can happen to a contact at `now`; None for what is no input of a callback's life."""
    known = next(iter(states_of(contact)), None) or AGENTS
    for number, value in enumerate(_promises(known, now)):
        yield InputKind.SCHEDULED, change(value, number)
    for number, value in enumerate(_reschedules(known, now), 100):
        yield InputKind.RESCHEDULED, change(value, number)
    for number, (name, when) in enumerate(product((known, UNKNOWN), (now, START - HOUR)), 200):
        yield InputKind.CANCELLED, change(cancelled(name, occurred_at=at(when)), number)
    for number, value in enumerate(_returns(known, now), 300):
        yield InputKind.RETURNED, change(value, number)
    for number, value in enumerate(_changes(known, now), 300):
        yield InputKind.CHANGED, change(value, number)
    for value in _wrap_ups(known, now):
        yield InputKind.WRAP_UP, told("wrap-up", value)
    for asked in (known, UNKNOWN, None):
        yield InputKind.PLACEMENT_REQUESTED, told("placement-requested", _request(asked, now))
    for callback in contact.callbacks if contact else ():
        yield _kind_of(callback, now), TimerFired(callback.callback_id)
        if _kind_of(callback, now) is InputKind.DUE:
            yield InputKind.DUE, TimerFired(callback.callback_id, paced=True)
    for name in (known, UNKNOWN):
        yield InputKind.RELEASED, Released(name, HeldBy.CAMPAIGN_OFF)
    yield InputKind.ERASED, change(_erasure(now), 500)
    yield InputKind.CONFIGURATION_CHANGED, ConfigurationChanged(Applied())
    for told_of in (TimerFired(UNKNOWN), TimerFired(None), recorded(), ContactRemoved("L", "c1"), UNREADABLE):
        yield None, told_of


def _erasure(now: datetime) -> Json:
    about = {"contact_list_id": "L", "contact_id": "c1"}
    return {"type": "erased", "event_id": "x", "occurred_at": at(now), **about}


def _kind_of(callback: Callback, now: datetime) -> InputKind | None:
    if callback.timer is None or callback.timer.at > now:
        return None
    (kind,) = (kind for kind, timer in TIMERS.items() if timer is callback.timer.kind)
    return kind


def _promises(known: str, now: datetime) -> Iterator[Json]:
    soon = {"occurred_at": at(now), "due_at": at(now + HOUR)}
    yield scheduled(known, **soon)
    yield scheduled("k2", **soon)
    yield scheduled("k2", occurred_at=at(START), due_at=at(now + HOUR))
    yield scheduled("k2", **{**soon, "due_at": at(now - HOUR)})
    yield scheduled("k2", **{**soon, "due_at": at(now + 60 * DAY)})
    yield scheduled("k2", phone_number=UNKNOWN_NUMBER, **soon)
    yield scheduled("k2", conversation_id="v9", **soon)


def _reschedules(known: str, now: datetime) -> Iterator[Json]:
    # Now, before everything, and during the call that begins when the callback falls due.
    for name, when in product((known, UNKNOWN), (now, START - HOUR, DUE + 2 * MINUTE)):
        for due_at in (when + HOUR, when - HOUR, when + 60 * DAY):
            yield rescheduled(name, occurred_at=at(when), due_at=at(due_at))
        for fields in ({"agent_id": "a8"}, {"phone_number": UNKNOWN_NUMBER}):
            yield rescheduled(name, occurred_at=at(when), due_at=at(when + HOUR), **fields)


def _changes(known: str, now: datetime) -> Iterator[Json]:
    for name, when in product((known, UNKNOWN), (now, START - HOUR)):
        for fields in ({"agent_id": "a8"}, {"notes": "ring twice"}, {"phone_number": UNKNOWN_NUMBER}):
            yield changed(name, occurred_at=at(when), **fields)


def _returns(known: str, now: datetime) -> Iterator[Json]:
    # Of the first command or the second, now or when it went out.
    for name, presentation, when in product((known, UNKNOWN), (1, 2), (now, DUE)):
        value = returned(name, presentation, occurred_at=at(when))
        yield value
        yield {**value, "retry_at": at(when - HOUR)}
        yield {**value, "retry_at": at(when + 60 * DAY)}
    for reason in ReturnReason:
        yield returned(known, occurred_at=at(DUE), reason=reason)


def _wrap_ups(known: str, now: datetime) -> Iterator[Json]:
    for name in (None, known, UNKNOWN):
        yield wrap_up("v6", occurred_at=at(now), callback_id=name)
        # Of conversations that have had theirs, earlier than it.
        yield wrap_up("v1", event_id="w-1", occurred_at=at(START - MINUTE), callback_id=name)
        yield wrap_up("v5", event_id="w-5", occurred_at=at(DUE), callback_id=name)
        for when in (now, DUE):
            yield wrap_up("v4", occurred_at=at(when), callback_id=name, wrap_up_code=SKIP)
    again = {"wrap_up_code": "AGAIN", "occurred_at": at(now)}
    yield wrap_up("v7", **again)
    yield wrap_up("v10", event_id="w-v1", **again)
    yield wrap_up("v8", **{**again, "occurred_at": at(START)})
    yield wrap_up("v6", phone_number=UNKNOWN_NUMBER, **again)
    for code in ("CLIMB", "KEEP", "REPLACE", "MONTH", "SOLD"):
        yield wrap_up("v6", **{**again, "wrap_up_code": code})


def _request(callback_id: str | None, now: datetime) -> Json:
    return {
        "event_id": "p1",
        "request_id": "q1",
        "occurred_at": at(now),
        "origin": "callback" if callback_id else "campaign",
        "callback_id": callback_id,
        "campaign_id": "P",
        "contact_list_id": "L",
        "contact_id": "c1",
        "phone_number": NUMBER,
        "agent_id": "a7",
    }


@dataclass(frozen=True, slots=True)
class Seen:
    """A record of a lifecycle, the state in which its callback was, and what happened to the contact."""

    state: str | None
    kind: InputKind | None
    transition: str
    reasons: tuple[str, ...]


AFTER = {"rescheduled": "scheduled"}
"""The state after a transition, where it has not the same name."""


@cache
def everything() -> tuple[frozenset[tuple[State, InputKind | None]], frozenset[Seen]]:
    """What was tried, and what came of it; by the end, every callback stands where its records say."""
    tried, seen = set(), set()
    for (state, life), later in product(LIVES, (MINUTE, 3 * HOUR)):
        ways = [(name, life.contact) for name in CONFIGURATIONS]
        ways += [(name, Life(life.contact, life.now).send(first).contact) for name, first in UNFIT]
        for (kind, what), (name, start) in product(list(inputs(life.contact, life.now + later)), ways):
            tried.add((state, kind))
            seen |= _seen(start, kind, what, configured(name), life.now + later)
    return frozenset(tried), frozenset(seen)


def _seen(
    before: Contact | None, kind: InputKind | None, what: Input, configuration: Configuration, now: datetime
) -> set[Seen]:
    try:
        after, effects = decide(before, what, Cause(partition=0), configuration, now)
    except BadEvent:
        return set()  # A dead letter: nothing happens.
    except OutsideLifecycle as outside:  # Said by the test of the pair, and not by all of them.
        return {Seen(next(iter(states_of(before).values()), None), kind, str(outside), ())}
    states, found = states_of(before), set()
    for record in lifecycle(effects):
        found.add(Seen(states.get(record.callback_id), kind, record.transition, record.reasons))
        if record.transition not in ("rejected", "changed"):
            states[record.callback_id] = AFTER.get(record.transition, str(record.transition))
    if kind is InputKind.ERASED:
        states = {}  # Of an erased contact no callback is known, outstanding or ended.
    assert states_of(after) == states, (what, effects)
    return found


def states_of(contact: Contact | None) -> dict[str | None, str | None]:
    known = (*contact.callbacks, *contact.ended) if contact else ()
    return {callback.callback_id: str(callback.status) for callback in known}


def lifecycle(effects: tuple[Effect, ...]) -> list[CallbackLifecycle]:
    return [effect for effect in effects if isinstance(effect, CallbackLifecycle)]
