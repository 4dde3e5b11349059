"""Runs an adapter: reads its raw topic, joins by key, and writes to our topics, exactly once.

Source: docs/adapters.md, section "Nothing lost, nothing twice"; docs/decisions/0068-adapters.md.
"""
