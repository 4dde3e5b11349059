"""What a page raises for an address that leads to nothing."""


class NotThere(Exception):
    """There is nothing at that address; its text says what was not found, without its name."""
