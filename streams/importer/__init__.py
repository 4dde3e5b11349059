"""`ringback import`: files of contacts, lists, callbacks and past calls, read, checked and sent.

It asks no engine and keeps no state: what makes a second run harmless are ids made of the content.
Source: docs/rules.md, section 9 row 9.8; docs/migrate.md; docs/decisions/0048-import.md.
"""
