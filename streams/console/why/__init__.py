"""Why a callback was or was not dialed, in words; what will become of it, by the core; and what a change would do.

It is pure: it reads values of the view, and time is an argument.
"""
