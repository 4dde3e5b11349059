"""One sentence that says why a callback was or was not dialed, or what it waits for.

It is made of the callback's latest transition, of what led to it, and of what was refused since.
Source: docs/rules.md, sections 2, 3 and 9; docs/contract.md, section "callback-lifecycle".
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from streams.console.view.model import Standing, Story
from streams.console.why.entries import Entry, entry_of
from streams.console.why.labels import masked
from streams.console.why.moments import Moments, length
from streams.console.why.origins import set_by
from streams.console.why.others import answer_in_words
from streams.console.why.ownership import shown_to
from streams.console.why.reading import is_true
from streams.console.why.transitions import transition_in_words, waited, waits_for
from streams.console.why.words import REASONS
from topics.names import TopicName
from topics.records import Reason, Transition

_HANDED_OUT = (Transition.PRESENTED, Transition.DIALING)
_STAYS = (Transition.REJECTED, Transition.CHANGED)
"""Transitions that leave a callback where it is."""


def sentence(story: Story, now: datetime, viewer: ZoneInfo | None) -> str:
    """Why the callback was or was not dialed, by the clock of the viewer; by UTC if the viewer's zone is not known.

    now: aware. No phone number is in it. Of a Do Not Call entry it says since when it stands, if the story has the
    entry's record too.
    """
    return sentence_by(story, Moments.seen(now, viewer))


def sentence_by(story: Story, moments: Moments) -> str:
    """The same, with instants as `moments` says them."""
    entries = [
        entry_of(told, moments, story.told)
        for told in story.told
        if told.topic == TopicName.CALLBACK_LIFECYCLE and told.value is not None
    ]
    turns = [entry for entry in entries if entry.transition not in _STAYS]
    if not turns:
        return masked(_without_turns(story, moments, entries))
    latest = turns[-1]
    say = _SENTENCES.get(latest.transition) if latest.transition is not None else None
    said = say(latest, turns[:-1]) if say else f"{transition_in_words(latest)} {moments.at(latest.at)}"
    return masked(said + _refused_since(entries, latest))


def _without_turns(story: Story, moments: Moments, entries: list[Entry]) -> str:
    """Of a callback without a transition: the event that would have made it was refused, or nothing else is kept."""
    row = story.row
    if entries:
        words = transition_in_words(entries[-1]).removeprefix("Refused: ")
        return f"Refused {moments.at(entries[-1].at)}: {words}"
    due = f", due {moments.at(row.due_at)}" if row.due_at else ""
    why = " and ".join(REASONS[Reason(one)] if one in set(Reason) else one for one in row.reasons)
    stands = _STANDINGS.get(row.standing, row.standing)
    return f"{stands} since {moments.bare(row.changed_at)}{due}{f': {why}' if why else ''}"


_STANDINGS: Mapping[str, str] = {
    Standing.SCHEDULED: "Scheduled",
    Standing.DUE: "Due",
    Standing.WAITING: "Waits",
    Standing.PRESENTED: "An agent has it",
    Standing.DIALING: "The dialer has it",
    Standing.COMPLETED: "Completed",
    Standing.CANCELLED: "Cancelled",
    Standing.BLOCKED: "Not dialed, blocked",
    Standing.EXPIRED: "Not dialed, expired",
    Standing.OWNER_EXPIRED: "Not called by its owner",
    Standing.NOT_DIALED: "Given back undialed",
    Standing.REJECTED: "Refused",
}


def _scheduled(entry: Entry, before: list[Entry]) -> str:
    """It is to be dialed: when, and why then."""
    moments, due_at = entry.moments, entry.due_at
    if due_at is None:
        return f"{transition_in_words(entry)} {moments.at(entry.at)}"
    if due_at <= moments.now:
        late = length(moments.now - due_at)
        return f"Due {moments.at(due_at)}, {late} ago, and no worker has acted on it yet: {set_by(entry)}"
    if entry.transition is Transition.RESCHEDULED and entry.reasons:
        return transition_in_words(entry)
    return f"To be dialed {moments.at(due_at)}: {set_by(entry)}"


def _due(entry: Entry, before: list[Entry]) -> str:
    return f"Due since {entry.moments.bare(entry.at)}, and being decided"


def _waiting(entry: Entry, before: list[Entry]) -> str:
    return f"Waits since {entry.moments.bare(entry.at)} for {waits_for(entry)}"


def _presented(entry: Entry, before: list[Entry]) -> str:
    who = shown_to(entry)
    had = "An agent has it" if who == "an agent" else f"{who[0].upper()}{who[1:]} has it"
    late = _late(entry)
    return f"{had} since {entry.moments.bare(entry.at)}{late}{waited(entry)}; {_since_handed_out(entry)}"


def _dialing(entry: Entry, before: list[Entry]) -> str:
    since = entry.moments.bare(entry.at)
    return f"The dialer has it since {since}{_late(entry)}{waited(entry)}; {_since_handed_out(entry)}"


def _late(entry: Entry) -> str:
    return "" if entry.fact("because") in ("owner_expired", "changed") else entry.late()


def _since_handed_out(entry: Entry) -> str:
    """What was answered to whoever has it and asked, since."""
    answers = _answers(entry, entry.at)
    if not answers:
        return "no outcome yet"
    latest = answers[-1]
    return f"{_lower(answer_in_words(latest))} {_decided(latest)}, no outcome yet"


def _decided(entry: Entry) -> str:
    return f"(asked {entry.moments.at(entry.at)})"


def _answers(entry: Entry, since: datetime | None, until: datetime | None = None) -> list[Entry]:
    """The answers about the callback, from one instant up to another."""
    return [
        entry_of(told, entry.moments, entry.told)
        for told in entry.told
        if told.topic == TopicName.PLACEMENT_DECIDED and told.value is not None
        if (since is None or told.at >= since) and (until is None or told.at <= until)
    ]


def _completed(entry: Entry, before: list[Entry]) -> str:
    """How it went out, and how it ended."""
    done = transition_in_words(entry)
    end = f"{_lower(done.removeprefix('Completed'))}"
    ended = f"completed {entry.moments.at(entry.at)}{end}"
    out = _went_out(before)
    if out is not None:
        return f"{_how(out)}; {ended}"
    early = [answer for answer in _answers(entry, None, entry.at) if is_true(answer.value, "allowed")]
    if early:
        return f"Called ahead of its due time, placed {entry.moments.at(early[-1].at)}; {ended}"
    return f"{ended[0].upper()}{ended[1:]}, without a command of ours"


def _went_out(before: list[Entry]) -> Entry | None:
    """Its latest command, unless it has been moved or has waited since."""
    latest = next((entry for entry in reversed(before) if entry.transition is not Transition.DUE), None)
    return latest if latest is not None and latest.transition in _HANDED_OUT else None


def _how(out: Entry) -> str:
    at = out.moments.at(out.at)
    if out.transition is Transition.DIALING:
        return f"Dialed {at}{_late(out)}{waited(out)}"
    return f"Shown to {shown_to(out)} {at}{_late(out)}{waited(out)}"


def _ended(entry: Entry, before: list[Entry]) -> str:
    """It was not dialed: when that was to be, and why not."""
    words, out, when = transition_in_words(entry), _went_out(before), entry.moments.at(entry.at)
    if out is not None:
        if entry.transition is Transition.NOT_DIALED:
            words = words.replace("Not dialed", "Given back undialed", 1)
        return f"{_how(out)}; {_lower(_timed(words, when))}"
    waiting = before[-1] if before and before[-1].transition is Transition.WAITING else None
    return f"{_timed(words, when)}{_having_waited(waiting) if waiting else ''}"


def _timed(words: str, when: str) -> str:
    """Words with an instant, which stands before the colon, if there is one."""
    kind, colon, why = words.partition(": ")
    return f"{kind} {when}: {why}" if colon and kind in _KINDS else f"{words} {when}"


def _having_waited(waiting: Entry) -> str:
    return f"; it had waited since {waiting.moments.bare(waiting.at)} for {waits_for(waiting)}"


_KINDS = ("Not dialed", "Cancelled", "Given back undialed", "Ended without an outcome")
"""What an instant is put behind."""

_SENTENCES: Mapping[Transition, Callable[[Entry, list[Entry]], str]] = {
    Transition.SCHEDULED: _scheduled,
    Transition.RESCHEDULED: _scheduled,
    Transition.DUE: _due,
    Transition.WAITING: _waiting,
    Transition.PRESENTED: _presented,
    Transition.DIALING: _dialing,
    Transition.COMPLETED: _completed,
    Transition.BLOCKED: _ended,
    Transition.CANCELLED: _ended,
    Transition.EXPIRED: _ended,
    Transition.OWNER_EXPIRED: _ended,
    Transition.NOT_DIALED: _ended,
}


def _refused_since(entries: list[Entry], latest: Entry) -> str:
    """The latest event about the callback that was refused after its latest transition."""
    since = entries[entries.index(latest) + 1 :]
    refused = [entry for entry in since if entry.transition is Transition.REJECTED]
    if not refused:
        return ""
    words = transition_in_words(refused[-1]).removeprefix("Refused: ")
    return f"; refused {refused[-1].moments.at(refused[-1].at)}: {words}"


def _lower(words: str) -> str:
    """Words as they stand within a sentence."""
    return words[:1].lower() + words[1:]
