"""Wrap-up codes that the platform gives by itself: what they are not counted for, and what they do.

Sources: docs/rules.md, section 1, rule 1.9; of the codes, the platform's page on wrap-up codes that outbound dialing
assigns (help.mypurecloud.com/articles/wrap-up-codes-assigned-by-outbound-dialing), where "prevented from dialing" says
that no call was placed.
"""

from topics.configuration import Campaign

PREFIX = "ININ-OUTBOUND-"

SKIPPED = "-SKIPPED"
"""How a system code ends that says: the record was passed over."""

NOT_DIALED = frozenset(
    PREFIX + code
    for code in (
        "ON-DO-NOT-CALL-LIST",
        "INVALID-PHONE-NUMBER",
        "PREVIEW-ERROR-PHONE-NUMBER",
        "NOT-CALLABLE-TIME",
        "DNC-AUTHENTICATION-FAILED",
        "NO-ACTIVE-EDGES",
        "EXTERNALLY-THROTTLED",
    )
)
"""System codes that say the same in other words: something prevented the call."""

NO_LINE = frozenset(PREFIX + code for code in ("NO-ACTIVE-EDGES", "EXTERNALLY-THROTTLED"))
"""Those of them that tell of a lack of lines. All others tell what came of a check of the number or the contact."""

OF_CHECKS = frozenset(("DNC", "UNCALLABLE", "CALLABLE", "LIMIT", "BLOCKED"))
"""A skip with one of these words tells of a check that refused the call: the platform has further ones than those
that its pages list, such as NO-CALLABLE-NUMBERS-SKIPPED."""

UNCALLABLE = PREFIX + "SIT-UNCALLABLE"
"""The network said that the number cannot be called: it is marked, whether or not a mapping says so."""

NO_RULES = frozenset(PREFIX + code for code in ("STUCK-INTERACTION", "CAMPAIGN-FORCED-OFF", "INVALID-AGENT"))
"""No wrap-up rules for these, in any dialing mode."""

NO_RULES_IN_PREVIEW = NO_RULES | {
    PREFIX + code
    for code in (
        "INTERNAL-ERROR-SKIPPED",
        "CONTACT-UNCALLABLE-SKIPPED",
        "DNC-SKIPPED",
        "ZONE-BLOCKED-SKIPPED",
        "NUMBER-UNCALLABLE-SKIPPED",
        "CONTACT-ATTEMPT-LIMIT-SKIPPED",
        "NUMBER-ATTEMPT-LIMIT-SKIPPED",
    )
}
"""Nor for these, when the campaign is in preview mode as the wrap-up is processed."""


def runs_rules(wrap_up_code: str, *, in_preview_mode: bool) -> bool:
    """Whether wrap-up rules are run for a code."""
    return wrap_up_code not in (NO_RULES_IN_PREVIEW if in_preview_mode else NO_RULES)


def is_attempt(wrap_up_code: str, campaign: Campaign) -> bool:
    """Whether a call was placed that ended in this code.

    A campaign can name further codes for either side; one that it names for both counts, since that protects more.
    """
    if wrap_up_code in campaign.attempt_codes:
        return True
    return wrap_up_code not in campaign.not_attempt_codes and not _says_not_dialed(wrap_up_code)


def is_refused_check(wrap_up_code: str) -> bool:
    """Whether a code says that a check refused the call, so that another presentation would be refused as well."""
    if not wrap_up_code.startswith(PREFIX):
        return False
    if wrap_up_code.endswith(SKIPPED):
        return not OF_CHECKS.isdisjoint(wrap_up_code.split("-"))
    return wrap_up_code in NOT_DIALED - NO_LINE


def marks_number(wrap_up_code: str) -> bool:
    """Whether a code marks the number uncallable by itself."""
    return wrap_up_code == UNCALLABLE


def _says_not_dialed(wrap_up_code: str) -> bool:
    return wrap_up_code.startswith(PREFIX) and (wrap_up_code.endswith(SKIPPED) or wrap_up_code in NOT_DIALED)
