"""What is told of a call that has ended: a pure function of how Asterisk says that it ended.

Source: docs/contract.md, `wrap-up`; causes are those of Q.850, into which Asterisk translates the answers of SIP.
"""

from datetime import datetime

from msgspec import Struct, field

from topics.callback_events import CallbackReturned, ReturnReason
from topics.commands import Checks, DialCommand
from topics.events import CallAnalysis, WrapUp

BUSY = frozenset({17})
NO_ANSWER = frozenset({18, 19, 102})
NOT_IN_SERVICE = frozenset({1, 2, 3, 22, 28})
NO_LINE = frozenset({34, 38, 41, 42, 47})
"""The network had no way: nothing has rung, unless the channel was more than `Down`."""

INTERRUPTED = "DIALER-INTERRUPTED"
"""The code of a call that was begun, and whose end nobody saw."""


class Ended(Struct, frozen=True):
    """How a call ended, as in Asterisk's `ChannelDestroyed`: its cause, the state it was in, variables of the dialplan.

    `AMDSTATUS` is what call analysis found; `WRAP_UP_CODE` and `AGENT_ID` may be set by a dialplan of your own.
    """

    cause: int
    state: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def rang(self) -> bool:
        """Whether anything can have rung."""
        return self.state != "Down" or self.cause not in NO_LINE


def analysis_of(command: DialCommand, ended: Ended) -> CallAnalysis | None:
    """What call analysis heard, None when it heard nothing that the contract has a word for."""
    if ended.state != "Up":
        causes = {CallAnalysis.BUSY: BUSY, CallAnalysis.NO_ANSWER: NO_ANSWER, CallAnalysis.SIT: NOT_IN_SERVICE}
        return next((word for word, numbers in causes.items() if ended.cause in numbers), None)
    if command.checks is not Checks.PASSED:
        return None  # A preview: an agent listens.
    # Whoever is not known to be a machine is connected to an agent, so counts as a person.
    heard = {"HUMAN": CallAnalysis.PERSON, "NOTSURE": CallAnalysis.PERSON, "MACHINE": CallAnalysis.MACHINE}
    return heard.get(ended.variables.get("AMDSTATUS", ""))


def code_of(analysis: CallAnalysis | None, ended: Ended) -> str:
    """The wrap-up code: of the dialplan if it has set one, else one of this dialer's own."""
    if given := ended.variables.get("WRAP_UP_CODE"):
        return given
    if analysis in (None, CallAnalysis.PERSON):
        return "ANSWERED" if ended.state == "Up" else "NOT-REACHED"
    return analysis.upper().replace("_", "-")


def wrap_up(
    command: DialCommand, ended: Ended | None, dialed_at: datetime, agent_id: str | None, now: datetime
) -> WrapUp:
    """The wrap-up of a call that was placed; ended: None if nobody saw it end. Its conversation is the channel's id."""
    analysis = None if ended is None else analysis_of(command, ended)
    return WrapUp(
        event_id=f"w-{command.command_id}",
        occurred_at=now,
        conversation_id=command.command_id,
        campaign_id=command.campaign_id,
        contact_list_id=command.contact_list_id,
        contact_id=command.contact_id,
        phone_number=command.phone_number,
        phone_column=command.phone_column,
        wrap_up_code=INTERRUPTED if ended is None else code_of(analysis, ended),
        agent_id=agent_id or (ended.variables.get("AGENT_ID") if ended else None),
        call_analysis=analysis,
        callback_id=command.callback_id,
        dialed_at=dialed_at,
    )


def returned(command: DialCommand, reason: ReturnReason, now: datetime) -> CallbackReturned:
    """The command comes back: no call was placed."""
    return CallbackReturned(
        event_id=f"r-{command.command_id}",
        occurred_at=now,
        callback_id=command.callback_id,
        campaign_id=command.campaign_id,
        contact_list_id=command.contact_list_id,
        contact_id=command.contact_id,
        command_id=command.command_id,
        reason=reason,
    )
