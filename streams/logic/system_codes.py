"""Wrap-up codes that the platform gives by itself, and what they are not counted for.

Source: docs/rules.md, section 1, rule 1.9.
"""

PREFIX = "ININ-OUTBOUND-"

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


def is_attempt(wrap_up_code: str) -> bool:
    """Whether a call was placed that ended in this code."""
    return not wrap_up_code.endswith("-SKIPPED")
