"""The one place that touches what aiokafka and Faust do not document: private names, undocumented modules, patches.

Each touch is a small function or class with a public name and its reason; everything else calls these. `written_for`
lists every name, with the version of the library that was read. Source:
docs/decisions/0039-private-parts-of-libraries.md.
"""
