"""VICIdial: rows of its table `vicidial_callbacks`, as a change feed of the database gives them.

Source: docs/adapters.md, section "VICIdial".
"""
