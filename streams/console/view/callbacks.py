"""What is known of one callback, and how each record about it changes that, in whatever order topics are read.

Records of one partition come in their order, those of several topics in any: a transition counts before the list of
what is outstanding, that before a rejection, and a field has the value that was written last.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from streams.console.view.ingest.lifecycle import ENDS
from streams.console.view.model import OUTSTANDING, Standing
from streams.console.view.rows import Key, Move, Refuse, Say
from streams.console.view.schema import CODE_OF, MASK_OF, NO_DUE
from topics.records import Transition

Entry = tuple[str, str | None, int, str]
"""Of the list of what is outstanding: campaign, origin, due, state."""


class Source(IntEnum):
    """What a callback's standing is from, the strongest last. CHANGED: its standing is older than the lifecycle."""

    REFUSED = 1
    LISTED = 2
    CHANGED = 3
    MOVED = 4


BY_COMMAND, BY_LIFECYCLE = 1, 0
OUTSTANDING_CODES = frozenset(CODE_OF[standing] for standing in OUTSTANDING)
_KNOWN = frozenset(str(standing) for standing in Standing)
_LEADS_TO = {**{str(end): str(end) for end in ENDS}, Transition.RESCHEDULED: Standing.SCHEDULED}


@dataclass(slots=True)
class Callback:
    """One callback, as its line of the table has it.

    said: by field, when it was written, by what and which record, and the value. awaits: events that have its phone
    number and have not been read, by their place: when and by which record that was said, and what the number ends in.
    """

    id: int
    key: Key
    campaign_id: str | None = None
    standing: int | None = None
    due_at: int = NO_DUE
    changed_at: int | None = None
    scheduled_at: int | None = None
    origin: str | None = None
    reasons: str = ""
    source: int | None = None
    last: int | None = None
    refused: tuple[int, int, int | None, str, str | None, str] | None = None
    said: dict[str, tuple[int, int, int, str | None]] = field(default_factory=dict)
    awaits: dict[int, tuple[int, int, str]] = field(default_factory=dict)

    @property
    def mask(self) -> int:
        """Its reasons as bits."""
        bits = 0
        for reason in self.reasons.split():
            bits |= MASK_OF.get(reason, 0)
        return bits

    @property
    def is_outstanding(self) -> bool:
        """Whether it has not ended."""
        return self.standing in OUTSTANDING_CODES

    def value_of(self, name: str) -> str | None:
        """A field, as it was said last."""
        found = self.said.get(name)
        return None if found is None else found[3]

    def move(self, move: Move, listed: Entry | None) -> None:
        """Take in a transition. listed: how it stands in the list of what is outstanding."""
        if self.last is not None and move.number <= self.last:
            return
        if self.source not in (Source.MOVED, Source.CHANGED):
            self.reasons, self.scheduled_at, self.due_at, self.origin = "", None, NO_DUE, None
        self.last, self.changed_at, self.campaign_id = move.number, move.at, move.campaign
        self.due_at = self.due_at if move.due is None else move.due
        self.origin = move.origin or self.origin
        if move.transition == Transition.SCHEDULED:
            self.scheduled_at = move.at
        if move.reasons:
            self.reasons = " ".join(move.reasons)
        self._stand(move.transition, listed)
        for name, value in move.fields.items():
            self.say(name, (move.written, BY_LIFECYCLE, move.number), value)

    def needs_list(self, move: Move) -> bool:
        """Whether it is not known how it stands: the transition does not say, and none has been said before."""
        return self.source != Source.MOVED and _LEADS_TO.get(move.transition, move.transition) not in _KNOWN

    def _stand(self, transition: str, listed: Entry | None) -> None:
        standing = _LEADS_TO.get(transition, transition)
        if standing in _KNOWN:
            self.source, self.standing = Source.MOVED, CODE_OF[Standing(standing)]
        elif self.source != Source.MOVED:
            self.source = Source.CHANGED
            self.enlist(listed, 0)

    def enlist(self, listed: Entry | None, written: int) -> None:
        """Take in how it stands in the list of what is outstanding; None if it does not stand there."""
        if self.source == Source.MOVED:
            return
        if self.source == Source.CHANGED:
            # What was changed and is not outstanding has been completed: nothing else is changed after its end.
            state = listed[3] if listed else Standing.COMPLETED
            self.standing = CODE_OF[Standing(state if state in _KNOWN else Standing.SCHEDULED)]
        elif listed is not None:
            self.source, self.changed_at, self.reasons = Source.LISTED, written, ""
            self.campaign_id, self.origin, self.due_at = listed[:3]
            self.standing = CODE_OF[Standing(listed[3] if listed[3] in _KNOWN else Standing.SCHEDULED)]
        else:
            self._as_refused()

    def has_lost(self, begin: int, last: int) -> bool:
        """Whether the records with these numbers, which are gone, are the last that said how it stands."""
        refused = self.refused is not None and begin <= self.refused[0] <= last
        return refused or (self.last is not None and begin <= self.last <= last)

    def lose(self, begin: int, last: int, listed: Entry | None, written: int) -> None:
        """Stand as what is left of it says."""
        if self.refused is not None and begin <= self.refused[0] <= last:
            self.refused = None
        if self.last is not None and begin <= self.last <= last:
            self.last = self.source = self.scheduled_at = None
        if self.source != Source.MOVED:
            self.enlist(listed, written)

    def refuse(self, refusal: Refuse) -> None:
        """Take in the rejection of an event that names it."""
        if self.refused is None or refusal.number > self.refused[0]:
            self.refused = (
                refusal.number, refusal.at, refusal.due, refusal.campaign, refusal.origin, " ".join(refusal.reasons)
            )  # fmt: skip
        if self.source in (None, Source.REFUSED):
            self._as_refused()

    def _as_refused(self) -> None:
        self.campaign_id = self.origin = self.changed_at = self.standing = self.source = None
        self.due_at, self.reasons = NO_DUE, ""
        if self.refused is not None:
            _, self.changed_at, due, self.campaign_id, self.origin, self.reasons = self.refused
            self.due_at = NO_DUE if due is None else due
            self.source, self.standing = Source.REFUSED, CODE_OF[Standing.REJECTED]

    def command(self, said: Say) -> None:
        """Take in what a command says."""
        for name, value in said.fields.items():
            self.say(name, (said.written, BY_COMMAND, said.number), value)

    def dial(self, awaited: tuple[int, int, str], last_four: str) -> None:
        """Take in the phone number of an event; the callback has another one if it does not end as it should."""
        written, number, ends_in = awaited
        self.say("last_four", (written, BY_LIFECYCLE, number), last_four if last_four.endswith(ends_in) else "")

    def say(self, name: str, when: tuple[int, int, int], value: str | None) -> None:
        """A field has the value that was written last."""
        before = self.said.get(name)
        if before is None or when >= before[:3]:
            self.said[name] = (*when, value)
