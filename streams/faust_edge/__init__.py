"""Faust's consumer as the engines need it. What Faust has no way in for is opened in `streams.library_internals`.

Faust logs under the names of these modules, so only warnings of theirs are written (`streams.base.log`).
"""
