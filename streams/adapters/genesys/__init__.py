"""Genesys Cloud: envelopes of EventBridge, and answers of its API in the same envelope.

Source: docs/adapters.md, section "Genesys Cloud".
"""
