"""Adapters: from what other systems say to the events of Ringback. Pure: no I/O, no clock, and `topics` alone below.

`streams.engine.adapting` runs them. Source: docs/adapters.md, docs/decisions/0068-adapters.md.
"""
