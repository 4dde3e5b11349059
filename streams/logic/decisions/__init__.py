"""What becomes of a contact and its callbacks."""
