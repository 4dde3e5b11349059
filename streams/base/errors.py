"""Errors that the operator can correct; the command line prints them as one line, without a traceback.

Bad events are not here: they are data and go to the dead letter topic. Internal errors are not here either: they keep
their traceback.
"""


class OperatorError(Exception):
    """Something in the environment is wrong; the text says what, and then how to correct it.

    `exit_code` is what a command ends with: 1 for the environment, 2 for usage and settings.
    """

    exit_code = 1


class SettingsError(OperatorError):
    """Settings are unknown or have invalid values; the text has one line for each of them."""

    exit_code = 2
