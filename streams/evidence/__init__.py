"""What was done about one phone number, as a file that proves itself: found in the records, put in words, signed. Pure.

Source: docs/evidence.md.
"""
