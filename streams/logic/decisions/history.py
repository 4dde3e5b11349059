"""A wrap-up of the time before Ringback: it counts, and nothing follows from it.

Source: docs/rules.md, section 9 row 9.8; docs/decisions/0048-import.md.
"""

from streams.logic.checks.attempts import with_attempt
from streams.logic.contact.deduplication import WRAPPED_UP, conversation_has, note_wrapped_up
from streams.logic.contact.system_codes import is_attempt
from streams.logic.decisions.step import Step
from streams.logic.decisions.wrap_ups import apply_mapping, campaign_of, with_last_wrap_up
from topics.events import WrapUp


def recall(step: Step, event: WrapUp) -> None:
    """Take in a wrap-up with `history`: as attempt, last wrap-up, mark and right party, and as nothing else.

    It says nothing either: a callback that it names, and its attributes, are passed over. A conversation that has had
    its wrap-up is left as it is. Raises BadEvent when the campaign is not known or cannot be read; its rule sets are
    not asked for.
    """
    if conversation_has(step.contact, event.conversation_id, WRAPPED_UP):
        return
    campaign = campaign_of(step, event)
    contact = note_wrapped_up(with_last_wrap_up(step.contact, event), event.conversation_id, event.occurred_at)
    if is_attempt(event.wrap_up_code, campaign):
        contact = with_attempt(contact, event.called_at, event.campaign_id, event.phone_number, step.now)
    step.contact = contact
    apply_mapping(step, event, campaign)
