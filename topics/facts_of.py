"""Which facts belong to which transition: by transition, the structs of every way in which it can come about.

Source: docs/contract.md, section "callback-lifecycle".
"""

from collections.abc import Mapping

from topics.facts import (
    BlockedFacts,
    CancelledFacts,
    ChangedFacts,
    CompletedFacts,
    DialingFacts,
    DueFacts,
    ExpiredFacts,
    LadderEndedFacts,
    LifecycleFacts,
    NotDialedFacts,
    OwnerExpiredFacts,
    PresentedFacts,
    ScheduledByAgentFacts,
    ScheduledByRuleFacts,
    WaitingFacts,
)
from topics.records import Transition
from topics.rejection_facts import (
    CancelRejectedFacts,
    ChangeRejectedFacts,
    RecycleRejectedFacts,
    RescheduleRejectedFacts,
    ReturnRejectedFacts,
    WrapUpOvertakenFacts,
    WrapUpRejectedFacts,
)
from topics.rescheduled_facts import LetGoFacts, MovedToSlotFacts, RescheduledFacts, ReturnedFacts, WindowMissedFacts

FACTS_OF: Mapping[Transition, tuple[type[LifecycleFacts], ...]] = {
    Transition.SCHEDULED: (ScheduledByAgentFacts, ScheduledByRuleFacts),
    Transition.RESCHEDULED: (RescheduledFacts, MovedToSlotFacts, LetGoFacts, ReturnedFacts, WindowMissedFacts),
    Transition.DUE: (DueFacts,),
    Transition.WAITING: (WaitingFacts,),
    Transition.PRESENTED: (PresentedFacts,),
    Transition.DIALING: (DialingFacts,),
    Transition.BLOCKED: (BlockedFacts,),
    Transition.COMPLETED: (CompletedFacts,),
    Transition.CANCELLED: (CancelledFacts,),
    Transition.EXPIRED: (ExpiredFacts,),
    Transition.OWNER_EXPIRED: (OwnerExpiredFacts,),
    Transition.REJECTED: (
        ScheduledByAgentFacts,
        ScheduledByRuleFacts,
        LadderEndedFacts,
        RescheduleRejectedFacts,
        CancelRejectedFacts,
        ChangeRejectedFacts,
        ReturnRejectedFacts,
        WrapUpRejectedFacts,
        WrapUpOvertakenFacts,
        RecycleRejectedFacts,
    ),
    Transition.NOT_DIALED: (NotDialedFacts,),
    Transition.CHANGED: (ChangedFacts,),
}
"""What a transition may rest on. Of a rejection it depends on the event that was rejected, and on the reason."""
