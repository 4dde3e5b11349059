"""The seam for the campaign's checks: every command of a call that the system places goes out through here.

The checks themselves are not built yet, and the commands say so with `checks: none`.
Source: docs/rules.md, section 3.
"""

from streams.logic.state import Callback
from streams.logic.step import Step
from topics.commands import Checks
from topics.configuration import Campaign

PREVIEW_CHECKS = Checks.AT_PLACEMENT
"""An agent's desktop asks when the agent goes to place the call."""


def check_analysis(step: Step, callback: Callback, campaign: Campaign) -> Checks:
    """Run the campaign's checks for a call that the system is about to place, and say which were passed."""
    return Checks.NONE
