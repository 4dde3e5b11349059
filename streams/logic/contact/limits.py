"""Every limit of the decisions, each with its reason.

Source: docs/rules.md, sections 1, 2 and 8.
"""

from datetime import timedelta

PROMISE_AHEAD_MAX = timedelta(days=30, hours=1)
"""No callback is promised further ahead than this. The field allows 30 days; where a clock goes back in between, the
same wall time on the thirtieth day is an hour further."""

CLOCK_AHEAD_MAX = timedelta(minutes=5)
"""How far a sender's clock may run ahead of ours."""

EVENT_AGE_MAX = timedelta(days=35)
"""An older event is refused, which is what lets a contact be forgotten after as long a silence."""

MEMORY = EVENT_AGE_MAX + timedelta(milliseconds=1)
"""How long a contact with nothing outstanding is remembered: longer than an event is accepted, for a timer fires before
an event of the same instant, and a repeated event must be known again to the last."""

REMEMBERED_MAX = 256
"""Event ids, conversations, cancels for unknown callbacks and ended callbacks that one contact remembers, each."""

ID_KEPT_WHOLE = 40
"""Characters. A longer event or conversation id is remembered as a digest, or 256 of them would fill the row."""

ATTEMPTS_KEPT = timedelta(days=31)
"""The longest reset period is 30 local dates; a day more covers every time zone."""

QUARTER_S = 900
"""Attempts are counted by the quarter of an hour: the local midnights of all zones lie on one."""

MOVE_AHEAD_MAX = timedelta(days=8)
"""A week of slots and a day: if none has opened by then, none will."""

ROW_BYTES_MAX = 64 * 1024
"""Size of an encoded contact, as far as events that only add to it are concerned."""

ENDING_ROW_BYTES_MAX = 2 * ROW_BYTES_MAX
"""The same for an event that ends a callback: its outcome is not lost because the row is full."""

STATE_ROW_BYTES_MAX = 4 * ROW_BYTES_MAX
"""The same for whatever else leads to a row: what time brings, and what a partition keeps for itself. Kafka has to
take it, so that no row can keep a worker from writing."""

ATTRIBUTES_BYTES_MAX = ROW_BYTES_MAX
"""What rules may make of a contact's attributes, encoded: the row could not hold more."""

ANSWER_VALID_S = 60
"""How long an answer to a placement request is good for, when the campaign says nothing: time enough to dial."""

ANSWERS_BYTES_MAX = 16 * 1024
"""What a contact remembers of its answers to placement requests: 20 of a usual size, a quarter of its row."""

RUNGS_KEPT = 64
"""Ladders of which a contact remembers the step, and that one wrap-up can climb: there are one or two of a campaign."""

CALL_OFFS_KEPT = 16
"""Call-offs of a contact, the latest, which also cancel what arrives later. A sale is one, and they are rare."""

RECYCLE_GAP = timedelta(seconds=5)
"""Two recycles of a campaign closer than this are one button pressed twice."""

OUTCOME_TIMEOUT_S = 7 * 24 * 3600
"""A call whose wrap-up has not come in a week will not get one."""

OWNER_EXPIRY_S = 24 * 3600
"""How long an agent may keep a presented callback when the campaign says nothing."""

AGAIN_AFTER_S = 5 * 60
"""How long after a return a callback is due again, when the campaign says nothing."""

RETURNS_MAX = 3
"""How many returns lead to another presentation, when the campaign says nothing."""

PRESENTATIONS_KEPT = 4
MOVES_KEPT = 8
"""Latest presentations and reschedules of a callback: enough to place a wrap-up that arrives late."""

MISSED_MAX = 3
"""How many missed windows lead to another one when the campaign says nothing."""

BACKLOG_FROM = timedelta(seconds=1)
"""A command later than this is counted as late; below it, it is the time a wake-up takes."""

BACKOFF_FIRST = timedelta(minutes=1)
BACKOFF_MAX = timedelta(hours=1)
"""The backoff of a timer that met a bug, doubling from the first to the last."""

ERASURE_KEPT = timedelta(days=100)
"""How long an erasure is remembered when its event does not say up to when: longer than any topic of the catalog that
forgets has records of before, its last segment included."""
