"""The state of a contact, its inputs and its effects."""
