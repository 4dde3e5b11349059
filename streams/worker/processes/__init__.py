"""Several processes of one worker: a supervisor starts them, and answers for all of them on one page.

Source: docs/decisions/0055-several-processes.md.
"""
